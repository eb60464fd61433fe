"""How scores are shown: the very digits and words of the public interface."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import msgspec

from services.evaluation.model import Execution, Outlook, Policy, Row, Score, Target
from services.evaluation.rules.evaluating import dimension_sums
from services.evaluation.rules.methods import EPOCH
from services.evaluation.rules.scoring import achievement, excess_loss, rounded
from shared.money import yuan

MEASURED_DIGITS: Final = 6
RATE_DIGITS: Final = 6
_SIGNS: Final = {">=": "≥", "<=": "≤"}
NOTHING_TO_COUNT: Final = {
    "zh": "评价期内未发生需计量的事项,视为达成",
    "en": "nothing to count happened in the period, so the target counts as met",
}


Explanations = Mapping[str, Mapping[str, str]]  # The words of deviations by id: reason, remedy, occurred_at.
NO_WORDS: Final[Explanations] = {}


def document(score: Score, *, version: int, explanations: Explanations = NO_WORDS) -> dict[str, Any]:
    """The score as JSON; what stands in *explanations* is shown with the rows it explains."""
    return {
        "project": score.project,
        "version": version,
        "as_of": score.as_of.isoformat(),
        "final": score.is_final,
        "reasons": list(score.reasons),
        "policy": score.policy.name,
        "policy_overrides": msgspec.to_builtins(score.policy_overrides),
        "total": points_text(score.total),
        "full": plain(Fraction(score.policy.full)),
        "grade": score.grade.name,
        "grade_label": score.grade.zh,
        "indicators_met": sum(row.status == "met" for row in score.rows),
        "indicators": len(score.rows),
        "elapsed": format(rounded(score.elapsed, RATE_DIGITS), "f"),
        "execution": _execution(score.execution),
        "execution_outlook": outlook_document(score.execution.outlook),
        "execution_deviation": explanations.get(score.execution.deviation or ""),
        "dimensions": [
            {"dimension": dimension, "weight": plain(Fraction(weight)), "score": points_text(earned)}
            for dimension, weight, earned in dimension_sums(score)
        ],
        "details": [detail(row, explanations, policy=score.policy) for row in score.rows],
    }


def detail(row: Row, explanations: Explanations = NO_WORDS, *, policy: Policy) -> dict[str, Any]:
    """One row of the score under a policy as the plan refines it."""
    indicator = row.indicator
    return {
        "code": indicator.code,
        "name": indicator.name,
        "dimension": indicator.dimension,
        "aspect": indicator.aspect,
        "unit": indicator.unit,
        "target": target_text(indicator.target),
        "measured": measured_text(row),
        "status": row.status,
        "vacuous": row.is_vacuous,
        "vacuous_reason": NOTHING_TO_COUNT if row.is_vacuous else None,
        "weight": plain(Fraction(indicator.weight)),
        "score": points_text(row.score),
        "scoring": None if indicator.scoring is None else msgspec.to_builtins(indicator.scoring),
        "over_achievement": _over_achievement(row, policy),
        "source": row.source,
        "outlook": outlook_document(row.outlook),
        "deviation": explanations.get(row.deviation or ""),
    }


def measured_text(row: Row) -> str | None:
    """The measured value as shown: plain digits, or a day."""
    if row.measured is None:
        return None
    return day_text(row.measured) if row.indicator.target.op == "by" else plain(row.measured)


def _over_achievement(row: Row, policy: Policy) -> dict[str, Any] | None:
    """Where more than the target was reached: the per cent, always, and what it costs where a rule says so."""
    reached = None if row.measured is None else achievement(row.measured, row.indicator.target)
    if row.measured is None or reached is None:
        return None
    rule = policy.over_achievement
    return {
        "percent": plain(reached),
        "above": None if rule is None else rule.above,
        "exceeded": rule is not None and reached > Fraction(rule.above),
        "share_lost": plain(excess_loss(row.measured, row.indicator.target, rule)),
    }


def outlook_document(outlook: Outlook) -> dict[str, Any]:
    """An outlook as shown: its state, and the reason in both languages."""
    return {"state": outlook.state, "reason": {"zh": outlook.zh, "en": outlook.en}}


def _execution(execution: Execution) -> dict[str, str]:
    return {
        "budget": yuan(execution.budget),
        "received": yuan(execution.received),
        "spent": yuan(execution.spent),
        "surplus": yuan(execution.surplus),
        "rate": format(rounded(execution.rate, RATE_DIGITS), "f"),
        "weight": plain(Fraction(execution.weight)),
        "score": points_text(execution.score),
    }


def target_text(target: Target) -> str:
    """A target as people write it: ≥60, =1, 95–100, 稳步运行."""
    if not isinstance(target.value, str):
        return "–".join(target.value)
    if target.op in ("level", "by"):
        return target.value
    return f"{_SIGNS.get(target.op, target.op)}{target.value}"


def day_text(days: Fraction) -> str:
    """The day that is *days* after 1970-01-01."""
    try:
        return (EPOCH + timedelta(days=int(days))).isoformat()
    except OverflowError:  # No calendar has it: shown as the number that was told.
        return plain(days)


def plain(value: Fraction) -> str:
    """Plain digits, half up to at most six decimals, without trailing zeros."""
    text = format(rounded(value, MEASURED_DIGITS), "f").rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def points_text(points: Decimal) -> str:
    """Points with two decimals, or more where the policy rounds finer."""
    return format(points, "f") if -int(points.as_tuple().exponent) >= 2 else format(points, ".2f")  # noqa: PLR2004
