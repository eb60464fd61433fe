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
Method = Literal[
    "proportional",
    "all_or_nothing",
    "steps",
    "intervals",
    "per_unit_missing",
    "per_point_missing",
    "bands",
    "zero_tolerance",
    "date",
]
Count = Literal["full", "exact", "started", "once"]
Mode = Literal["half_up", "half_even", "down", "up"]
Place = Literal["row", "total"]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a person reads, in Chinese and in English."""

    zh: str
    en: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The value to reach: a number, a date, a text for ``level``, or two bounds for ``between``."""

    op: Operator
    value: str | tuple[str, str]


class Scoring(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How a measured value earns points (计分方法), with the figures of its method.

    ``steps`` are pairs of a threshold and what it earns of ``out_of``, best first: of the measured value with the
    method ``steps``, of the per cent of the target that is reached with ``intervals``; with ``full_when_met`` they
    decide only below the target. ``deduct`` points, or
    ``deduct_share`` of the weight, are lost for each ``per`` that is missing beyond ``tolerance``; ``count`` says
    whether a begun one counts, or all missing counts once. ``floor`` is the share below which nothing is earned.
    """

    method: Method
    steps: tuple[tuple[Figure, Figure], ...] = ()
    out_of: Figure = "1"
    full_when_met: bool = False
    deduct: Figure | None = None
    deduct_share: Figure | None = None
    per: Figure = "1"
    count: Count = "full"
    tolerance: Figure = "0"
    floor: Figure | None = None


class OverAchievement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From ``above`` per cent of a target on, ``deduct_share`` of the weight is lost for each ``per`` per cent."""

    above: Figure
    per: Figure = "1"
    deduct_share: Figure = "0"


class RoundingChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a plan rounds otherwise than its policy."""

    mode: Mode | None = None
    digits: int | None = None
    place: Place | None = None


class PolicyOverrides(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a plan refines its policy; what is absent stays as the policy has it."""

    rounding: RoundingChange | None = None
    weights: dict[str, Figure] | None = None
    execution: Scoring | None = None
    over_achievement: OverAchievement | None = None


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
    scoring: Scoring | None = None  # Where it is scored otherwise than its policy says.


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
    policy_overrides: PolicyOverrides | None = None


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


class ScoreSealed(EventData, frozen=True, kw_only=True):
    """A project's year was closed: its form was sealed. Later facts restate the score beside it."""

    type: ClassVar[str] = "score.sealed"
    source: ClassVar[str] = "evaluation"

    version: int
    total: str
    grade: str
    as_of: Moment
    layout: str
    form_sha256: Sha256  # Of the form as JSON; the papers follow from it.


EVENTS = (PlanAdopted, RatingGiven, MeasurementReported, DeviationExplained, ScoreUpdated, AlertRaised, ScoreSealed)
