"""When scores are made: at once as a rule, and with rests while events come by the hundred."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.evaluation import scorer as scoring
from services.evaluation.dossiers import Dossiers
from services.evaluation.scorer import BACKLOG_EVENTS, BACKLOG_REST_SECONDS_MAX, Scorer
from services.evaluation.settings import Settings
from shared.service import Service
from shared.subscription import Happened


def happened(events: int) -> list[Happened]:
    envelope = SimpleNamespace(source="/budget", type="payment.made.v1", id="1", correlationid="c")
    event = SimpleNamespace(data=SimpleNamespace(project="p"), received=SimpleNamespace(envelope=envelope))
    return [cast(Happened, event)] * events


def rests(monkeypatch: pytest.MonkeyPatch, *arriving: int) -> list[float]:
    """How long a scorer rested, if so many events came during each of its rounds; a round takes a second."""
    scorer = Scorer(cast(Service, None), cast(Settings, None), Dossiers(1), {})
    rested: list[float] = []
    clock = iter(range(1_000))
    waiting = list(arriving)

    async def round_of_scoring(_: float) -> float:
        if not waiting:
            raise asyncio.CancelledError
        scorer.touched(happened(waiting.pop(0)))
        return 0

    async def rest(seconds: float) -> None:
        rested.append(seconds)

    loop = SimpleNamespace(time=lambda: float(next(clock)))
    scorer._score_due = round_of_scoring  # type: ignore[method-assign]
    fakes: Any = {"sleep": rest, "get_running_loop": lambda: loop, "Event": asyncio.Event}
    monkeypatch.setattr(scoring, "asyncio", SimpleNamespace(**fakes))
    scorer._wake.set()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scorer.run())
    return rested


def test_single_events_are_scored_without_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rests(monkeypatch, 1, BACKLOG_EVENTS - 1, 1) == []


def test_a_backlog_is_applied_while_scoring_rests_but_never_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rests(monkeypatch, BACKLOG_EVENTS, 1) == [BACKLOG_REST_SECONDS_MAX]
