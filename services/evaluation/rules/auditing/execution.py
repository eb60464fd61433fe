"""What the budget execution of a table says that does not hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.model import Policy
from services.evaluation.rules.auditing import wording
from services.evaluation.rules.auditing.figures import figure_of
from services.evaluation.rules.auditing.model import Finding, PrintedExecution, Severity
from services.evaluation.rules.auditing.rounding import decimals, is_half_up, step_of
from services.evaluation.rules.methods import FULL
from services.evaluation.rules.scoring import execution_share, points, rounded

HUNDRED: Final = 100
SOURCES_SLACK: Final = Decimal("0.02")  # Of amounts that are each printed with two decimals.
PRINTED_APART: Final = Fraction(1, 100)  # No rounding moves a printed rate further from the exact one.


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedExecution:
    """Findings, and the points that follow; None where there are none."""

    findings: tuple[Finding, ...]
    follows: Decimal | None


def judge_execution(execution: PrintedExecution, policy: Policy, finest: int) -> JudgedExecution:
    """Judge budget execution: amounts, rate and score, each by the one before."""
    exact = _rate(execution)
    findings = [*_sources(execution), *_amounts(execution, exact), *_printed_rate(execution, exact)]
    score, weight = execution.score, execution.weight
    if weight is None:
        if score is not None:
            findings.append(wording.execution_weight_missing(execution))
        return JudgedExecution(findings=tuple(findings), follows=score)
    if score is not None and score > weight:
        findings.append(wording.above_weight(None, "execution.score", score, weight))
        return JudgedExecution(findings=tuple(findings), follows=weight)
    readings = _readings(execution.rate)
    rates = [exact] if exact is not None else readings
    if not rates or (score is None and exact is not None and exact > 1):
        return JudgedExecution(findings=tuple(findings), follows=score)
    # A score may rest on the rate as it is printed, 94 %, as well as on the exact one, 93.97 %.
    conceivable = [*rates, *(rate for rate in readings if exact is not None and abs(rate - exact) <= PRINTED_APART)]
    if score is not None and (
        any(_follows(score, weight, execution_share(rate, policy, weight), finest) for rate in conceivable)
        or (exact is None and any(_is_within(score, weight, rate, execution, policy) for rate in rates))
    ):
        return JudgedExecution(findings=tuple(findings), follows=score)
    expected = points(weight, execution_share(rates[-1], policy, weight), policy.rounding)
    is_rounded = (
        score is None or step_of(score, Fraction(weight) * execution_share(rates[-1], policy, weight)) is not None
    )
    severity: Severity = "doubt" if is_rounded else "error"
    findings.append(wording.execution_score(execution, rates[-1], expected, severity, policy))
    return JudgedExecution(findings=tuple(findings), follows=expected)


def _is_within(score: Decimal, weight: Decimal, rate: Fraction, execution: PrintedExecution, policy: Policy) -> bool:
    """Whether *score* may come from a rate that is printed as *rate*, the amounts not being known."""
    [number] = _number(execution.rate)
    unit = Fraction(1, 10 ** decimals(number)) * (rate / Fraction(number) if number else 0)
    low, high = (Fraction(weight) * execution_share(each, policy, weight) for each in (rate - unit, rate + unit))
    upwards = ROUND_HALF_UP if score == weight else ROUND_UP
    digits = decimals(score)
    return rounded(low, digits, ROUND_DOWN) <= score <= rounded(high, digits, upwards)


def _rate(execution: PrintedExecution) -> Fraction | None:
    if execution.annual is None or execution.executed is None or execution.annual <= 0:
        return None
    return Fraction(execution.executed) / Fraction(execution.annual)


def _sources(execution: PrintedExecution) -> Iterator[Finding]:
    """The single sources beside what they should add up to; a doubt, for some tables print a part of a part."""
    for name, total in execution.sources.items():
        printed: Decimal | None = getattr(execution, name)
        if printed is not None and abs(printed - total) > SOURCES_SLACK:
            yield wording.sources(name, printed, total)


def _amounts(execution: PrintedExecution, exact: Fraction | None) -> Iterator[Finding]:
    if execution.annual is not None and execution.annual <= 0:
        yield wording.zero_budget(execution)
    elif exact is not None and exact > 1:
        yield wording.overspent(execution, exact)


def _printed_rate(execution: PrintedExecution, exact: Fraction | None) -> Iterator[Finding]:
    if execution.rate is None:
        return
    rates = _readings(execution.rate)
    if exact is None:
        if execution.annual is None and rates and not any(0 <= rate <= 1 for rate in rates):
            yield wording.rate_out_of_range(execution.rate)
    elif rates and not _is_printed(execution, exact):
        initial = Fraction(execution.initial or 0)
        is_of_initial = initial > 0 and _is_printed(execution, Fraction(execution.executed or 0) / initial)
        yield wording.rate(execution, exact, is_of_initial=is_of_initial)


def _readings(text: str | None) -> list[Fraction]:
    """A printed rate as a share of one: 92.08%, 92.08 and 0.9208 are the same; the likeliest last."""
    found = None if text is None else figure_of(text)
    if found is None or len(found.numbers) != 1:
        return []
    [number] = found.numbers
    if found.has_unit or number > 1:
        return [number * found.factor / HUNDRED]
    return [number / HUNDRED, number] if number > 0 else [number]


def _is_printed(execution: PrintedExecution, exact: Fraction) -> bool:
    """Whether *exact* may be printed as the table has it; a rate above 100 % may be printed as 100 %."""
    found = figure_of(execution.rate or "")
    assert found is not None
    [printed] = _number(execution.rate)
    digits = decimals(printed)
    # 99.50 is printed 99.5: what ends in zeros has fewer digits. A share of one has two digits at least.
    in_percent = any(_is_rounded(printed, each * HUNDRED, digits, digits + 3) for each in (exact, min(exact, FULL)))
    least = max(digits, 2)
    is_share = not found.has_unit and any(
        _is_rounded(printed, each, least, least + 3) for each in (exact, min(exact, FULL))
    )
    return in_percent or is_share


def _number(text: str | None) -> list[Decimal]:
    """The number of a printed rate, as many digits as it has."""
    found = figure_of(text or "")
    return [] if found is None else [Decimal(each.numerator) / Decimal(each.denominator) for each in found.numbers]


def _is_rounded(printed: Decimal, exact: Fraction, first: int, end: int) -> bool:
    return any(
        printed in (rounded(exact, digits, ROUND_DOWN), rounded(exact, digits, ROUND_UP))
        for digits in range(first, end)
    )


def _follows(score: Decimal, weight: Decimal, share: Fraction, finest: int) -> bool:
    exact = Fraction(weight) * share
    step = step_of(score, exact)
    if step != 0 or score != weight or share == FULL:
        return step is not None
    return is_half_up(score, exact) and finest == 0  # 92 % for the full ten points is no rounding of anything.
