"""Procurement, fresh for each test or shared by those that store nothing, with budget's log beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.procurement.driver import Procurement, a_procurement, declared
from tests.stores import Store


@pytest.fixture
def procurement(tmp_path: Path, store: Store) -> Iterator[Procurement]:
    """
    Procurement over either store.

    It knows the project ``web``, its line ``net`` of 1000.00, and the supplier ``telecom``.
    """
    with a_procurement(tmp_path, database_url=store.database("procurement")) as started:
        started.learn(declared())
        started.supplier()
        yield started


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Procurement]:
    """
    The same for tests in which nothing may be stored: they share one.

    Of 60 of its contract ``c1`` over 600.00, 40 are accepted; ``ended`` over 100.00 was terminated on 2018-12-01.
    """
    with a_procurement(tmp_path_factory.mktemp("procurement")) as started:
        started.learn(declared())
        started.supplier()
        started.sign()
        started.accept("40")
        started.sign(contract="ended", amount="100.00")
        started.terminate("2018-12-01", contract="ended")
        yield started
