"""What evaluation publishes: plans, ratings, and the scores that follow from everything."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from shared.events.base import EventData, Figure, Id, Moment, Sha256

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
Outlook = Literal["on_track", "at_risk", "missed", "out_of_reach"]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a person reads, in Chinese and in English."""

    zh: str
    en: str


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


class MeasurementReported(EventData, frozen=True, kw_only=True):
    """What no event measures was reported by hand."""

    type: ClassVar[str] = "measurement.reported"
    source: ClassVar[str] = "evaluation"

    measurement: Id
    code: str
    value: Figure  # In the indicator's unit.
    evidence: tuple[Sha256, ...]  # Of the papers that prove it.


class DeviationExplained(EventData, frozen=True, kw_only=True):
    """It was explained why an indicator misses its target, and what is done about it. The words stay in evaluation."""

    type: ClassVar[str] = "deviation.explained"
    source: ClassVar[str] = "evaluation"

    deviation: Id
    code: str


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


class AlertRaised(EventData, frozen=True, kw_only=True):
    """The outlook of an indicator, or of budget execution, turned for the worse."""

    type: ClassVar[str] = "alert.raised"
    source: ClassVar[str] = "evaluation"

    code: str  # Of the indicator; "execution" for budget execution.
    outlook: Outlook
    previous: Outlook
    explanation: Words
    version: int  # Of the score that shows it.
    as_of: Moment


EVENTS = (PlanAdopted, RatingGiven, MeasurementReported, DeviationExplained, ScoreUpdated, AlertRaised)
