"""Procurement, fresh for each test, with budget's log beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.procurement.driver import Procurement, a_procurement, declared


@pytest.fixture
def procurement(tmp_path: Path) -> Iterator[Procurement]:
    """Procurement that knows the project ``web``, its line ``net`` of 1000.00, and the supplier ``telecom``."""
    with a_procurement(tmp_path) as started:
        started.learn(declared())
        started.supplier()
        yield started
