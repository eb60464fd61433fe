"""The arithmetic of one indicator, step by step in words and figures, and what it rests on."""

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from string import ascii_lowercase
from typing import Any, Final

from services.evaluation.facts import Facts, Origin
from services.evaluation.model import Indicator, Plan, Policy, Row
from services.evaluation.rules.evaluating import EXECUTION, in_unit, score_indicator
from services.evaluation.rules.formulas import exact, score_formula, share_lines
from services.evaluation.rules.measures import Measured
from services.evaluation.rules.period import Period
from services.evaluation.rules.scoring import EXECUTION_TARGET, refine, scoring_of
from services.evaluation.rules.showing import NOTHING_TO_COUNT, day_text, detail, plain, points_text, target_text

_AGREED: Final = ("(按绩效目标表的约定)", " (as the plan says)")
_STATUS: Final = {"met": ("达成", "met"), "missed": ("未达成", "missed"), "pending": ("尚无数据", "pending")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a score came about."""

    row: dict[str, Any]
    steps: list[dict[str, str]]
    evidence: list[tuple[Origin, str]]
    deviations: list[str]  # The explanation given last, if there is one.


def explain(facts: Facts, plan: Plan, policy: Policy, code: str, *, as_of: datetime) -> Explanation:
    """
    Explain the score of one indicator, or under the code `execution` that of budget execution (预算执行率).

    Raises:
        KeyError: If the plan has no such indicator.
    """
    indicator = next((indicator for indicator in plan.indicators if indicator.code == code), None)
    policy = refine(policy, plan.policy_overrides)
    if indicator is None:
        if code != EXECUTION:
            raise KeyError(code)
        indicator, policy = _execution(plan, policy)
    row, found = score_indicator(indicator, facts, Period.of(plan, facts, as_of), policy)
    evidence = sorted(found.evidence, key=lambda item: (item[0].source, item[0].partition, item[0].sequence))
    return Explanation(
        row={name: value for name, value in detail(row, policy=policy).items() if name not in _unfit(row)},
        steps=[*_measuring(row, found), *_scoring(row, plan, policy)],
        evidence=[(origin, plain(contribution)) for origin, contribution in evidence],
        deviations=[] if row.deviation is None else [row.deviation],
    )


def _execution(plan: Plan, policy: Policy) -> tuple[Indicator, Policy]:
    """Budget execution as an indicator would state it, and the policy as it holds for it: nobody over-achieves it."""
    stated = Indicator(
        code=EXECUTION,
        dimension="output",
        aspect="cost",
        name="预算执行率",
        unit="%",
        target=EXECUTION_TARGET,
        weight=plan.execution_weight,
        measure="execution_rate",
        scoring=policy.execution,
    )
    return stated, replace(policy, over_achievement=None)


def _unfit(row: Row) -> tuple[str, ...]:
    """What an indicator has and budget execution, which stands beside the levels, has not."""
    return ("dimension", "aspect", "scoring") if row.indicator.code == EXECUTION else ()


def _is_agreed(indicator: Indicator, plan: Plan) -> bool:
    """Whether the plan itself says how *indicator* is scored."""
    if indicator.code == EXECUTION:
        return plan.policy_overrides is not None and plan.policy_overrides.execution is not None
    return indicator.scoring is not None


def _step(zh: str, en: str, value: str) -> dict[str, str]:
    return {"zh": zh, "en": en, "value": value}


def _figure(name: str, zh: str, en: str, value: str, formula: str) -> dict[str, str]:
    """A step that a machine can do again: its *formula* takes the figures of earlier steps by their names."""
    return _step(zh, en, value) | {"name": name, "formula": formula}


def _measuring(row: Row, found: Measured) -> list[dict[str, str]]:
    steps = [
        _figure(name, term.zh, term.en, plain(term.value), exact(term.value))
        for name, term in zip(ascii_lowercase, found.terms, strict=False)
    ]
    if row.is_vacuous:
        return [*steps, _step(NOTHING_TO_COUNT["zh"], NOTHING_TO_COUNT["en"], "")]
    if row.measured is None:
        return [*steps, _step("尚无可计量的事项", "nothing to measure yet", "")]
    (zh, en), formula = found.formula, found.expression
    factor = in_unit(Fraction(1), row.indicator)
    if found.value is None:  # The window is over and nothing happened: a sum or a count of nothing.
        formula = "0"
    elif factor != 1:
        unit = row.indicator.unit
        zh, en = f"{zh},× {plain(factor)} 换算为{unit}", f"{en}, × {plain(factor)} for the unit {unit}"
        formula = f"({formula}) * {exact(factor)}"
    if row.indicator.target.op == "by":
        day = day_text(row.measured)
        zh, en = f"{zh},即{day}(自1970-01-01起的天数)", f"{en}, which is {day} (days since 1970-01-01)"
    return [*steps, _figure("measured", f"实际完成值 = {zh}", f"measured = {en}", plain(row.measured), formula)]


def _scoring(row: Row, plan: Plan, policy: Policy) -> list[dict[str, str]]:
    goal = target_text(row.indicator.target)
    zh, en = _STATUS[row.status]
    return [
        _step(f"指标值 {goal}:{zh}", f"target {goal}: {en}", ""),
        *_share(row, plan, policy),
        _points(row, plan, policy),
    ]


def _share(row: Row, plan: Plan, policy: Policy) -> list[dict[str, str]]:
    indicator = row.indicator
    if row.is_vacuous:
        return [_figure("share", "得分比例:视为达成", "share of the weight: counts as met", "1", "1")]
    if row.measured is None:
        return [_figure("share", "得分比例:尚无数据", "share of the weight: nothing to measure yet", "0", "0")]
    scoring = scoring_of(indicator, policy)
    lines = share_lines(row.measured, indicator.target, scoring, indicator.weight, policy)
    own_zh, own_en = _AGREED if _is_agreed(indicator, plan) else ("", "")
    return [_figure(line.name, line.zh + own_zh, line.en + own_en, plain(line.value), line.formula) for line in lines]


def _points(row: Row, plan: Plan, policy: Policy) -> dict[str, str]:
    zh, en, formula = score_formula(row.indicator.weight, policy.rounding)
    own = plan.policy_overrides is not None and plan.policy_overrides.rounding is not None
    own_zh, own_en = _AGREED if own else ("", "")
    return _figure("score", zh + own_zh, en + own_en, points_text(row.score), formula)
