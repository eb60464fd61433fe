"""From facts to a score."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.facts import Facts
from services.evaluation.model import Execution, Indicator, Plan, Policy, Row, Score, Source
from services.evaluation.rules.measures import MEASURES, Measured, money
from services.evaluation.rules.methods import FULL, ZERO, days, number
from services.evaluation.rules.outlook import Standing, execution_outlook, outlook
from services.evaluation.rules.period import Period
from services.evaluation.rules.scoring import (
    execution_share,
    grade_of,
    is_met,
    points,
    reach,
    refine,
    scoring_of,
    total_of,
)
from shared.dates import zone
from shared.events.evaluation import Status

EXECUTION: Final = "execution"  # Stands in for a code where budget execution is meant.
MINUTES: Final = ("分钟", "minutes")
SOURCES: Final[Mapping[str, Source]] = {"rating": "rating", "reported": "self_reported"}
WAN: Fraction = Fraction(10_000)  # 万元, in yuan.


def evaluate(
    facts: Facts,
    plan: Plan,
    policy: Policy,
    *,
    as_of: datetime,
    parked: bool = False,
    diverged: bool = False,
) -> Score:
    """
    Score a project.

    Args:
        facts: What happened.
        plan: What it is measured by.
        policy: How points follow; the plan may refine it.
        as_of: Only what had happened by then counts.
        parked: Whether an event that could touch it is set aside.
        diverged: Whether a source's history is in doubt.

    Returns:
        The score; each row rounded once, the total the sum of what is shown, unless the policy rounds the total alone.
    """
    policy = refine(policy, plan.policy_overrides)
    period = Period.of(plan, facts, as_of)
    rows = tuple(score_indicator(indicator, facts, period, policy)[0] for indicator in plan.indicators)
    execution = score_execution(facts, plan, period, policy)
    parts = [(execution.weight, execution.share), *((row.indicator.weight, row.share) for row in rows)]
    total = total_of(parts, policy)
    reasons = _reasons(period, rows, parked=parked, diverged=diverged)
    return Score(
        project=facts.project,
        as_of=as_of.astimezone(zone(facts.time_zone)),
        is_final=not reasons,
        reasons=reasons,
        elapsed=period.elapsed,
        policy=policy,
        policy_overrides=plan.policy_overrides,
        total=total,
        grade=grade_of(total, policy),
        execution=execution,
        rows=rows,
    )


def score_indicator(indicator: Indicator, facts: Facts, period: Period, policy: Policy) -> tuple[Row, Measured]:
    """One indicator's row under a policy as the plan refines it, and what its measure found."""
    measure = MEASURES[indicator.measure]
    arguments = {**indicator.arguments, "code": indicator.code}
    found = measure.find(facts, period, arguments)
    value = found.value
    if value is None and measure.empty == "zero" and period.is_over:
        value = ZERO
    is_vacuous = value is None and measure.empty == "vacuous" and period.is_over
    measured = None if value is None else in_unit(value, indicator)
    share = FULL if is_vacuous else ZERO if measured is None else _reach(measured, indicator, policy)
    status = _status(measured, indicator, policy, is_vacuous=is_vacuous)
    low, high = (None if bound is None else in_unit(bound, indicator) for bound in found.range)
    standing = Standing(
        measured=measured,
        target=indicator.target,
        is_met_by_nothing=measure.empty == "vacuous"
        or (measure.empty == "zero" and is_met(ZERO, indicator.target, policy)),
        is_reached=status == "met",
        course=measure.course,
        range=(low, high),
        has_limit_warning=measure.kind != "money",
        has_day_passed=indicator.target.op == "by" and days(period.last_day_over) >= number(indicator.target),
        elapsed=period.elapsed,
        is_over=period.is_over,
    )
    return (
        Row(
            indicator=indicator,
            measured=measured,
            status=status,
            is_vacuous=is_vacuous,
            share=share,
            score=points(indicator.weight, share, policy.rounding),
            source=SOURCES.get(indicator.measure, "events"),
            outlook=outlook(standing),
            deviation=_deviation(facts, period, indicator.code),
        ),
        found,
    )


def _reach(measured: Fraction, indicator: Indicator, policy: Policy) -> Fraction:
    return reach(measured, indicator.target, policy, scoring_of(indicator, policy), indicator.weight)


def in_unit(value: Fraction, indicator: Indicator) -> Fraction:
    """A measure's value in the indicator's unit: ratios as per cent where it says so, money in 元 or 万元."""
    kind = MEASURES[indicator.measure].kind
    if kind == "ratio" and indicator.unit == "%":
        return value * 100
    if kind == "money" and indicator.unit == "万元":
        return value / WAN
    if kind == "hours" and indicator.unit in MINUTES:
        return value * 60
    return value


def score_execution(facts: Facts, plan: Plan, period: Period, policy: Policy) -> Execution:
    """Budget execution and the points it earns."""
    budget, spent = money.budget(facts, period), money.spent(facts, period)
    rate = Fraction(spent, budget) if budget else ZERO
    share = execution_share(rate, policy, plan.execution_weight)
    return Execution(
        budget=budget,
        received=money.received(facts, period),
        spent=spent,
        rate=rate,
        weight=plan.execution_weight,
        share=share,
        score=points(plan.execution_weight, share, policy.rounding),
        outlook=execution_outlook(rate, period.elapsed, is_over=period.is_over),
        deviation=_deviation(facts, period, EXECUTION),
    )


def _deviation(facts: Facts, period: Period, code: str) -> str | None:
    """The explanation given last; it counts whenever it was given."""
    given = [found for found in facts.deviations if found.code == code and period.had_happened(found.origin)]
    return max(given, key=lambda found: (found.origin.time, found.origin.sequence)).deviation if given else None


def _status(measured: Fraction | None, indicator: Indicator, policy: Policy, *, is_vacuous: bool) -> Status:
    if is_vacuous:
        return "met"
    if measured is None:
        return "pending"
    return "met" if is_met(measured, indicator.target, policy) else "missed"


def _reasons(period: Period, rows: tuple[Row, ...], *, parked: bool, diverged: bool) -> tuple[str, ...]:
    found = {
        "period-open": not period.is_over,
        "pending": any(row.status == "pending" for row in rows),
        "parked-events": parked,
        "diverged": diverged,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def dimension_sums(score: Score) -> list[tuple[str, Decimal, Decimal]]:
    """Weight and score of each dimension, in the order of the plan."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for row in score.rows:
        weight, earned = sums.get(row.indicator.dimension, (Decimal(0), Decimal(0)))
        sums[row.indicator.dimension] = (weight + row.indicator.weight, earned + row.score)
    return [(dimension, weight, earned) for dimension, (weight, earned) in sums.items()]
