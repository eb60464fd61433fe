"""A short, seeded selection of `make chaos`: the whole of it is run by hand, and reported in bench/results/chaos.md."""

import asyncio

import pytest

from bench.chaos import faults
from bench.chaos.load import Load
from bench.chaos.oracles import Log
from bench.chaos.run import Result, run_seed
from bench.chaos.scene import FAULTS
from tests.chaos.made import a_log

pytestmark = pytest.mark.story

SEED = 4
SHORT = ("F14", "F5c", "F11", "F22", "F20", "F44")  # About 40 s on one core.
MINUTES = 6.0  # A machine that is slower than that fails here.


def test_what_was_promised_holds_through_a_short_chaos() -> None:
    assert faults.__all__
    told: list[str] = []

    result: Result = asyncio.run(run_seed(SEED, [FAULTS[number] for number in SHORT], MINUTES, told.append))

    assert [(row.fault, row.outcome) for row in result.rows if row.outcome != "held"] == [], "\n".join(told)
    assert {row.fault for row in result.rows} == set(SHORT)
    assert result.journal["promised"] > 100
    assert result.journal["unknown"] == 0
    assert all(result.sometimes[seen] > 0 for seen in ("duplicates dropped", "events pulled", "entries refused"))
    assert all(count >= len(SHORT) for count in result.oracles.values())


def test_the_matrix_is_wide_enough() -> None:
    assert len({number.rstrip("abcdefg") for number in FAULTS}) >= 30
    assert set(SHORT) <= set(FAULTS)


def test_the_oracle_of_logs_sees_what_is_missing_doubled_or_altered() -> None:
    events = a_log(4)

    whole, gap, doubled, altered = Log(), Log(), Log(), Log()

    assert [whole.take(raw) for raw in events] == [None] * 4
    assert whole.facts == {("payment.made", f"p{number}"): 1 for number in range(1, 5)}
    assert [gap.take(raw) is None for raw in (events[0], events[2])] == [True, False]
    assert [doubled.take(raw) is None for raw in (events[0], events[0])] == [True, False]
    assert [altered.take(raw) is None for raw in (events[0].replace(b"1.00", b"9.00"), events[1])] == [True, False]


def test_the_same_seed_gives_the_same_load() -> None:
    def bodies(seed: int) -> list[tuple[str, str, str]]:
        load = Load(None, seed)  # type: ignore[arg-type]
        return [(entry.key, entry.path, str(entry.body)) for entry in (load.draw() for _ in range(50))]

    assert bodies(1) == bodies(1)
    assert [path for _, path, _ in bodies(1)] != [path for _, path, _ in bodies(2)]
