"""
The methods by which a value earns a share of its weight, from the plain data of a policy or a plan.

What the figures of a method mean stands with ``plan.adopted`` in the event contracts.
"""

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

Figures = Mapping[str, Any]  # A method with its figures, as written.
Target = Mapping[str, Any]

NONE: Final = Fraction(0)
ALL: Final = Fraction(1)
DAY_ZERO: Final = date(1970, 1, 1).toordinal()  # Days are counted from here.
DOWNWARD: Final = ("<=", "<", "by")
PERCENT: Final = 100


class NotRecomputable(Exception):
    """Something that this reading does not know: it is told, never passed over."""


def aim(target: Target) -> tuple[Fraction, Fraction]:
    """The lowest and the highest value that the target names; of a day, its number."""
    value = target["value"]
    if target["op"] == "by":
        number = Fraction(date.fromisoformat(value).toordinal() - DAY_ZERO)
        return number, number
    low, high = value if target["op"] == "between" else (value, value)
    return Fraction(low), Fraction(high)


def is_met(measured: Fraction, target: Target, met_from: Fraction) -> bool:
    """Whether *measured* reaches *target*; a rating does from *met_from* per cent."""
    if target["op"] == "level":
        return measured >= met_from
    low, high = aim(target)
    answers = {
        "=": measured == low,
        "between": low <= measured <= high,
        ">=": measured >= low,
        ">": measured > low,
        "<=": measured <= high,
        "<": measured < high,
        "by": measured <= high,
    }
    if target["op"] not in answers:
        raise NotRecomputable(f"operator {target['op']}")
    return answers[target["op"]]


def share(measured: Fraction, target: Target, figures: Figures, weight: Fraction, met_from: Fraction) -> Fraction:
    """
    The share of *weight* that *measured* earns, 0 to 1.

    Raises:
        NotRecomputable: If the method is not known.
    """
    is_reached, method = is_met(measured, target, met_from), figures["method"]
    is_yes_or_no = method in ("all_or_nothing", "zero_tolerance") or (method == "date" and not _costs(figures))
    if is_yes_or_no or (is_reached and figures.get("full_when_met")):
        return Fraction(is_reached)
    return min(max(_graded(measured, target, figures, weight), NONE), ALL)


def _costs(figures: Figures) -> bool:
    """Whether the figures say what is lost for each one missing."""
    return figures.get("deduct") is not None or figures.get("deduct_share") is not None


def _graded(measured: Fraction, target: Target, figures: Figures, weight: Fraction) -> Fraction:
    match figures["method"]:
        case "proportional":
            found = _completed(measured, target)
            return found if found >= Fraction(figures.get("floor") or 0) else NONE
        case "bands":
            return measured / PERCENT
        case "steps":
            sign = -1 if target["op"] in DOWNWARD else 1
            return _step(figures, lambda threshold: sign * measured >= sign * threshold)
        case "intervals":
            reached = _completed(measured, target) * PERCENT
            return _step(figures, lambda threshold: reached >= threshold)
        case "per_unit_missing" | "date":
            return ALL - _lost(_missing(measured, target), figures, weight)
        case "per_point_missing":
            return ALL - _lost(PERCENT * (ALL - _completed(measured, target)), figures, weight)
        case other:
            raise NotRecomputable(f"method {other}")


def _completed(measured: Fraction, target: Target) -> Fraction:
    """How far the target is reached: the part of the lower aim, or the upper aim's part of what was measured."""
    if target["op"] == "level":
        return min(max(measured / PERCENT, NONE), ALL)
    low, high = aim(target)
    parts = [ALL]
    if target["op"] in (">=", "=", "between") and measured < low:
        parts.append(measured / low if low > 0 else NONE)
    if target["op"] in ("<=", "=", "between") and measured > high:
        parts.append(high / measured if measured > 0 else NONE)
    return max(min(parts), NONE)


def _missing(measured: Fraction, target: Target) -> Fraction:
    """How much is missing, or too much, in the target's unit."""
    low, high = aim(target)
    under = low - measured if target["op"] not in ("<=", "by") else NONE
    over = measured - high if target["op"] != ">=" else NONE
    return max(under, over, NONE)


def _step(figures: Figures, holds: Callable[[Fraction], bool]) -> Fraction:
    earned = (Fraction(points) for threshold, points in figures["steps"] if holds(Fraction(threshold)))
    return next(earned, NONE) / Fraction(figures.get("out_of", "1"))


def _lost(missing: Fraction, figures: Figures, weight: Fraction) -> Fraction:
    """The share that is lost for what is missing beyond the tolerance."""
    pieces = max(missing - Fraction(figures.get("tolerance", "0")), NONE) / Fraction(figures.get("per", "1"))
    match figures.get("count", "full"):
        case "full":
            pieces = Fraction(floor(pieces))
        case "started":
            pieces = Fraction(ceil(pieces))
        case "once":
            pieces = Fraction(pieces > 0)
        case "exact":
            pass
        case other:
            raise NotRecomputable(f"count {other}")
    if figures.get("deduct_share") is not None:
        return pieces * Fraction(figures["deduct_share"])
    return pieces * (Fraction(figures["deduct"]) / weight if weight else ALL)
