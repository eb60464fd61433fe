"""A policy as a plan refines it: which method scores what, the points, their rounding, and the grade."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from cli.verify.recount.methods import ALL, NONE, PERCENT, Figures, NotRecomputable, Target, aim, is_met, share
from cli.verify.recount.policies import Policy

HALF: Final = Fraction(1, 2)
ROW_DIGITS: Final = 4  # Of a row where only the total is rounded.
EXECUTION: Final = {"op": ">=", "value": "100"}


class Scheme:
    """How points follow for one plan."""

    def __init__(self, policy: Policy, plan: Mapping[str, Any]) -> None:
        overrides = plan.get("policy_overrides") or {}
        changed = {name: value for name, value in (overrides.get("rounding") or {}).items() if value is not None}
        rounding = {"place": "row", **policy["rounding"], **changed}
        self._policy = policy
        self._mode: str = rounding["mode"]
        self._digits: int = rounding["digits"]
        self._is_total_rounded: bool = rounding["place"] == "total"
        self._execution: Figures = overrides.get("execution") or policy["execution"]
        self._excess = overrides.get("over_achievement") or policy.get("over_achievement")
        self.full = Fraction(policy["full"])
        self._met_from = next(Fraction(each["floor"]) for each in policy["bands"] if each["level"] == "achieved")

    def is_met(self, measured: Fraction, target: Target) -> bool:
        """Whether *measured* reaches *target*."""
        return is_met(measured, target, self._met_from)

    def share(self, measured: Fraction, indicator: Mapping[str, Any]) -> Fraction:
        """The share of an indicator's weight that *measured* earns, less what over-achievement costs."""
        weight = Fraction(indicator["weight"])
        earned = share(measured, indicator["target"], self._figures(indicator), weight, self._met_from)
        return max(earned - self._excess_lost(measured, indicator["target"]), NONE)

    def _figures(self, indicator: Mapping[str, Any]) -> Figures:
        """The method: the indicator's own, its dimension's, that of a target of 0, or its operator's."""
        if indicator.get("scoring"):
            return _figures(indicator["scoring"])
        target, methods = indicator["target"], self._policy["methods"]
        special = self._policy.get("dimension_methods", {}).get(indicator["dimension"])
        if special is not None and special["unit"] == indicator["unit"] and target["op"] in special["methods"]:
            return _figures(special["methods"][target["op"]])
        if target["op"] in ("<=", "=") and not any(aim(target)) and "zero" in methods:
            return _figures(methods["zero"])
        if target["op"] not in methods:
            raise NotRecomputable(f"operator {target['op']}")
        return _figures(methods[target["op"]])

    def over_achievement(self, measured: Fraction | None, target: Target) -> dict[str, Any] | None:
        """Where more was reached than the target asks for: how much, and what it costs."""
        reached = None if measured is None else _excess(measured, target)
        if measured is None or reached is None:
            return None
        rule = self._excess
        return {
            "percent": plain(reached),
            "above": None if rule is None else rule["above"],
            "exceeded": rule is not None and reached > Fraction(rule["above"]),
            "share_lost": plain(self._excess_lost(measured, target)),
        }

    def _excess_lost(self, measured: Fraction, target: Target) -> Fraction:
        reached = _excess(measured, target)
        if self._excess is None or reached is None:
            return NONE
        beyond = max(reached - Fraction(self._excess["above"]), NONE)
        return beyond / Fraction(self._excess.get("per", "1")) * Fraction(self._excess.get("deduct_share", "0"))

    def execution_share(self, rate: Fraction, weight: Fraction) -> Fraction:
        """The share of its weight that budget execution earns."""
        return share(rate * PERCENT, EXECUTION, self._execution, weight, ALL)

    def points(self, weight: Fraction, earned: Fraction) -> Fraction:
        """The points of a row as shown; never more than the weight."""
        if self._is_total_rounded:
            return _capped(weight * earned, weight, ROW_DIGITS, "half_up")
        return _capped(weight * earned, weight, self._digits, self._mode)

    def total(self, parts: list[tuple[Fraction, Fraction]]) -> Fraction:
        """The total of weights and shares: the sum of the rounded rows, or the rounded sum."""
        if self._is_total_rounded:
            exact = sum((weight * earned for weight, earned in parts), NONE)
            return _capped(exact, self.full, self._digits, self._mode)
        return sum((self.points(weight, earned) for weight, earned in parts), NONE)

    def row_text(self, value: Fraction) -> str:
        """A row's points, or a sum of such."""
        return decimals(value, ROW_DIGITS if self._is_total_rounded else max(2, self._digits))

    def total_text(self, value: Fraction) -> str:
        """The total."""
        return decimals(value, max(2, self._digits))

    def grade(self, total: Fraction) -> Mapping[str, Any]:
        """The grade with the highest floor that *total* reaches."""
        reached = [each for each in self._policy["grades"] if total * PERCENT >= Fraction(each["floor"]) * self.full]
        return max(reached, key=lambda each: Fraction(each["floor"]))


def _figures(given: Any) -> Figures:
    """A method may be written as its name alone."""
    return {"method": given} if isinstance(given, str) else dict(given)


def _excess(measured: Fraction, target: Target) -> Fraction | None:
    """The per cent of a target that was reached, where more is better and more was reached."""
    if target["op"] not in (">=", ">"):
        return None
    wanted, _ = aim(target)
    return measured * PERCENT / wanted if measured > wanted > 0 else None


def _capped(value: Fraction, ceiling: Fraction, digits: int, mode: str) -> Fraction:
    found = rounded(value, digits, mode)
    return found if found <= ceiling else rounded(ceiling, digits, "down")


def rounded(value: Fraction, digits: int, mode: str = "half_up") -> Fraction:
    """*value* on the grid of *digits* decimals; halves away from zero, or to the even neighbour."""
    scaled = abs(value) * 10**digits
    match mode:
        case "half_up":
            steps = floor(scaled + HALF)
        case "half_even":
            steps = round(scaled)
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
