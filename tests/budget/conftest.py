"""Budget, fresh for each test or shared by those that store nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.budget.driver import Budget, a_budget
from tests.stores import Store


@pytest.fixture
def budget(tmp_path: Path, store: Store) -> Iterator[Budget]:
    """
    Budget over either store.

    It has the project ``web``: lines ``net`` of 1000.00 and ``site`` of 500.00, all of it received.
    """
    with a_budget(tmp_path, database_url=store.database("budget")) as started:
        started.declare()
        started.receive("1500.00")
        yield started


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Budget]:
    """The same with one payment ``paid``, for tests in which nothing may be stored: they share one."""
    with a_budget(tmp_path_factory.mktemp("budget")) as started:
        started.declare()
        started.receive("1500.00")
        started.pay("1.00", payment="paid")
        yield started
