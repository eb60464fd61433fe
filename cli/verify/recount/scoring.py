"""Points from measured values, as a policy's data say."""

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from cli.verify.recount.policies import Policy

_COMPARED: Final[dict[str, Callable[[Fraction, Fraction], bool]]] = {
    "=": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
HALF: Final = Fraction(1, 2)


class NotRecomputable(Exception):
    """Something that this reading does not know: it is told, never passed over."""


def share_of(measured: Fraction, target: dict[str, Any], policy: Policy) -> Fraction:
    """The share of the weight that *measured* earns, 0 to 1."""
    op, value = target["op"], target["value"]
    method = policy["methods"].get(op)
    match method:
        case "at_least_proportional":
            share = _up_to(measured, Fraction(value))
        case "at_most_proportional":
            share = _down_to(measured, Fraction(value))
        case "equal_proportional":
            share = min(_up_to(measured, Fraction(value)), _down_to(measured, Fraction(value)))
        case "between_proportional":
            share = min(_up_to(measured, Fraction(value[0])), _down_to(measured, Fraction(value[1])))
        case "all_or_nothing":
            share = Fraction(is_met(measured, target, policy))
        case "level_percent":
            share = measured / 100
        case _:
            raise NotRecomputable(f"method {method} for {op}")
    return max(Fraction(0), min(share, Fraction(1)))


def _up_to(measured: Fraction, target: Fraction) -> Fraction:
    if measured >= target:
        return Fraction(1)
    return measured / target if target > 0 else Fraction(0)


def _down_to(measured: Fraction, target: Fraction) -> Fraction:
    if measured <= target:
        return Fraction(1)
    return target / measured if measured > 0 else Fraction(0)


def is_met(measured: Fraction, target: dict[str, Any], policy: Policy) -> bool:
    """Whether *measured* reaches *target*."""
    value = target["value"]
    if target["op"] == "between":
        return Fraction(value[0]) <= measured <= Fraction(value[1])
    if target["op"] == "level":
        return measured >= next(Fraction(each["floor"]) for each in policy["bands"] if each["level"] == "achieved")
    if target["op"] not in _COMPARED:
        raise NotRecomputable(f"operator {target['op']}")
    return _COMPARED[target["op"]](measured, Fraction(value))


def execution_share(rate: Fraction, policy: Policy) -> Fraction:
    """The share of the execution's weight that a rate earns."""
    if policy["execution"]["method"] != "proportional":
        raise NotRecomputable(f"execution method {policy['execution']['method']}")
    return max(Fraction(0), min(rate, Fraction(1)))


def points(weight: Fraction, share: Fraction, policy: Policy) -> Fraction:
    """The points of a row, rounded once as the policy says, and never more than the weight."""
    mode, digits = policy["rounding"]["mode"], policy["rounding"]["digits"]
    earned = rounded(weight * share, digits, mode)
    return earned if earned <= weight else rounded(weight, digits, "down")


def rounded(value: Fraction, digits: int, mode: str = "half_up") -> Fraction:
    """*value* on the grid of *digits* decimals; halves away from zero."""
    scaled = abs(value) * 10**digits
    match mode:
        case "half_up":
            steps = floor(scaled + HALF)
        case "down":
            steps = floor(scaled)
        case "up":
            steps = ceil(scaled)
        case _:
            raise NotRecomputable(f"rounding {mode}")
    return Fraction(steps if value >= 0 else -steps, 10**digits)


def decimals(value: Fraction, digits: int) -> str:
    """*value*, which lies on that grid, with exactly *digits* decimals."""
    return format(Decimal(int(value * 10**digits)).scaleb(-digits), "f")


def plain(value: Fraction) -> str:
    """At most six decimals, half up, without trailing zeros."""
    text = decimals(rounded(value, 6), 6).rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def grade_of(total: Fraction, policy: Policy) -> dict[str, Any]:
    """The grade with the highest floor that *total* reaches."""
    reached = [each for each in policy["grades"] if total * 100 >= Fraction(each["floor"]) * Fraction(policy["full"])]
    return dict(max(reached, key=lambda each: Fraction(each["floor"])))
