"""Measures over complaints, surveys, and what people rate and report."""

from collections.abc import Mapping
from fractions import Fraction

from services.evaluation.facts import Facts, Rating
from services.evaluation.rules.measures.base import Measured, Term, quotient
from services.evaluation.rules.period import Period


def complaint_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    Complaints for each service used (投诉率).

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: from 0.
    Pending: while no service was counted, also when the window is over.
    Source: interfaces, "Measures".
    """
    complaints = [(found.origin, Fraction(1)) for found in facts.complaints.values() if period.has(found.origin)]
    counted = [(origin, Fraction(count)) for origin, count in facts.service_counts if period.has(origin)]
    filed, services = Fraction(len(complaints)), sum((count for _, count in counted), Fraction(0))
    return Measured(
        value=quotient(filed, services),
        terms=(Term("投诉件数", "complaints", filed), Term("服务次数", "services counted", services)),
        formula=("投诉件数 ÷ 服务次数", "complaints ÷ services counted"),
        expression="a / b",
        evidence=(*complaints, *counted),
    )


def complaint_closure_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of complaints that are closed (投诉办结率).

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: while the window is open and nobody complained; vacuously met when it is over.
    Source: interfaces, "Measures".
    """
    filed = [found for found in facts.complaints.values() if period.has(found.origin)]
    states = [(found, found.closure is not None and period.has(found.closure)) for found in filed]
    closed = Fraction(sum(state for _, state in states))
    return Measured(
        value=quotient(closed, Fraction(len(filed))),
        terms=(
            Term("已办结投诉件数", "complaints closed", closed),
            Term("投诉件数", "complaints filed", Fraction(len(filed))),
        ),
        formula=("已办结投诉件数 ÷ 投诉件数", "complaints closed ÷ complaints filed"),
        expression="a / b",
        evidence=(
            *((found.origin, Fraction(state)) for found, state in states),
            *((found.closure, Fraction(0)) for found, state in states if found.closure is not None and state),
        ),
    )


def satisfaction_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of survey answers that were satisfied (满意率), of one survey or of all.

    Answers count whenever they were collected.

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: without an answer, also when the window is over.
    Source: interfaces, "Precise points".
    """
    survey = arguments.get("survey")
    found = [
        answers
        for answers in facts.surveys
        if period.had_happened(answers.origin) and (survey is None or answers.survey == survey)
    ]
    satisfied = Fraction(sum(answers.satisfied for answers in found))
    answered = Fraction(sum(answers.answered for answers in found))
    return Measured(
        value=quotient(satisfied, answered),
        terms=(Term("满意人次", "satisfied", satisfied), Term("答卷人次", "answered", answered)),
        formula=("满意人次 ÷ 答卷人次", "satisfied ÷ answered"),
        expression="a / b",
        evidence=tuple((answers.origin, Fraction(answers.satisfied)) for answers in found),
    )


def rating(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The percent of the latest rating of this indicator (定性指标评定).

    A rating counts whenever it was given.

    Unit: percent.
    Bounds: 0 to 100.
    Pending: without a rating, also when the window is over.
    Source: 财预〔2020〕10号, the three bands of qualitative indicators.
    """
    latest = latest_rating(facts, period, arguments["code"])
    if latest is None:
        return Measured(value=None)
    percent = Fraction(latest.percent)
    return Measured(
        value=percent,
        terms=(Term("最近一次评定比例(%)", "percent of the latest rating", percent),),
        formula=("最近一次评定", "the latest rating"),
        expression="a",
        evidence=((latest.origin, percent),),
    )


def latest_rating(facts: Facts, period: Period, code: str) -> Rating | None:
    """The rating of the indicator *code* that holds, or None if none was given."""
    given = [found for found in facts.ratings if found.code == code and period.had_happened(found.origin)]
    return max(given, key=lambda found: (found.origin.time, found.origin.sequence), default=None)


def reported(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The latest value that was reported by hand (填报值), for what no event measures; the score says `self_reported`.

    A value counts whenever it was reported.

    Unit: the indicator's.
    Bounds: none.
    Pending: without a report, also when the window is over.
    Source: interfaces, "Measures".
    """
    code = arguments["code"]
    given = [found for found in facts.measurements if found.code == code and period.had_happened(found.origin)]
    if not given:
        return Measured(value=None)
    latest = max(given, key=lambda found: (found.origin.time, found.origin.sequence))
    value = Fraction(latest.value)
    return Measured(
        value=value,
        terms=(Term("最近一次填报值", "the value reported last", value),),
        formula=("最近一次填报值", "the value reported last"),
        expression="a",
        evidence=((latest.origin, value),),
    )
