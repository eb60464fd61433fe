"""The schedules notice each shortcut of which the protocol's model says that it breaks the promise."""

import pytest

from tests.proof.mutants import MUTANTS
from tests.proof.schedules import Schedule, Stage

SEEDS = range(1, 201)


def test_there_are_ten() -> None:
    assert len(MUTANTS) == 10


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(sqlite_stage: Stage, name: str) -> None:
    with MUTANTS[name]():
        assert any(sqlite_stage.play(Schedule.of(seed)).violations for seed in SEEDS)


def test_without_a_mutant_nothing_is(sqlite_stage: Stage) -> None:
    assert not any(sqlite_stage.play(Schedule.of(seed)).violations for seed in SEEDS[:10])
