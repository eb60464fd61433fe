"""Scores as gauges: in step with the scores, without what is gone, and never without bound."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from prometheus_client import REGISTRY

from services.evaluation import gauges as module
from services.evaluation.gauges import Gauges
from shared.events.evaluation import Cause, ChangedIndicator, ScoreUpdated


def an_update(project: str, total: str, cause: str = "payment.made", **scores: str) -> ScoreUpdated:
    return ScoreUpdated(
        project=project,
        version=2,
        previous=1,
        total=total,
        grade="good",
        final=False,
        as_of="2026-01-01T00:00:00Z",
        changed=tuple(
            ChangedIndicator(code=code, measured="1", score=score, status="met") for code, score in scores.items()
        ),
        cause=Cause(source="budget", type=cause, id="e"),
    )


class Rows:
    """A database that has one score."""

    def __init__(self, **scores: str) -> None:
        details = [{"code": code, "score": score} for code, score in scores.items()]
        self.row = SimpleNamespace(document=msgspec.json.encode({"details": details}))

    async def read(self, _: Any) -> Any:
        return self.row


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def shown(gauges: Gauges, *updates: ScoreUpdated) -> None:
    async def work() -> None:
        for update in updates:
            await gauges.show(update)

    asyncio.run(work())


def test_a_new_version_is_shown() -> None:
    shown(Gauges(cast(Any, Rows())), an_update("g1", "81.50", a="4.00"), an_update("g1", "82.25", b="3.10"))

    assert value("scorebus_project_score", project="g1") == 82.25
    assert value("scorebus_indicator_score", project="g1", code="a") == 4.0
    assert value("scorebus_indicator_score", project="g1", code="b") == 3.1


def test_an_indicator_that_a_new_plan_dropped_is_shown_no_longer() -> None:
    gauges = Gauges(cast(Any, Rows(kept="5.00")))
    shown(gauges, an_update("g2", "9.00", kept="4.00", dropped="5.00"))

    shown(gauges, an_update("g2", "5.00", cause="plan.adopted", kept="5.00"))

    assert value("scorebus_indicator_score", project="g2", code="kept") == 5.0
    assert value("scorebus_indicator_score", project="g2", code="dropped") is None


def test_there_are_never_more_gauges_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROJECTS_MAX", 2)
    monkeypatch.setattr(module, "INDICATORS_MAX", 3)
    before = value("scorebus_score_gauges_left_out_total") or 0.0

    shown(Gauges(cast(Any, Rows())), *(an_update(f"many{number}", "1.00", a="1", b="1") for number in range(4)))

    assert value("scorebus_project_score", project="many1") == 1.0
    assert value("scorebus_project_score", project="many2") is None
    assert value("scorebus_indicator_score", project="many1", code="b") is None
    assert value("scorebus_score_gauges_left_out_total") == before + 3
