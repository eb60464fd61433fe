"""Which method scores an indicator under a policy, and the points and the grade that follow."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.model import Grade, Indicator, Policy, Rounding, Target
from services.evaluation.rules.methods import FULL, ZERO, number, reaches, share_of
from shared.events.evaluation import OverAchievement, PolicyOverrides, Scoring

MODES: Final[Mapping[str, str]] = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
ROW_DIGITS: Final = 4  # Of a row whose policy rounds only the total.
EXECUTION_TARGET: Final = Target(op=">=", value="100")


def refine(policy: Policy, overrides: PolicyOverrides | None) -> Policy:
    """*policy* with what a plan says otherwise in place of its own."""
    if overrides is None:
        return policy
    change = overrides.rounding
    rounding = policy.rounding
    if change is not None:
        rounding = Rounding(
            mode=change.mode or rounding.mode,
            digits=rounding.digits if change.digits is None else change.digits,
            place=change.place or rounding.place,
        )
    weights = overrides.weights
    return replace(
        policy,
        rounding=rounding,
        weights=policy.weights if weights is None else {name: Decimal(weight) for name, weight in weights.items()},
        weight_variants=policy.weight_variants if weights is None else (),
        execution=overrides.execution or policy.execution,
        over_achievement=overrides.over_achievement or policy.over_achievement,
    )


def weights_of(policy: Policy, dimensions: Iterable[str]) -> Mapping[str, Decimal]:
    """The weights that *policy* gives a plan with indicators in *dimensions*."""
    absent = frozenset(policy.weights) - frozenset(dimensions) - {"execution"}
    return next((each.weights for each in policy.weight_variants if each.without == absent), policy.weights)


def scoring_for(policy: Policy, target: Target, dimension: str, unit: str) -> Scoring:
    """The method by which *policy* scores a target: its dimension's own, that of a target of 0, or its operator's."""
    special = policy.dimension_methods.get(dimension)
    if special is not None and special.unit == unit and target.op in special.methods:
        return special.methods[target.op]
    if target.op in ("<=", "=") and number(target) == 0:
        return policy.methods["zero"]
    return policy.methods[target.op]


def scoring_of(indicator: Indicator, policy: Policy) -> Scoring:
    """The method by which an indicator is scored: its own, else the policy's."""
    return indicator.scoring or scoring_for(policy, indicator.target, indicator.dimension, indicator.unit)


def reach(measured: Fraction, target: Target, policy: Policy, scoring: Scoring, weight: Decimal) -> Fraction:
    """
    The share of the weight that *measured* earns, less what the policy deducts for over-achievement.

    Returns:
        0 to 1, unrounded.
    """
    share = share_of(measured, target, scoring, weight, Fraction(policy.met_from))
    return max(share - excess_loss(measured, target, policy.over_achievement), ZERO)


def is_met(measured: Fraction, target: Target, policy: Policy) -> bool:
    """Whether *measured* reaches *target*, compared before any rounding."""
    return reaches(measured, target, Fraction(policy.met_from))


def achievement(measured: Fraction, target: Target) -> Fraction | None:
    """The per cent of the target that was reached, where more is better and more was reached; else None."""
    if target.op not in (">=", ">"):
        return None
    value = number(target)
    return measured * 100 / value if measured > value > 0 else None


def excess_loss(measured: Fraction, target: Target, rule: OverAchievement | None) -> Fraction:
    """
    The share of the weight that over-achievement (超额完成) costs, from 0; nothing unless a policy or plan says so.

    Source: 财预〔2020〕10号 has points reduced moderately where a target was set clearly too low; no figure is known
    to be published nationally.
    """
    reached = None if rule is None else achievement(measured, target)
    if rule is None or reached is None:
        return ZERO
    return max(reached - Fraction(rule.above), ZERO) / Fraction(rule.per) * Fraction(rule.deduct_share)


