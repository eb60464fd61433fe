"""
The scoring methods (计分方法): which share of its weight a measured value earns.

Each takes the measured value in the indicator's unit, the target, the method's figures and the weight in points, and
gives a share, exact and unbounded; `share_of` bounds it. Rounding happens once, in `scoring.points`.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from services.evaluation.model import Target
from shared.events.evaluation import Scoring

ZERO: Final = Fraction(0)
FULL: Final = Fraction(1)
EPOCH: Final = date(1970, 1, 1)  # A day is measured as the number of days since.
DOWNWARD: Final = ("<=", "<", "by")  # Operators under which less is better.

_LADDER: Final = frozenset({"steps", "out_of", "full_when_met"})
_LOSSES: Final = frozenset({"deduct", "deduct_share", "per", "count", "tolerance"})
TAKES: Final[Mapping[str, frozenset[str]]] = {
    "proportional": frozenset({"floor"}),
    "all_or_nothing": frozenset(),
    "steps": _LADDER,
    "intervals": _LADDER,
    "per_unit_missing": _LOSSES,
    "per_point_missing": _LOSSES,
    "bands": frozenset(),
    "zero_tolerance": frozenset(),
    "date": _LOSSES,
}
OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "proportional": (">=", "<=", "=", "between"),
    "all_or_nothing": ("=", ">=", "<=", ">", "<", "between", "by", "level"),
    "steps": (">=", "<=", ">", "<", "level"),
    "intervals": (">=", "<=", "=", "between", "level"),
    "per_unit_missing": (">=", "<=", "=", "between"),
    "per_point_missing": (">=", "<=", "=", "between", "level"),
    "bands": ("level",),
    "zero_tolerance": ("<=", "="),
    "date": ("by",),
}


def share_of(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal, met_from: Fraction) -> Fraction:
    """
    The share of *weight* that *measured* earns under *scoring*.

    Args:
        measured: In the indicator's unit; of a day, the days since 1970-01-01; of a rating, its percent.
        target: The value to reach, in the same unit.
        scoring: The method and its figures; it must go with the target's operator.
        weight: In points; only what is deducted in points depends on it.
        met_from: The percent from which a rating meets its target.

    Returns:
        0 to 1, unrounded.
    """
    if scoring.method in ("all_or_nothing", "zero_tolerance"):
        return FULL if reaches(measured, target, met_from) else ZERO
    if scoring.full_when_met and reaches(measured, target, met_from):
        return FULL
    return min(max(_METHODS[scoring.method](measured, target, scoring, weight), ZERO), FULL)


def reaches(measured: Fraction, target: Target, met_from: Fraction) -> bool:
    """Whether *measured* reaches *target*, compared before any rounding."""
    if target.op == "level":
        return measured >= met_from
    if target.op == "between":
        low, high = bounds(target)
        return low <= measured <= high
    value = number(target)
    comparisons = {
        "=": measured == value,
        ">=": measured >= value,
        "<=": measured <= value,
        "by": measured <= value,
        ">": measured > value,
        "<": measured < value,
    }
    return comparisons[target.op]


@lru_cache(maxsize=4_096)
def number(target: Target) -> Fraction:
    """The target's number; of a day, the days since 1970-01-01."""
    assert isinstance(target.value, str)
    return Fraction(days(date.fromisoformat(target.value))) if target.op == "by" else Fraction(target.value)


def bounds(target: Target) -> tuple[Fraction, Fraction]:
    """The target's lower and upper bound."""
    assert not isinstance(target.value, str)
    low, high = target.value
    return Fraction(low), Fraction(high)


def days(day: date) -> int:
    """The days from 1970-01-01 to *day*."""
    return (day - EPOCH).days


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


def by_level(measured: Fraction, target: Target) -> Fraction:
    """``level``: the rating's percent."""
    return measured / 100


