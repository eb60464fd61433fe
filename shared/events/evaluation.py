"""What evaluation publishes: plans, ratings, and the scores that follow from everything."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from shared.events.base import EventData, Figure, Id, Moment

Dimension = Literal["output", "benefit", "satisfaction", "cost"]
Aspect = Literal[
    "quantity",
    "quality",
    "timeliness",
    "cost",
    "economic",
    "social",
    "ecological",
    "sustainable",
    "satisfaction",
]
Operator = Literal["=", ">=", "<=", ">", "<", "between", "by", "level"]
Status = Literal["met", "missed", "pending"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The value to reach: a number, a date, a text for ``level``, or two bounds for ``between``."""

    op: Operator
    value: str | tuple[str, str]


class PlannedIndicator(msgspec.Struct, frozen=True, kw_only=True):
    """A third-level indicator with its target, its weight in points and how it is measured."""

    code: str
    dimension: Dimension
    aspect: Aspect
    name: str
    unit: str
    target: Target
    weight: Figure
    measure: str
    arguments: dict[str, str] = msgspec.field(name="with", default_factory=dict)


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """The points that budget execution earns."""

    weight: Figure


class PlanAdopted(EventData, frozen=True, kw_only=True):
    """A performance plan was adopted, or replaced by this one."""

    type: ClassVar[str] = "plan.adopted"
    source: ClassVar[str] = "evaluation"

    title: str
    fiscal_year: int
    starts_on: date = msgspec.field(name="from")
    ends_on: date = msgspec.field(name="to")
    policy: str
    objective: str
    execution: Execution
    indicators: tuple[PlannedIndicator, ...]


class RatingGiven(EventData, frozen=True, kw_only=True):
    """A qualitative indicator was rated."""

    type: ClassVar[str] = "rating.given"
    source: ClassVar[str] = "evaluation"

    rating: Id
    code: str
    level: Literal["achieved", "partly", "missed"]
    percent: Figure


class ChangedIndicator(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator whose measured value, score or status moved."""

    code: str
    measured: str | None
    score: str
    status: Status


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """The event that moved a score; absent when only time did."""

    source: str
    type: str
    id: str


class ScoreUpdated(EventData, frozen=True, kw_only=True):
    """A project's score moved from version ``previous`` to ``version``."""

    type: ClassVar[str] = "score.updated"
    source: ClassVar[str] = "evaluation"

    version: int
    previous: int
    total: str
    grade: str
    final: bool
    as_of: Moment
    changed: tuple[ChangedIndicator, ...]
    cause: Cause | None = None


EVENTS = (PlanAdopted, RatingGiven, ScoreUpdated)
