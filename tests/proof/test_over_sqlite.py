"""I1 to I7, L1 and L2 over SQLite; `python -m tests.proof.run` plays more."""

import pytest

from tests.proof.schedules import STEPS, Schedule, Stage, play_all

SEEDS = range(1, 361)


@pytest.mark.timeout(1_500)  # Minutes of work, not of waiting.
def test_the_invariants_hold_whatever_happens(sqlite_stage: Stage) -> None:
    told: list[str] = []

    def tell(schedule: Schedule, outcome: object) -> None:
        violations = getattr(outcome, "violations", [])
        if violations:
            told.append(f"seed {schedule.seed}: {violations} by {' '.join(sqlite_stage.shrink(schedule).steps)}")

    happened, _ = play_all(sqlite_stage, SEEDS, tell)

    assert told == []
    assert set(STEPS) <= set(happened)  # Every kind of step was made,
    for struck in ("died in a commit", "budget restored", "evaluation restored", "replayed", "pull failed"):
        assert happened[struck] > 0, struck  # and the faults really struck.


def test_a_schedule_is_the_same_for_the_same_seed() -> None:
    assert Schedule.of(7) == Schedule.of(7) != Schedule.of(8)


@pytest.mark.parametrize("steps", [(), ("post",), ("post", "relay", "flush", "post", "deliver", "restore_budget")])
def test_a_schedule_can_be_cut_short(sqlite_stage: Stage, steps: tuple[str, ...]) -> None:
    assert sqlite_stage.play(Schedule(1, steps, has_bus=True)).violations == []
