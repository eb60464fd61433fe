"""The whole score, as evaluation must answer it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from cli.verify.events import Told
from cli.verify.recount import money
from cli.verify.recount.measures import FACTORS, MEASURES, Measure
from cli.verify.recount.policies import Policy
from cli.verify.recount.scene import Scene
from cli.verify.recount.scoring import (
    NotRecomputable,
    decimals,
    execution_share,
    grade_of,
    is_met,
    plain,
    points,
    rounded,
    share_of,
)

__all__ = ["NotRecomputable", "Recounted", "recount"]

SIGNS = {">=": "≥", "<=": "≤"}


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
    scene = Scene(events, first=date.fromisoformat(plan["from"]), last=date.fromisoformat(plan["to"]), as_of=as_of)
    rows, unknown = [], {}
    for indicator in plan["indicators"]:
        try:
            rows.append(_row(indicator, scene, policy))
        except NotRecomputable as reason:
            unknown[indicator["code"]] = str(reason)
    execution, earned = _execution(plan, scene, policy)
    if unknown:
        return Recounted({"execution": execution, "details": [row for row, _ in rows]}, unknown)
    total = sum((each for _, each in rows), earned)
    reasons = [] if scene.is_over else ["period-open"]
    reasons += ["pending"] if any(row["status"] == "pending" for row, _ in rows) else []
    grade = grade_of(total, policy)
    return Recounted(
        {
            "as_of": as_of,
            "final": not reasons,
            "reasons": reasons,
            "policy": plan["policy"],
            "total": _points_text(total, policy),
            "full": plain(Fraction(policy["full"])),
            "grade": grade["name"],
            "grade_label": grade["zh"],
            "indicators_met": sum(row["status"] == "met" for row, _ in rows),
            "indicators": len(rows),
            "elapsed": decimals(rounded(scene.elapsed, 6), 6),
            "execution": execution,
            "execution_deviation": _is_explained("execution", scene),
            "dimensions": _dimensions(plan, rows, policy),
            "details": [row for row, _ in rows],
        },
        {},
    )


def _row(indicator: Mapping[str, Any], scene: Scene, policy: Policy) -> tuple[dict[str, Any], Fraction]:
    measure = MEASURES.get(indicator["measure"])
    if measure is None:
        raise NotRecomputable(f"measure {indicator['measure']}")
    measured, is_vacuous = _measured(indicator, measure, scene)
    if is_vacuous:
        status, share = "met", Fraction(1)
    elif measured is None:
        status, share = "pending", Fraction(0)
    else:
        status = "met" if is_met(measured, indicator["target"], policy) else "missed"
        share = share_of(measured, indicator["target"], policy)
    earned = points(Fraction(indicator["weight"]), share, policy)
    row = {
        **{name: indicator[name] for name in ("code", "name", "dimension", "aspect", "unit")},
        "target": _target(indicator["target"]),
        "measured": None if measured is None else plain(measured),
        "status": status,
        "vacuous": is_vacuous,
        "weight": plain(Fraction(indicator["weight"])),
        "score": _points_text(earned, policy),
        "source": {"rating": "rating", "reported": "self_reported"}.get(indicator["measure"], "events"),
        "deviation": _is_explained(indicator["code"], scene),
    }
    return row, earned


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


def _execution(plan: Mapping[str, Any], scene: Scene, policy: Policy) -> tuple[dict[str, str], Fraction]:
    budget, spent, weight = money.budget(scene), money.spent(scene), Fraction(plan["execution"]["weight"])
    rate = spent / budget if budget else Fraction(0)
    earned = points(weight, execution_share(rate, policy), policy)
    row = {
        "budget": decimals(budget, 2),
        "received": decimals(money.received(scene), 2),
        "spent": decimals(spent, 2),
        "surplus": decimals(budget - spent, 2),
        "rate": decimals(rounded(rate, 6), 6),
        "weight": plain(weight),
        "score": _points_text(earned, policy),
    }
    return row, earned


def _dimensions(
    plan: Mapping[str, Any], rows: Sequence[tuple[dict[str, Any], Fraction]], policy: Policy
) -> list[dict[str, str]]:
    """Weight and points by dimension, in the plan's order."""
    names = list(dict.fromkeys(indicator["dimension"] for indicator in plan["indicators"]))
    weights = {indicator["code"]: Fraction(indicator["weight"]) for indicator in plan["indicators"]}
    return [
        {
            "dimension": name,
            "weight": plain(sum((weights[row["code"]] for row, _ in rows if row["dimension"] == name), Fraction(0))),
            "score": _points_text(sum((each for row, each in rows if row["dimension"] == name), Fraction(0)), policy),
        }
        for name in names
    ]


def _target(target: Mapping[str, Any]) -> str:
    value = target["value"]
    if isinstance(value, list):
        return "–".join(value)
    return str(value) if target["op"] == "level" else f"{SIGNS.get(target['op'], target['op'])}{value}"


def _points_text(value: Fraction, policy: Policy) -> str:
    return decimals(value, max(2, policy["rounding"]["digits"]))
