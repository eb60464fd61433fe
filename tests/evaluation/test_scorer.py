"""When scores are made: at once as a rule, and after a rest while events come by the hundred."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.evaluation import scorer as scoring
from services.evaluation.dossiers import Dossiers
from services.evaluation.scorer import BACKLOG_EVENTS, BACKLOG_LOOK_SECONDS, BACKLOG_SECONDS_MAX, Scorer
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
