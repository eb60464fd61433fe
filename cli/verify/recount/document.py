"""The whole score, as evaluation must answer it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from cli.verify.events import Told
from cli.verify.recount import money
from cli.verify.recount.measures import FACTORS, MEASURES, Measure
from cli.verify.recount.methods import ALL, DAY_ZERO, NONE, NotRecomputable
from cli.verify.recount.policies import Policy
from cli.verify.recount.scene import Scene
from cli.verify.recount.scoring import Scheme, decimals, plain, rounded

__all__ = ["NotRecomputable", "Recounted", "recount"]

SIGNS = {">=": "≥", "<=": "≤"}


class Row(NamedTuple):
    """A row as shown, and the figures that it is summed up by."""

    shown: dict[str, Any]
    weight: Fraction
    share: Fraction
    points: Fraction


class Recounted(NamedTuple):
    """A score, and what of it this reading could not recompute."""

    document: dict[str, Any]
    unknown: dict[str, str]  # By indicator code: why.


def recount(
    events: Sequence[Told], plan: Mapping[str, Any], policies: Mapping[str, Policy], as_of: datetime
) -> Recounted:
    """
    Recompute a project's score.

    Args:
        events: The project's events in the order of each source's log.
        plan: What ``plan.adopted`` says.
        policies: By name.
        as_of: Only what had happened by then counts.

    Raises:
        NotRecomputable: If nothing can be said without what this reading does not know.
    """
    policy = policies.get(plan["policy"])
    if policy is None:
        raise NotRecomputable(f"policy {plan['policy']}")
    scheme = Scheme(policy, plan)
    scene = Scene(events, first=date.fromisoformat(plan["from"]), last=date.fromisoformat(plan["to"]), as_of=as_of)
    rows: list[Row] = []
    unknown: dict[str, str] = {}
    for indicator in plan["indicators"]:
        try:
            rows.append(_row(indicator, scene, scheme))
        except NotRecomputable as reason:
            unknown[indicator["code"]] = str(reason)
    execution = _execution(plan, scene, scheme)
    if unknown:
        return Recounted({"execution": execution.shown, "details": [row.shown for row in rows]}, unknown)
    total = scheme.total([(row.weight, row.share) for row in (execution, *rows)])
    reasons = [] if scene.is_over else ["period-open"]
    reasons += ["pending"] if any(row.shown["status"] == "pending" for row in rows) else []
    grade = scheme.grade(total)
    document = {
        "as_of": as_of,
        "final": not reasons,
        "reasons": reasons,
        "policy": plan["policy"],
        "policy_overrides": plan.get("policy_overrides"),
        "total": scheme.total_text(total),
        "full": plain(scheme.full),
        "grade": grade["name"],
        "grade_label": grade["zh"],
        "indicators_met": sum(row.shown["status"] == "met" for row in rows),
        "indicators": len(rows),
        "elapsed": decimals(rounded(scene.elapsed, 6), 6),
        "execution": execution.shown,
        "execution_deviation": _is_explained("execution", scene),
        "dimensions": _dimensions(rows, scheme),
        "details": [row.shown for row in rows],
    }
    return Recounted(document, {})


def _row(indicator: Mapping[str, Any], scene: Scene, scheme: Scheme) -> Row:
    measure = MEASURES.get(indicator["measure"])
    if measure is None:
        raise NotRecomputable(f"measure {indicator['measure']}")
    measured, is_vacuous = _measured(indicator, measure, scene)
    if is_vacuous:
        status, share = "met", ALL
    elif measured is None:
        status, share = "pending", NONE
    else:
        status = "met" if scheme.is_met(measured, indicator["target"]) else "missed"
        share = scheme.share(measured, indicator)
    weight = Fraction(indicator["weight"])
    points = scheme.points(weight, share)
    shown = {
        **{name: indicator[name] for name in ("code", "name", "dimension", "aspect", "unit")},
        "target": _target(indicator["target"]),
        "measured": None if measured is None else _value(measured, indicator["target"]),
        "status": status,
        "vacuous": is_vacuous,
        "weight": plain(weight),
        "score": scheme.row_text(points),
        "scoring": indicator.get("scoring"),
        "over_achievement": scheme.over_achievement(measured, indicator["target"]),
        "source": {"rating": "rating", "reported": "self_reported"}.get(indicator["measure"], "events"),
        "deviation": _is_explained(indicator["code"], scene),
    }
    return Row(shown, weight, share, points)


def _value(measured: Fraction, target: Mapping[str, Any]) -> str:
    if target["op"] != "by":
        return plain(measured)
    try:
        return date.fromordinal(int(measured) + DAY_ZERO).isoformat()
    except (ValueError, OverflowError):  # No calendar has it.
        return plain(measured)


def _is_explained(code: str, scene: Scene) -> bool:
    """Whether a deviation was explained; its words are no event's."""
    return any(event.says["code"] == code for event in scene.happened("deviation.explained"))


def _measured(indicator: Mapping[str, Any], measure: Measure, scene: Scene) -> tuple[Fraction | None, bool]:
    """The value in the indicator's unit, or None; and whether the target counts as met for want of anything."""
    value = measure.find(scene, {**indicator["with"], "code": indicator["code"]})
    if value is not None:
        return value * FACTORS.get((measure.kind, indicator["unit"]), Fraction(1)), False
    if not scene.is_over or measure.empty == "pending":
        return None, False
    return (Fraction(0), False) if measure.empty == "zero" else (None, True)


def _execution(plan: Mapping[str, Any], scene: Scene, scheme: Scheme) -> Row:
    budget, spent, weight = money.budget(scene), money.spent(scene), Fraction(plan["execution"]["weight"])
    rate = spent / budget if budget else NONE
    share = scheme.execution_share(rate, weight)
    points = scheme.points(weight, share)
    shown = {
        "budget": decimals(budget, 2),
        "received": decimals(money.received(scene), 2),
        "spent": decimals(spent, 2),
        "surplus": decimals(budget - spent, 2),
        "rate": decimals(rounded(rate, 6), 6),
        "weight": plain(weight),
        "score": scheme.row_text(points),
    }
    return Row(shown, weight, share, points)


def _dimensions(rows: Sequence[Row], scheme: Scheme) -> list[dict[str, str]]:
    """Weight and points by dimension, in the plan's order."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.shown["dimension"], []).append(row)
    return [
        {
            "dimension": name,
            "weight": plain(sum((row.weight for row in group), NONE)),
            "score": scheme.row_text(sum((row.points for row in group), NONE)),
        }
        for name, group in grouped.items()
    ]


def _target(target: Mapping[str, Any]) -> str:
    value = target["value"]
    if isinstance(value, list):
        return "–".join(value)
    return str(value) if target["op"] in ("level", "by") else f"{SIGNS.get(target['op'], target['op'])}{value}"
