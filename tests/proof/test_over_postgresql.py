"""I1 to I7, L1 and L2 over PostgreSQL."""

import pytest

from tests.proof.schedules import Stage, play_all

SEEDS = range(10_001, 10_141)


@pytest.mark.timeout(1_500)  # Minutes of work, not of waiting.
def test_the_invariants_hold_whatever_happens(postgresql_stage: Stage) -> None:
    told: list[str] = []

    _, violated = play_all(
        postgresql_stage,
        SEEDS,
        lambda schedule, outcome: told.extend(f"{schedule.seed}: {v}" for v in outcome.violations),
    )

    assert told == []
    assert violated == []
