"""
How far a measured value reaches its target, and the points that earns.

A policy names a method for each operator; each method here gives the share of the weight, 0 to 1, exact. Rounding
happens once, in `points`.
"""

from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.model import Grade, Policy, Rounding, Target

ZERO: Final = Fraction(0)
FULL: Final = Fraction(1)
MODES: Final[Mapping[str, str]] = {"half_up": ROUND_HALF_UP, "down": ROUND_DOWN, "up": ROUND_UP}


def reach(measured: Fraction, target: Target, policy: Policy) -> Fraction:
    """
    The share of the weight that *measured* earns.

    Args:
        measured: In the indicator's unit.
        target: The value to reach, in the same unit.
        policy: Names the method for the target's operator.

    Returns:
        0 to 1, unrounded.
    """
    share = METHODS[policy.methods[target.op]](measured, target)
    return min(max(share, ZERO), FULL)


def is_met(measured: Fraction, target: Target, policy: Policy) -> bool:
    """Whether *measured* reaches *target*, compared before any rounding."""
    if target.op == "level":
        return measured >= Fraction(policy.met_from)
    if target.op == "between":
        low, high = bounds(target)
        return low <= measured <= high
    value = number(target)
    comparisons = {
        "=": measured == value,
        ">=": measured >= value,
        "<=": measured <= value,
        ">": measured > value,
        "<": measured < value,
    }
    return comparisons[target.op]


def number(target: Target) -> Fraction:
    """The target's number."""
    assert isinstance(target.value, str)
    return Fraction(target.value)


def bounds(target: Target) -> tuple[Fraction, Fraction]:
    """The target's lower and upper bound."""
    assert not isinstance(target.value, str)
    low, high = target.value
    return Fraction(low), Fraction(high)


def at_least(measured: Fraction, target: Target) -> Fraction:
    """``>=``: the share of the target that is reached."""
    value = number(target)
    return FULL if measured >= value else measured / value if value > 0 else ZERO


def at_most(measured: Fraction, target: Target) -> Fraction:
    """``<=``: full up to the target, then target over measured; a target of 0 tolerates nothing."""
    value = number(target)
    return FULL if measured <= value else value / measured if measured > 0 else ZERO


def equal(measured: Fraction, target: Target) -> Fraction:
    """``=``: the smaller over the larger; a target of 0 tolerates nothing."""
    value = number(target)
    if measured == value:
        return FULL
    low, high = sorted((measured, value))
    return low / high if low > 0 else ZERO


def inside(measured: Fraction, target: Target) -> Fraction:
    """``between``: full inside, outside as by the nearer bound."""
    low, high = bounds(target)
    if measured < low:
        return measured / low if low > 0 else ZERO
    return FULL if measured <= high else high / measured if measured > 0 else ZERO


def beyond(measured: Fraction, target: Target) -> Fraction:
    """``>`` and ``<``: all beyond the target, else nothing."""
    value = number(target)
    return FULL if (measured > value if target.op == ">" else measured < value) else ZERO


def by_level(measured: Fraction, target: Target) -> Fraction:
    """``level``: the rating's percent."""
    return measured / 100


METHODS: Final[Mapping[str, Callable[[Fraction, Target], Fraction]]] = {
    "at_least_proportional": at_least,
    "at_most_proportional": at_most,
    "equal_proportional": equal,
    "between_proportional": inside,
    "all_or_nothing": beyond,
    "level_percent": by_level,
}


def proportional(rate: Fraction) -> Fraction:
    """Budget execution by its rate, at most all."""
    return min(max(rate, ZERO), FULL)


EXECUTION_METHODS: Final[Mapping[str, Callable[[Fraction], Fraction]]] = {"proportional": proportional}


def points(weight: Decimal, share: Fraction, rounding: Rounding) -> Decimal:
    """
    *share* of *weight*, rounded once as the policy says, and never above the weight.

    A weight with more digits than points have, 3.335, would round up past itself: then the last digit is dropped.
    Source: 得分最高不能超过该指标分值上限, a note printed under published tables.
    """
    score = rounded(Fraction(weight) * share, rounding.digits, MODES[rounding.mode])
    return score if score <= weight else rounded(Fraction(weight), rounding.digits, ROUND_DOWN)


def rounded(value: Fraction, digits: int, mode: str = ROUND_HALF_UP) -> Decimal:
    """*value* with *digits* after the point, exact before it is rounded."""
    scaled = value * 10**digits
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    if mode == ROUND_HALF_UP:
        whole += 2 * rest >= scaled.denominator
    elif mode == ROUND_UP:
        whole += rest > 0
    return (Decimal(whole) if value >= 0 else -Decimal(whole)).scaleb(-digits)


def grade_of(total: Decimal, policy: Policy) -> Grade:
    """The best grade that *total* earns; boundary values belong to the better one."""
    percent = total * 100 / policy.full
    return next(grade for grade in policy.grades if percent >= grade.floor)
