"""The nouns of evaluation: frozen values. Points, weights and measured values are exact until they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from shared.events.evaluation import (
    Aspect,
    Dimension,
    Mode,
    Operator,
    OverAchievement,
    Place,
    PolicyOverrides,
    Scoring,
    Status,
)
from shared.events.evaluation import Outlook as OutlookState

Cause = Literal["funding", "rules", "staff", "equipment", "other"]  # 经费保障, 制度保障, 人员保障, 硬件条件保障, 其他.
Source = Literal["events", "rating", "self_reported"]
Level = Literal["achieved", "partly", "missed"]
Empty = Literal["zero", "vacuous", "pending"]
SubjectKind = Literal["payment", "contract", "acceptance", "inspection", "indicator", "measurement"]
Subject = tuple[SubjectKind, str]  # What a paper backs, by kind and id.
Certainty = Literal["V", "M", "I", "D"]  # Read in print, known of the document, inferred from figures, ours.


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The value to reach (指标值), as written: a number, two bounds, a day, or words."""

    op: Operator
    value: str | tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A third-level indicator (三级指标), the only level that is measured."""

    code: str
    dimension: Dimension
    aspect: Aspect
    name: str
    unit: str
    target: Target
    weight: Decimal  # Points (分值).
    measure: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    scoring: Scoring | None = None  # In place of the policy's method.


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A performance plan (绩效目标): what a project is measured by in its window, both days included."""

    title: str
    fiscal_year: int
    starts_on: date
    ends_on: date
    policy: str
    objective: str
    execution_weight: Decimal  # Points that budget execution earns.
    indicators: tuple[Indicator, ...]
    policy_overrides: PolicyOverrides | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A level of a qualitative indicator and the percents it allows: *floor* included, *ceiling* only at 100."""

    level: Level
    floor: Decimal
    ceiling: Decimal

    def holds(self, percent: Decimal) -> bool:
        top = Decimal(100)
        return self.floor <= percent < self.ceiling or percent == self.ceiling == top


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A grade (等级) and the lowest total that earns it, of a full score of 100."""

    name: str
    zh: str
    en: str
    floor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """How a score is rounded: each row, so that the total is their sum; or the total alone."""

    mode: Mode
    digits: int
    place: Place = "row"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightVariant:
    """The weights of a plan that has no indicator in some dimensions."""

    without: frozenset[str]
    weights: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionMethods:
    """How the indicators of one dimension are scored that are in *unit*."""

    unit: str
    methods: Mapping[str, Scoring]  # By operator.


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A scoring policy (评分办法): dated data, with its source and how sure each part is."""

    name: str
    title_zh: str
    title_en: str
    effective_from: date
    effective_to: date | None  # The last day; None while it is in force.
    source: str
    certainty: Mapping[str, Certainty]  # By part.
    notes: Mapping[str, str]  # What stands behind a part's certainty.
    full: Decimal
    weights: Mapping[str, Decimal]  # By dimension, and "execution"; what is missing from the full score is left open.
    weight_variants: tuple[WeightVariant, ...]
    methods: Mapping[str, Scoring]  # By operator, and "zero" for a target of 0 that must not be passed.
    dimension_methods: Mapping[str, DimensionMethods]
    execution: Scoring  # Of the rate in per cent, 100 being its target.
    over_achievement: OverAchievement | None
    bands: tuple[Band, ...]
    rounding: Rounding
    grades: tuple[Grade, ...]  # Best first.

    @property
    def met_from(self) -> Decimal:
        """The percent from which a rating meets its target."""
        return next(band.floor for band in self.bands if band.level == "achieved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Where a result is heading (监控预警), and why."""

    state: OutlookState
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A paper that backs a figure (佐证资料)."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One indicator's result."""

    indicator: Indicator
    measured: Fraction | None  # In the indicator's unit; None while there is nothing to measure.
    status: Status
    is_vacuous: bool
    share: Fraction  # Of the weight, 0 to 1, before rounding.
    score: Decimal  # Points, rounded.
    source: Source
    outlook: Outlook
    deviation: str | None = None  # The explanation given last.


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Budget execution (预算执行), amounts in fen."""

    budget: int  # After adjustment.
    received: int
    spent: int  # Payments less reversals.
    rate: Fraction
    weight: Decimal
    share: Fraction  # Of the weight, 0 to 1, before rounding.
    score: Decimal
    outlook: Outlook
    deviation: str | None = None

    @property
    def surplus(self) -> int:
        return self.budget - self.spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A project's whole score at a moment."""

    project: str
    as_of: datetime  # In the project's zone.
    is_final: bool
    reasons: tuple[str, ...]  # Why it is not final.
    policy: Policy  # As the plan refines it.
    policy_overrides: PolicyOverrides | None
    elapsed: Fraction  # Of the window, 0 to 1.
    total: Decimal
    grade: Grade
    execution: Execution
    rows: tuple[Row, ...]

    @property
    def explained(self) -> list[str]:
        """The explanations its rows are shown with."""
        found = (self.execution.deviation, *(row.deviation for row in self.rows))
        return [deviation for deviation in found if deviation is not None]