_COMPLETIONS: Final[Mapping[str, Callable[[Fraction, Target], Fraction]]] = {
    ">=": at_least,
    "<=": at_most,
    "=": equal,
    "between": inside,
    "level": by_level,
}


def completion(measured: Fraction, target: Target) -> Fraction:
    """How far the target is reached (完成率), 0 to 1."""
    return min(max(_COMPLETIONS[target.op](measured, target), ZERO), FULL)


def proportional(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal) -> Fraction:
    """In proportion to what is reached (按比例); nothing below ``floor``."""
    found = completion(measured, target)
    return ZERO if scoring.floor is not None and found < Fraction(scoring.floor) else found


def bands(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal) -> Fraction:
    """By the rating's percent (分档评定); that it lies in the band of its level is checked when it is given."""
    return by_level(measured, target)


def steps(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal) -> Fraction:
    """By the first threshold (阶梯) that the value reaches, in the indicator's unit; below the last nothing."""
    is_downward = target.op in DOWNWARD
    for threshold, earned in scoring.steps:
        if measured <= Fraction(threshold) if is_downward else measured >= Fraction(threshold):
            return Fraction(earned) / Fraction(scoring.out_of)
    return ZERO


def intervals(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal) -> Fraction:
    """By the interval (区间) in which the per cent of the target lies that is reached, lower bounds included."""
    percent = completion(measured, target) * 100
    for threshold, earned in scoring.steps:
        if percent >= Fraction(threshold):
            return Fraction(earned) / Fraction(scoring.out_of)
    return ZERO


def per_unit_missing(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal) -> Fraction:
    """Something off for each unit missing (缺一项扣分), in the indicator's unit; of a day, for each day late."""
    return _less(shortfall(measured, target), scoring, weight)


def per_point_missing(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal) -> Fraction:
    """Something off for each percentage point (每少一个百分点扣分) by which the target is not reached."""
    return _less(100 * (FULL - completion(measured, target)), scoring, weight)


def on_the_day(measured: Fraction, target: Target, scoring: Scoring, weight: Decimal) -> Fraction:
    """Full on the day or before it; later nothing, or something off for each day."""
    if scoring.deduct is None and scoring.deduct_share is None:
        return FULL if measured <= number(target) else ZERO
    return per_unit_missing(measured, target, scoring, weight)


_METHODS: Final[Mapping[str, Callable[[Fraction, Target, Scoring, Decimal], Fraction]]] = {
    "proportional": proportional,
    "bands": bands,
    "steps": steps,
    "intervals": intervals,
    "per_unit_missing": per_unit_missing,
    "per_point_missing": per_point_missing,
    "date": on_the_day,
}


def shortfall(measured: Fraction, target: Target) -> Fraction:
    """What is missing to the target, in its unit; never below 0."""
    low, high = bounds(target) if target.op == "between" else (number(target), number(target))
    below = low - measured if target.op in (">=", "=", "between") else ZERO
    above = measured - high if target.op in ("<=", "=", "between", "by") else ZERO
    return max(below, above, ZERO)


def lost(scoring: Scoring, weight: Decimal) -> Fraction:
    """The share of *weight* that is lost for each one missing."""
    if scoring.deduct_share is not None:
        return Fraction(scoring.deduct_share)
    assert scoring.deduct is not None
    return Fraction(scoring.deduct) / Fraction(weight) if weight else FULL


def _less(missing: Fraction, scoring: Scoring, weight: Decimal) -> Fraction:
    beyond = max(missing - Fraction(scoring.tolerance), ZERO)
    return FULL - COUNTS[scoring.count](beyond / Fraction(scoring.per)) * lost(scoring, weight)


COUNTS: Final[Mapping[str, Callable[[Fraction], Fraction]]] = {
    "full": lambda pieces: Fraction(math.floor(pieces)),
    "exact": lambda pieces: pieces,
    "started": lambda pieces: Fraction(math.ceil(pieces)),
    "once": lambda pieces: FULL if pieces > 0 else ZERO,
}
