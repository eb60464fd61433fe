"""Reading where a plan departs from its policy: an indicator's own scoring, and what it refines for all."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, get_args

from services.evaluation.rules.fitting import DIGITS_MAX, misfits
from services.evaluation.rules.reading import Reader, at
from shared.events.evaluation import (
    Count,
    Dimension,
    Method,
    Mode,
    Operator,
    OverAchievement,
    Place,
    PolicyOverrides,
    RoundingChange,
    Scoring,
)

STEPS_MAX: Final = 20
_OVERRIDES: Final = frozenset({"rounding", "weights", "execution", "over_achievement"})
_ROUNDING: Final = frozenset({"mode", "digits", "place"})
_OVER: Final = frozenset({"above", "per", "deduct_share"})
_FIGURES: Final = ("out_of", "deduct", "deduct_share", "per", "tolerance", "floor")


class RefinementReader(Reader):
    """Reads what refines a policy; each fault is named, and reading goes on."""

    def scoring(self, field: str, raw: Any, op: Operator | None) -> Scoring | None:
        """A method with its figures; *op* is None where the target could not be read."""
        if not isinstance(raw, dict):
            self.fault(field, "type", "a scoring is an object with a method")
            return None
        before = len(self.faults)
        self.members(field, raw, frozenset(Scoring.__struct_fields__), needed=frozenset({"method"}))
        method = self.choice("method", raw, get_args(Method), "unknown_method", field)
        figures = self.figures(field, raw, _FIGURES)
        count = self.choice("count", raw, get_args(Count), "unknown_count", field)
        steps = self.steps(f"{field}.steps", raw["steps"]) if "steps" in raw else ()
        full_when_met = raw.get("full_when_met", False)
        if not isinstance(full_when_met, bool):
            self.fault(f"{field}.full_when_met", "type", "must be true or false")
        if len(self.faults) > before:
            return None
        found = Scoring(
            method=method,  # type: ignore[arg-type]  # One of the choices above.
            steps=steps,
            count=count or "full",  # type: ignore[arg-type]
            full_when_met=full_when_met,
            **figures,
        )
        for name, code, message in misfits(found, op) if op is not None else ():
            self.fault(at(field, name), code, message)
        return found

    def steps(self, field: str, raw: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(raw, list) or not 1 <= len(raw) <= STEPS_MAX:
            self.fault(field, "list", f"must be a list of 1 to {STEPS_MAX}")
            return ()
        return tuple(self.step(f"{field}.{index}", each) for index, each in enumerate(raw))

    def step(self, field: str, raw: Any) -> tuple[str, str]:
        if not isinstance(raw, list) or len(raw) != 2:  # noqa: PLR2004
            self.fault(field, "list", "must be a pair: a threshold, and what it earns")
            return "0", "0"
        threshold, earned = (self.number(f"{field}.{index}", each) for index, each in enumerate(raw))
        return format(threshold or Decimal(0), "f"), format(earned or Decimal(0), "f")

    def figures(self, field: str, raw: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
        """The numbers among *names* that are given, as plain digits."""
        found = {name: self.number(at(field, name), raw[name]) for name in names if name in raw}
        return {name: format(value, "f") for name, value in found.items() if value is not None}

    def overrides(self, raw: dict[str, Any]) -> PolicyOverrides | None:
        if "policy_overrides" not in raw:
            return None
        field, value = "policy_overrides", raw["policy_overrides"]
        if not isinstance(value, dict):
            self.fault(field, "type", "must be an object")
            return None
        self.members(field, value, _OVERRIDES, needed=frozenset())
        return PolicyOverrides(
            rounding=self.part(field, "rounding", value, self.rounding),
            weights=self.part(field, "weights", value, self.override_weights),
            execution=self.part(field, "execution", value, self.execution_scoring),
            over_achievement=self.part(field, "over_achievement", value, self.over_achievement),
        )

    def part(self, field: str, name: str, raw: dict[str, Any], read: Callable[[str, dict[str, Any]], Any]) -> Any:
        if name not in raw:
            return None
        if not isinstance(raw[name], dict) or not raw[name]:
            self.fault(at(field, name), "type", "must be an object that is not empty")
            return None
        return read(at(field, name), raw[name])

    def rounding(self, field: str, raw: dict[str, Any]) -> RoundingChange:
        self.members(field, raw, _ROUNDING, needed=frozenset())
        digits = raw.get("digits")
        is_whole = isinstance(digits, int) and not isinstance(digits, bool) and 0 <= digits <= DIGITS_MAX
        if "digits" in raw and not is_whole:
            self.fault(f"{field}.digits", "bounds", f"must be a whole number, 0 to {DIGITS_MAX}")
            digits = None
        mode = self.choice("mode", raw, get_args(Mode), "unknown_mode", field)
        place = self.choice("place", raw, get_args(Place), "unknown_place", field)
        return RoundingChange(mode=mode, digits=digits, place=place)  # type: ignore[arg-type]

    def override_weights(self, field: str, raw: dict[str, Any]) -> dict[str, str]:
        known = (*get_args(Dimension), "execution")
        self.members(field, raw, frozenset(known), needed=frozenset())
        found = self.figures(field, raw, known)
        for name, weight in found.items():
            if Decimal(weight) < 0:
                self.fault(at(field, name), "weight", "must not be below 0")
        return found

    def override_sum(self, weights: Mapping[str, str], full: Decimal) -> None:
        total = sum(map(Decimal, weights.values()), Decimal(0))
        if total != full:
            message = f"the weights sum to {total:f}, not to {full:f}"
            self.fault("policy_overrides.weights", "weights_sum", message)

    def execution_scoring(self, field: str, raw: dict[str, Any]) -> Scoring | None:
        return self.scoring(field, raw, ">=")  # Its target is all of the budget.

    def over_achievement(self, field: str, raw: dict[str, Any]) -> OverAchievement | None:
        before = len(self.faults)
        self.members(field, raw, _OVER, needed=frozenset({"above"}))
        found = self.figures(field, raw, tuple(sorted(_OVER)))
        for name, least in (("above", 100), ("deduct_share", 0)):
            if name in found and Decimal(found[name]) < least:
                self.fault(at(field, name), "bounds", f"must not be below {least}")
        if "per" in found and Decimal(found["per"]) <= 0:
            self.fault(f"{field}.per", "bounds", "must be above 0")
        return None if len(self.faults) > before else OverAchievement(**found)
