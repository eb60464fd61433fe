"""Parts that tests of the plumbing share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared.small import Valkey, a_service
from tests.support import Running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The small service, without a bus; the tests of a file share it."""
    with a_service(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture
def fresh_service(tmp_path: Path) -> Iterator[Running]:
    """The same with an empty log, for one test alone."""
    with a_service(tmp_path) as started:
        yield started


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Valkey for the whole run."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.close()


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """The same, running and empty."""
    if valkey_server._process is None:
        valkey_server.start()
    valkey_server.flush()
    return valkey_server
