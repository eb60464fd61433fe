"""
When scores are made: at once as a rule, after a rest while events come by the hundred, and by time a few at a time.
"""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.evaluation import scorer as scoring
from services.evaluation.dossiers import Dossiers
from services.evaluation.scorer import (
    BACKLOG_EVENTS,
    BACKLOG_LOOK_SECONDS,
    BACKLOG_SECONDS_MAX,
    TIME_BATCH,
    Scorer,
)
from services.evaluation.settings import Settings
from shared.service import Service
from shared.subscription import Happened


def happened(events: int) -> list[Happened]:
    envelope = SimpleNamespace(source="/budget", type="payment.made.v1", id="1", correlationid="c")
    event = SimpleNamespace(data=SimpleNamespace(project="p"), received=SimpleNamespace(envelope=envelope))
    return [cast(Happened, event)] * events


def rests(monkeypatch: pytest.MonkeyPatch, *arriving: int) -> list[float]:
    """How long a scorer rested before its first round, if so many events came at first and during each rest."""
    scorer = Scorer(cast(Service, None), cast(Settings, None), Dossiers(1), {})
    rested: list[float] = []
    waiting = list(arriving)

    async def first_round(_: float) -> float:
        raise asyncio.CancelledError

    async def rest(seconds: float) -> None:
        rested.append(seconds)
        scorer.touched(happened(waiting.pop(0)))

    loop = SimpleNamespace(time=lambda: sum(rested))
    scorer._score_due = first_round  # type: ignore[method-assign]
    fakes: Any = {"sleep": rest, "get_running_loop": lambda: loop, "Event": asyncio.Event}
    monkeypatch.setattr(scoring, "asyncio", SimpleNamespace(**fakes))
    scorer.touched(happened(waiting.pop(0)))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scorer.run())
    return rested


def test_single_events_are_scored_without_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rests(monkeypatch, BACKLOG_EVENTS - 1) == []


def test_a_backlog_is_applied_before_scores_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rests(monkeypatch, BACKLOG_EVENTS, BACKLOG_EVENTS, 1) == [BACKLOG_LOOK_SECONDS] * 2


def test_scores_are_made_during_a_backlog_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    rested = rests(monkeypatch, *[BACKLOG_EVENTS] * 1_000)

    assert BACKLOG_SECONDS_MAX <= sum(rested) <= BACKLOG_SECONDS_MAX + BACKLOG_LOOK_SECONDS


def looks(monkeypatch: pytest.MonkeyPatch, *, running: int, tick: float, took: float) -> list[tuple[float, list[str]]]:
    """When time is let move which projects in one tick, and when the next one begins, if each look takes so long."""
    names = [f"p{number}" for number in range(running)]
    looked: list[tuple[float, list[str]]] = []
    now = 0.0

    async def read(_: Any) -> list[str]:
        if looked and sum(len(each) for _, each in looked) >= running:
            looked.append((now, []))
            raise asyncio.CancelledError
        return names

    async def look(batch: dict[str, None]) -> None:
        nonlocal now
        looked.append((now, list(batch)))
        now += took

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    clock = SimpleNamespace(now=lambda: None)
    service = SimpleNamespace(clock=clock, database=SimpleNamespace(read=read))
    scorer = Scorer(cast(Service, service), cast(Settings, SimpleNamespace(tick_seconds=tick)), Dossiers(1), {})
    scorer._score_batch = look  # type: ignore[method-assign, assignment]
    loop = SimpleNamespace(time=lambda: now)
    monkeypatch.setattr(scoring, "asyncio", SimpleNamespace(sleep=sleep, get_running_loop=lambda: loop))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scorer.tick())
    assert [name for _, batch in looked for name in batch] == names
    return looked


def test_time_moves_scores_a_few_at_a_time_over_the_whole_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = looks(monkeypatch, running=4 * TIME_BATCH, tick=8.0, took=0.5)

    assert [moment for moment, _ in looked] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert max(len(batch) for _, batch in looked) == TIME_BATCH


def test_time_takes_half_the_time_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = looks(monkeypatch, running=4 * TIME_BATCH, tick=1.0, took=0.5)

    assert [moment for moment, _ in looked] == [0.0, 1.0, 2.0, 3.0, 4.0]
