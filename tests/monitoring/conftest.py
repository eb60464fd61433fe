"""Monitoring on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.monitoring.driver import Monitoring, started
from tests.stores import Store


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def monitoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store) -> AsyncIterator[Monitoring]:
    """
    Monitoring over either store.

    It knows the projects ``web`` and ``grid``, and it is noon of 1 June 2018 in Shanghai.
    """
    async with started(tmp_path, monkeypatch, store.database("monitoring")) as running:
        yield running


@pytest.fixture(scope="module")
async def untouched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Monitoring]:
    """The same, for tests in which nothing may be stored: they can share one."""
    folder = tmp_path_factory.mktemp("untouched")
    with pytest.MonkeyPatch.context() as monkeypatch:
        async with started(folder, monkeypatch, f"sqlite:///{folder}/monitoring.db") as running:
            yield running