def score_row(
    policy: Policy,
    target: Target,
    measured: Fraction | None,
    weight: Decimal,
    dimension: str,
    *,
    rating: Decimal | None = None,
    unit: str = "%",
    scoring: Scoring | None = None,
) -> Decimal:
    """
    The points of one row of a table under *policy*.

    Args:
        policy: How points follow.
        target: What was to be reached.
        measured: In the target's unit; of a day, the days since 1970-01-01. None if nothing was measured.
        weight: In points.
        dimension: Some policies score a dimension in their own way.
        rating: Of a qualitative target its percent, 0 to 100, in place of *measured*.
        unit: The indicator's; the rules of a dimension hold only in the unit they are written for.
        scoring: In place of the policy's method.

    Returns:
        0 to *weight*, rounded as the policy rounds a row; 0 if there is neither measured value nor rating.
    """
    value = Fraction(rating) if target.op == "level" and rating is not None else measured
    method = scoring or scoring_for(policy, target, dimension, unit)
    share = ZERO if value is None else reach(value, target, policy, method, weight)
    return points(weight, share, policy.rounding)


def execution_share(rate: Fraction, policy: Policy, weight: Decimal) -> Fraction:
    """The share of its weight that budget execution earns at *rate*, which is 1 when all is spent."""
    return share_of(rate * 100, EXECUTION_TARGET, policy.execution, weight, FULL)


def execution_points(policy: Policy, rate: Fraction, weight: Decimal) -> Decimal:
    """The points of budget execution of a table under *policy*; *rate* is 1 when all is spent."""
    return points(weight, execution_share(rate, policy, weight), policy.rounding)


def points(weight: Decimal, share: Fraction, rounding: Rounding) -> Decimal:
    """
    *share* of *weight*, rounded once as the policy says, and never above the weight.

    A weight with more digits than points have, 3.335, would round up past itself: then the last digit is dropped.
    Where only the total is rounded a row is shown with `ROW_DIGITS`.
    Source: 得分最高不能超过该指标分值上限, a note printed under published tables.
    """
    if rounding.place == "total":
        return capped(Fraction(weight) * share, weight, ROW_DIGITS, ROUND_HALF_UP)
    return capped(Fraction(weight) * share, weight, rounding.digits, MODES[rounding.mode])


def total_of(parts: Iterable[tuple[Decimal, Fraction]], policy: Policy) -> Decimal:
    """The total of weights and the shares they earn: of rounded rows, or rounded itself, as the policy says."""
    rounding = policy.rounding
    if rounding.place == "row":
        return sum((points(weight, share, rounding) for weight, share in parts), Decimal(0))
    exact = sum((Fraction(weight) * share for weight, share in parts), ZERO)
    return capped(exact, policy.full, rounding.digits, MODES[rounding.mode])


def capped(value: Fraction, ceiling: Decimal, digits: int, mode: str) -> Decimal:
    """*value* rounded to *digits*, and never rounded past *ceiling*."""
    found = rounded(value, digits, mode)
    return found if found <= ceiling else rounded(Fraction(ceiling), digits, ROUND_DOWN)


def rounded(value: Fraction, digits: int, mode: str = ROUND_HALF_UP) -> Decimal:
    """*value* with *digits* after the point, exact before it is rounded."""
    numerator, denominator = value.as_integer_ratio()  # Not as fractions: a score rounds two dozen times.
    whole, rest = divmod(abs(numerator) * 10**digits, denominator)
    if mode == ROUND_HALF_UP:
        whole += 2 * rest >= denominator
    elif mode == ROUND_HALF_EVEN:
        whole += 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    elif mode == ROUND_UP:
        whole += rest > 0
    return (Decimal(whole) if numerator >= 0 else -Decimal(whole)).scaleb(-digits)


def grade_of(total: Decimal, policy: Policy) -> Grade:
    """The best grade that *total* earns; boundary values belong to the better one."""
    percent = total * 100 / policy.full
    return next(grade for grade in policy.grades if percent >= grade.floor)
