"""The schedules notice each shortcut of which the protocol's model says that it breaks the promise."""

import pytest

from tests.proof.mutants import MUTANTS
from tests.proof.schedules import Schedule, Stage

SEEDS = range(1, 201)


def test_there_are_ten() -> None:
    assert len(MUTANTS) == 10


# What notices each: an invariant by its name, or the store's own constraint, which lets nothing be received twice.
CAUGHT_BY = {
    "send once without pull": "L1",
    "no gap check": "I2",
    "no dedupe": "raised: IntegrityError",
    "effect and watermark in two transactions": "raised: IntegrityError",
    "prune on sent": "I1",
    "confirm before commit": "I5",
    "confirming live state while restoring from backup": "I5",
    "no epoch/hash": "I3",
    "numbering at insert": "I1",
    "leaving a hole on rollback": "I1",
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(sqlite_stage: Stage, name: str) -> None:
    with MUTANTS[name]():
        assert any(
            each.startswith(CAUGHT_BY[name])
            for seed in SEEDS
            for each in sqlite_stage.play(Schedule.of(seed)).violations
        )


def test_without_a_mutant_nothing_is(sqlite_stage: Stage) -> None:
    assert not any(sqlite_stage.play(Schedule.of(seed)).violations for seed in SEEDS[:10])
