"""Reading a plan: either it adds up, or every fault in it is named at once."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, get_args

from services.evaluation.model import Indicator, Plan, Policy, Target
from services.evaluation.rules.conditions import EVENT_TYPES, read_where
from services.evaluation.rules.measures import MEASURES, Measure
from services.evaluation.rules.methods import days, number
from services.evaluation.rules.reading import at
from services.evaluation.rules.refinements import RefinementReader
from services.evaluation.rules.scoring import refine, weights_of
from shared.events import evaluation as events
from shared.events.evaluation import Aspect, Dimension, Operator, Scoring
from shared.problems import Invalid

NAME_LENGTH_MAX: Final = 200
TEXT_LENGTH_MAX: Final = 2_000
INDICATORS_MAX: Final = 1_000
MONEY_UNITS: Final = ("元", "万元")

_PLAN_MEMBERS: Final = frozenset(
    {"project", "title", "fiscal_year", "from", "to", "policy", "objective", "execution", "indicators"}
    | {"policy_overrides"}
)
_INDICATOR_MEMBERS: Final = frozenset(
    {"code", "dimension", "aspect", "name", "unit", "target", "weight", "measure", "with", "scoring"}
)
DATED: Final = ("reported",)  # Measures that may give a day.


def read_plan(raw: Any, *, project: str, policies: Mapping[str, Policy]) -> Plan:
    """
    Read a plan from JSON, its numbers as int, Decimal or text.

    Raises:
        Invalid: With every fault there is.
    """
    reader = _PlanReader(policies)
    plan = reader.plan(raw, project)
    if reader.faults:
        raise Invalid([{"field": field, "code": code, "message": message} for field, code, message in reader.faults])
    assert plan is not None
    return plan


def warnings(plan: Plan, policy: Policy) -> list[dict[str, str]]:
    """Where the plan's weights differ from the policy's: allowed in special cases, so not refused."""
    policy = refine(policy, plan.policy_overrides)
    weights = {"execution": plan.execution_weight}
    for indicator in plan.indicators:
        weights[indicator.dimension] = weights.get(indicator.dimension, Decimal(0)) + indicator.weight
    wanted = weights_of(policy, weights)
    # A policy that leaves part of the full score open says nothing about the dimensions that it does not name.
    judged = {*weights, *wanted} if sum(wanted.values()) == policy.full else set(wanted)
    return [
        {
            "code": "weight-off-policy",
            "dimension": dimension,
            "weight": format(weights.get(dimension, Decimal(0)), "f"),
            "policy_weight": format(wanted.get(dimension, Decimal(0)), "f"),
        }
        for dimension in sorted(judged)
        if weights.get(dimension, Decimal(0)) != wanted.get(dimension, Decimal(0))
    ]


def plan_event(plan: Plan, project: str) -> events.PlanAdopted:
    """The event that adopts *plan*."""
    return events.PlanAdopted(
        project=project,
        title=plan.title,
        fiscal_year=plan.fiscal_year,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        policy=plan.policy,
        objective=plan.objective,
        execution=events.Execution(weight=format(plan.execution_weight, "f")),
        indicators=tuple(_planned(indicator) for indicator in plan.indicators),
        policy_overrides=plan.policy_overrides,
    )


def _planned(indicator: Indicator) -> events.PlannedIndicator:
    return events.PlannedIndicator(
        code=indicator.code,
        dimension=indicator.dimension,
        aspect=indicator.aspect,
        name=indicator.name,
        unit=indicator.unit,
        target=events.Target(op=indicator.target.op, value=indicator.target.value),
        weight=format(indicator.weight, "f"),
        measure=indicator.measure,
        arguments=dict(indicator.arguments),
        scoring=indicator.scoring,
    )


def check_rating(level: str, percent: Decimal, policy: Policy) -> None:
    """
    Let a rating pass if its percent is inside its band.

    Raises:
        Invalid: If it is not.
    """
    band = next(band for band in policy.bands if band.level == level)
    if not band.holds(percent):
        message = f"{level} is from {band.floor} to {band.ceiling}, the lower bound included"
        raise Invalid.field("percent", "outside_band", message)


def told_value(told: str, target: Target) -> str:
    """
    A value told by hand, as it is counted with: a day as the days since 1970-01-01.

    Raises:
        Invalid: If a day is told where the target is none, or a number where it is one.
    """
    is_day = "-" in told[1:]  # A number has its minus in front.
    if is_day != (target.op == "by"):
        wanted = "a day, YYYY-MM-DD" if target.op == "by" else "a number"
        raise Invalid.field("value", "type", f"the target {target.op} is measured by {wanted}")
    return str(days(date.fromisoformat(told))) if is_day else told


def _is_zero(target: Target) -> bool:
    return target.op in ("<=", "=") and number(target) == 0


class _PlanReader(RefinementReader):
    """Reads a plan from its members down to the arguments of its measures."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        super().__init__()
        self._policies = policies

    def plan(self, raw: Any, project: str) -> Plan | None:
        if not isinstance(raw, dict):
            self.fault("", "type", "a plan is an object")
            return None
        self.members("", raw, _PLAN_MEMBERS, needed=_PLAN_MEMBERS - {"project", "policy_overrides"})
        if raw.get("project", project) != project:
            self.fault("project", "mismatch", "the plan names another project than the address")
        policy = self.choice("policy", raw, tuple(self._policies), "unknown_policy")
        title = self.text("title", raw, NAME_LENGTH_MAX)
        objective = self.text("objective", raw, TEXT_LENGTH_MAX, lines=True)  # Of several paragraphs on many forms.
        window = self.window(raw)
        execution = self.execution(raw)
        indicators = self.indicators(raw)
        overrides = self.overrides(raw)
        self.weights(policy, execution, indicators)
        if policy is not None and overrides is not None and overrides.weights is not None:
            self.override_sum(overrides.weights, self._policies[policy].full)
        if None in (policy, title, objective, window, execution, indicators) or self.faults:
            return None
        assert policy and title and objective and window and indicators is not None  # noqa: PT018
        assert execution is not None
        year, first, last = window
        return Plan(
            title=title,
            fiscal_year=year,
            starts_on=first,
            ends_on=last,
            policy=policy,
            objective=objective,
            execution_weight=execution,
            indicators=tuple(indicator for indicator in indicators if indicator is not None),
            policy_overrides=overrides,
        )

    def window(self, raw: dict[str, Any]) -> tuple[int, date, date] | None:
        year, first, last = raw.get("fiscal_year"), self.day("from", raw), self.day("to", raw)
        if "fiscal_year" in raw and (isinstance(year, bool) or not isinstance(year, int)):
            self.fault("fiscal_year", "type", "must be a whole number")
            return None
        if not isinstance(year, int) or first is None or last is None:
            return None
        if last < first:
            self.fault("to", "before_start", "the window would end before it starts")
        elif not first.year <= year <= last.year:
            self.fault("fiscal_year", "outside_window", f"the window does not touch {year}")
        return year, first, last

    def execution(self, raw: dict[str, Any]) -> Decimal | None:
        if "execution" not in raw:
            return None
        value = raw["execution"]
        if not isinstance(value, dict):
            self.fault("execution", "type", "must be an object")
            return None
        self.members("execution", value, frozenset({"weight"}), needed=frozenset({"weight"}))
        return self.weight("execution.weight", value, zero_allowed=True)

    def weight(self, field: str, raw: dict[str, Any], *, zero_allowed: bool = False) -> Decimal | None:
        if "weight" not in raw:
            return None
        weight = self.number(field, raw["weight"])
        if weight is not None and (weight < 0 or (weight == 0 and not zero_allowed)):
            self.fault(field, "weight", "must be above 0")
            return None
        return weight

    def indicators(self, raw: dict[str, Any]) -> list[Indicator | None] | None:
        if "indicators" not in raw:
            return None
        rows = raw["indicators"]
        if not isinstance(rows, list) or not 1 <= len(rows) <= INDICATORS_MAX:
            self.fault("indicators", "list", f"must be a list of 1 to {INDICATORS_MAX}")
            return None
        self.duplicates(rows)
        return [self.indicator(f"indicators.{index}", row) for index, row in enumerate(rows)]

    def duplicates(self, rows: list[Any]) -> None:
        seen: set[str] = set()
        for index, row in enumerate(rows):
            code = row.get("code") if isinstance(row, dict) else None
            if not isinstance(code, str):
                continue
            if code in seen:
                self.fault(f"indicators.{index}.code", "duplicate", f"the code {code[:64]} is taken")
            seen.add(code)

    def indicator(self, place: str, raw: Any) -> Indicator | None:
        if not isinstance(raw, dict):
            self.fault(place, "type", "an indicator is an object")
            return None
        before = len(self.faults)
        self.members(place, raw, _INDICATOR_MEMBERS, needed=_INDICATOR_MEMBERS - {"with", "unit", "scoring"})
        code = self.identifier("code", raw, place)
        dimension = self.choice("dimension", raw, get_args(Dimension), "unknown_dimension", place)
        aspect = self.choice("aspect", raw, get_args(Aspect), "unknown_aspect", place)
        name = self.text("name", raw, NAME_LENGTH_MAX, place)
        unit = self.unit(raw, place)
        weight = self.weight(f"{place}.weight", raw)
        measure = self.choice("measure", raw, tuple(MEASURES), "unknown_measure", place)
        target = self.target(f"{place}.target", raw, measure)
        scoring = self.own_scoring(place, raw, target)
        arguments = self.arguments(place, raw, measure)
        if measure is not None and MEASURES[measure].kind == "money" and unit not in (None, *MONEY_UNITS):
            self.fault(f"{place}.unit", "unit", f"an amount is in {' or '.join(MONEY_UNITS)}")
        if len(self.faults) > before:
            return None
        return Indicator(
            code=code or "",
            dimension=dimension,  # type: ignore[arg-type]  # One of the choices above.
            aspect=aspect,  # type: ignore[arg-type]
            name=name or "",
            unit=unit or "",
            target=target or Target(op="=", value="0"),
            weight=weight or Decimal(0),
            measure=measure or "",
            arguments=arguments,
            scoring=scoring,
        )

    def own_scoring(self, place: str, raw: dict[str, Any], target: Target | None) -> Scoring | None:
        field = f"{place}.scoring"
        found = self.scoring(field, raw["scoring"], None if target is None else target.op) if "scoring" in raw else None
        if found is not None and found.method == "zero_tolerance" and target is not None and not _is_zero(target):
            self.fault(f"{field}.method", "operator", "zero_tolerance goes with a target of 0")
        return found

    def unit(self, raw: dict[str, Any], place: str) -> str | None:
        # A qualitative indicator has no unit: an empty one is as good as none.
        return "" if raw.get("unit", "") == "" else self.text("unit", raw, NAME_LENGTH_MAX, place)

    def target(self, field: str, raw: dict[str, Any], measure: str | None) -> Target | None:
        if "target" not in raw:
            return None
        value = raw["target"]
        if not isinstance(value, dict):
            self.fault(field, "type", "a target is an object with op and value")
            return None
        self.members(field, value, frozenset({"op", "value"}), needed=frozenset({"op", "value"}))
        op = self.choice("op", value, get_args(Operator), "unknown_operator", field)
        if op is None or "value" not in value:
            return None
        if measure is not None and (op == "level") != (measure == "rating"):
            self.fault(f"{field}.op", "operator", "level goes with the measure rating, and only with it")
            return None
        if op == "by" and measure is not None and measure not in DATED:
            self.fault(f"{field}.op", "operator", "this measure gives a number, not a date")
            return None
        return self.target_value(f"{field}.value", op, value)

    def target_value(self, field: str, op: str, raw: dict[str, Any]) -> Target | None:
        if op == "level":
            words = self.text("value", raw, NAME_LENGTH_MAX, field.removesuffix(".value"))
            return None if words is None else Target(op="level", value=words)
        if op == "between":
            return self.between(field, raw["value"])
        if op == "by":
            day = self.day("value", raw, field.removesuffix(".value"))
            return None if day is None else Target(op="by", value=day.isoformat())
        number = self.number(field, raw["value"])
        return None if number is None else Target(op=op, value=format(number, "f"))  # type: ignore[arg-type]

    def between(self, field: str, value: Any) -> Target | None:
        if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004
            self.fault(field, "bounds", "must be a list of two numbers")
            return None
        low, high = (self.number(f"{field}.{index}", bound) for index, bound in enumerate(value))
        if low is None or high is None:
            return None
        if low > high:
            self.fault(field, "bounds", "the lower bound comes first")
            return None
        return Target(op="between", value=(format(low, "f"), format(high, "f")))

    def arguments(self, place: str, raw: dict[str, Any], measure: str | None) -> dict[str, str]:
        given = raw.get("with", {})
        field = f"{place}.with"
        if not isinstance(given, dict):
            self.fault(field, "type", "must be an object")
            return {}
        if measure is None:
            return {}
        takes = MEASURES[measure]
        for name in sorted(takes.needed - set(given)):
            self.fault(at(field, name), "missing_argument", f"{measure} needs it")
        for name in sorted(set(given) - takes.needed - takes.optional):
            self.fault(at(field, name[:64]), "unknown_argument", f"{measure} does not take it")
        known = sorted(set(given) & (takes.needed | takes.optional))
        return dict(self.argument(field, name, given, takes) for name in known)

    def argument(self, field: str, name: str, given: dict[str, Any], takes: Measure) -> tuple[str, str]:
        if name == "where":
            return name, self.where(at(field, name), given)
        value = self.identifier(name, given, field) or ""
        if name == "statistic" and value and value not in takes.statistics:
            self.fault(at(field, name), "unknown_statistic", f"must be one of: {', '.join(sorted(takes.statistics))}")
        if name == "type" and value and value not in EVENT_TYPES:
            self.fault(at(field, name), "unknown_event_type", "no service publishes such an event; see docs/events.md")
        return name, value

    def where(self, field: str, given: dict[str, Any]) -> str:
        try:
            return read_where(given["where"], given.get("type"))
        except ValueError as error:
            self.fault(field, "conditions", str(error))
            return ""

    def weights(self, policy: str | None, execution: Decimal | None, indicators: list[Indicator | None] | None) -> None:
        """The sum is judged only where each weight could be read: half a sum would be a second fault for the first."""
        if policy is None or execution is None or indicators is None or any(row is None for row in indicators):
            return
        total = sum((row.weight for row in indicators if row is not None), execution)
        full = self._policies[policy].full
        if total != full:
            message = f"the weights of the indicators and of execution sum to {total:f}, not to {full:f}"
            self.fault("indicators", "weights_sum", message)
