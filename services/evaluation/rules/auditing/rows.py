"""What an indicator's row says that does not hold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.model import Policy
from services.evaluation.rules.auditing import wording
from services.evaluation.rules.auditing.cells import cell_findings, is_affirmed, is_copied, is_deemed, is_denied
from services.evaluation.rules.auditing.comparing import Comparison, Reading, actual_figure, compare, target_figure
from services.evaluation.rules.auditing.days import days_of
from services.evaluation.rules.auditing.model import Finding, PrintedRow, Severity
from services.evaluation.rules.auditing.rounding import is_half_up, step_of
from services.evaluation.rules.methods import FULL
from services.evaluation.rules.scoring import is_met, points, reach, scoring_for

DIMENSIONS: Final = {
    "满意": "satisfaction",
    "成本": "cost",
    "效益": "benefit",
    "效果": "benefit",
}  # By words of the first level.
DEDUCTED: Final = re.compile(r"扣(?:除|减|了)?(?P<points>\d+(?:\.\d+)?)?")
DEDUCTIONS: Final = (Fraction(1, 2), Fraction(1), Fraction(2))  # Points a missing unit or percentage point, as printed.
DEDUCTED_PER_POINT: Final = Fraction(1, 20)  # Of the weight, a percentage point.


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the rest of the table says about how to read a row."""

    policy: Policy
    year: int | None
    finest: int  # Digits after the point that other computed scores are printed with.


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a row's score should be, and what is wrong with the printed one."""

    code: str | None
    severity: Severity
    share: Fraction

    @property
    def rank(self) -> int:
        return 0 if self.code is None else 1 if self.severity == "doubt" else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row's findings, and the points that follow; None where nothing follows from what is printed."""

    findings: tuple[Finding, ...]
    follows: Decimal | None


def judge_row(index: int, row: PrintedRow, setting: Setting) -> Judged:
    """Judge the row that is number *index*, counted from 0."""
    findings = list(cell_findings(index, row))
    weight, score = row.weight, row.score
    if weight is None:
        return Judged(findings=tuple(findings), follows=score)
    if score is not None and score > weight:
        findings.append(wording.above_weight(index, "score", score, weight))
        return Judged(findings=tuple(findings), follows=weight)
    if row.actual is None and row.actual_number is None:
        return Judged(findings=tuple(findings), follows=score)
    if is_copied(row) or is_deemed(row):
        return Judged(findings=tuple(findings), follows=score)
    verdict = _verdict(row, weight, setting)
    if verdict is None or verdict.code is None:
        return Judged(findings=tuple(findings), follows=score)
    expected = points(weight, verdict.share, setting.policy.rounding)
    findings.append(wording.score(index, row, verdict.code, verdict.severity, expected, setting.policy))
    return Judged(findings=tuple(findings), follows=expected)


def _verdict(row: PrintedRow, weight: Decimal, setting: Setting) -> Verdict | None:
    """The mildest verdict of every meaning that the row may have; None if it cannot be judged."""
    target, actual = target_figure(row), actual_figure(row)
    if target is not None:
        if actual is None:
            return None
        comparison = compare(row, target, actual)
        verdicts = [_of_reading(row, weight, reading, comparison, setting) for reading in comparison.readings]
        return min(verdicts, key=lambda verdict: (verdict.rank, _distance(row, weight, verdict)), default=None)
    return _of_days(row, weight, setting) or _of_words(row, weight, setting)


def _distance(row: PrintedRow, weight: Decimal, verdict: Verdict) -> Fraction:
    return abs(Fraction(row.score or 0) - Fraction(weight) * verdict.share)


def _of_reading(
    row: PrintedRow, weight: Decimal, reading: Reading, comparison: Comparison, setting: Setting
) -> Verdict:
    is_reached = is_met(reading.measured, reading.target, setting.policy)
    share = FULL if is_reached else _share(row, reading, weight, setting.policy)
    if row.score is None:
        return Verdict(code="score-not-following", severity="doubt", share=share)
    if is_reached:
        return _met(row, weight, row.score, setting)
    if row.score == weight:
        found = _full(row, weight, share, setting)
    else:
        found = _partial(row, weight, row.score, share, reading, setting)
    return found if comparison.is_sure else Verdict(code=found.code, severity="doubt", share=share)


