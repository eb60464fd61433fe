"""The arithmetic of one indicator, step by step in words and figures, and what it rests on."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from string import ascii_lowercase
from typing import Any, Final

from services.evaluation.facts import Facts, Origin
from services.evaluation.model import Plan, Policy, Row
from services.evaluation.rules.evaluating import in_unit, score_indicator
from services.evaluation.rules.measures import Measured
from services.evaluation.rules.period import Period
from services.evaluation.rules.scoring import rounded
from services.evaluation.rules.showing import NOTHING_TO_COUNT, detail, plain, points_text, target_text

DIGITS_MAX: Final = 13  # Amounts, hours and figures written with more are shown as quotients.
_METHODS: Final = {
    "at_least_proportional": ("达标得满分,否则按完成值÷指标值", "full if reached, else measured ÷ target"),
    "at_most_proportional": ("不超过得满分,否则按指标值÷完成值", "full up to the target, else target ÷ measured"),
    "equal_proportional": ("按较小值÷较大值", "the smaller ÷ the larger"),
    "between_proportional": ("区间内得满分,否则按较近的界限", "full inside, else by the nearer bound"),
    "all_or_nothing": ("达标得满分,否则不得分", "all or nothing"),
    "level_percent": ("按评定比例", "by the percent of the rating"),
}
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
    Explain the score of one indicator.

    Raises:
        KeyError: If the plan has no such indicator.
    """
    indicator = next((indicator for indicator in plan.indicators if indicator.code == code), None)
    if indicator is None:
        raise KeyError(code)
    row, found = score_indicator(indicator, facts, Period.of(plan, facts, as_of), policy)
    evidence = sorted(found.evidence, key=lambda item: (item[0].source, item[0].partition, item[0].sequence))
    return Explanation(
        row=detail(row),
        steps=[*_measuring(row, found), *_scoring(row, policy)],
        evidence=[(origin, plain(contribution)) for origin, contribution in evidence],
        deviations=[] if row.deviation is None else [row.deviation],
    )


def _step(zh: str, en: str, value: str) -> dict[str, str]:
    return {"zh": zh, "en": en, "value": value}


def _figure(name: str, zh: str, en: str, value: str, formula: str) -> dict[str, str]:
    """A step that a machine can do again: its *formula* takes the figures of earlier steps by their names."""
    return _step(zh, en, value) | {"name": name, "formula": formula}


def exact(value: Fraction) -> str:
    """A number to calculate with: decimal digits where they end, else a quotient."""
    digits = next((digits for digits in range(DIGITS_MAX) if 10**digits % value.denominator == 0), None)
    if digits is None:
        return f"({value.numerator} / {value.denominator})"
    return format(rounded(value, digits), "f")


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
    return [*steps, _figure("measured", f"实际完成值 = {zh}", f"measured = {en}", plain(row.measured), formula)]


def _scoring(row: Row, policy: Policy) -> list[dict[str, str]]:
    indicator = row.indicator
    zh, en = _STATUS[row.status]
    steps = [_step(f"指标值 {target_text(indicator.target)}:{zh}", f"target {target_text(indicator.target)}: {en}", "")]
    if not row.is_vacuous and row.measured is not None:
        zh, en = _METHODS[policy.methods[indicator.target.op]]
        steps.append(_step(f"得分比例:{zh},最高为1", f"share of the weight: {en}, at most 1", plain(row.share)))
    weight = plain(Fraction(indicator.weight))
    digits = policy.rounding.digits
    steps.append(
        _step(
            f"得分 = 分值 {weight} × 得分比例,四舍五入到{digits}位小数",
            f"score = weight {weight} × share, rounded half up to {digits} decimals",
            points_text(row.score),
        )
    )
    return steps