def _share(row: PrintedRow, reading: Reading, weight: Decimal, policy: Policy) -> Fraction:
    dimension = next((name for word, name in DIMENSIONS.items() if word in row.dimension), "output")
    scoring = scoring_for(policy, reading.target, dimension, reading.unit)
    return reach(reading.measured, reading.target, policy, scoring, weight)


def _met(row: PrintedRow, weight: Decimal, score: Decimal, setting: Setting) -> Verdict:
    step = step_of(score, Fraction(weight))
    is_explained = row.reason is not None or (step is not None and (step > 0 or setting.finest == 0))
    return Verdict(code=None if is_explained else "met-but-lost", severity="error", share=FULL)


def _full(row: PrintedRow, weight: Decimal, share: Fraction, setting: Setting) -> Verdict:
    exact = Fraction(weight) * share
    step = step_of(weight, exact)
    is_rounded = step is not None and (step > 0 or (is_half_up(weight, exact) and setting.finest == 0))
    if row.reason is not None or is_rounded:
        return Verdict(code=None, severity="doubt", share=share)
    is_conceivable = step == 0 and (setting.finest == 0 or is_half_up(weight, exact))
    return Verdict(code="missed-but-full", severity="doubt" if is_conceivable else "error", share=share)


def _partial(
    row: PrintedRow, weight: Decimal, score: Decimal, share: Fraction, reading: Reading, setting: Setting
) -> Verdict:
    step = step_of(score, Fraction(weight) * share)
    is_rounded = step is not None and (step > 0 or setting.finest == 0)
    is_usual = score in _usual_deductions(weight, reading)
    if is_rounded or _names_deduction(row, weight - score) or (is_usual and row.reason is not None):
        return Verdict(code=None, severity="doubt", share=share)
    is_conceivable = is_usual or step is not None or row.reason is not None
    return Verdict(code="score-not-following", severity="doubt" if is_conceivable else "error", share=share)


def _usual_deductions(weight: Decimal, reading: Reading) -> Iterator[Decimal]:
    """What rules that take points off by the missing unit leave: printed in several provinces, in no national text."""
    if isinstance(reading.target.value, str):
        missing = abs(Fraction(reading.target.value) - reading.measured)
        for deduction in (*DEDUCTIONS, Fraction(weight) * DEDUCTED_PER_POINT):
            left = max(Fraction(weight) - missing * deduction, Fraction(0))
            yield Decimal(left.numerator) / Decimal(left.denominator)


def _names_deduction(row: PrintedRow, lost: Decimal) -> bool:
    """Whether the reason says itself how many points were taken off."""
    found = DEDUCTED.search(row.reason or "")
    return found is not None and (found["points"] is None or Decimal(found["points"]) == lost)


def _of_days(row: PrintedRow, weight: Decimal, setting: Setting) -> Verdict | None:
    target = None if row.target is None else days_of(row.target, setting.year)
    if target is None or row.actual is None or row.score is None:
        return None
    actual = days_of(row.actual, target.year or setting.year)
    if actual is None:
        return None
    if actual.last <= target.last:
        return _met(row, weight, row.score, setting)
    is_late = actual.first > target.last and row.score == weight and row.reason is None
    return Verdict(code="missed-but-full" if is_late else None, severity="error", share=Fraction(0))


def _of_words(row: PrintedRow, weight: Decimal, setting: Setting) -> Verdict | None:
    """Words are a matter of judgement: only what contradicts itself is doubted."""
    if row.score is None:
        return Verdict(code="score-not-following", severity="doubt", share=FULL)
    if row.reason is not None:
        return None
    if is_denied(row) and row.score == weight:
        floor = setting.policy.met_from / 100
        return Verdict(code="missed-but-full", severity="doubt", share=Fraction(floor))
    if is_affirmed(row) and row.score < weight * setting.policy.met_from / 100:
        return Verdict(code="met-but-lost", severity="doubt", share=FULL)
    return None
