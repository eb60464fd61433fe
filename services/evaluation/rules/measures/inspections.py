"""Measures over inspections and the rectification of what they found."""

from collections.abc import Mapping
from fractions import Fraction

from services.evaluation.facts import Facts
from services.evaluation.rules.measures.base import Measured, Term, quotient
from services.evaluation.rules.period import Period


def inspections(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    Inspections held (检查次数).

    Unit: inspections.
    Bounds: from 0.
    Pending: while the window is open and none was held; 0 when it is over.
    Source: interfaces, "Measures".
    """
    held = [found.origin for found in facts.inspections.values() if period.has(found.origin)]
    total = Fraction(len(held))
    return Measured(
        value=total if held else None,
        terms=(Term("检查次数", "inspections held", total),),
        formula=("检查次数", "inspections held"),
        expression="a",
        range=(total, None),
        evidence=tuple((origin, Fraction(1)) for origin in held),
    )


def rectification_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of findings that were put right (问题整改率).

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: while the window is open and nothing was found; vacuously met when it is over.
    Source: interfaces, "Measures".
    """
    held = [found for found in facts.inspections.values() if period.has(found.origin)]
    closures = [
        (found.rectification, Fraction(found.findings))
        for found in held
        if found.rectification is not None and period.has(found.rectification)
    ]
    findings = Fraction(sum(found.findings for found in held))
    rectified = sum((count for _, count in closures), Fraction(0))
    return Measured(
        value=quotient(rectified, findings),
        terms=(
            Term("已整改问题数", "findings rectified", rectified),
            Term("发现问题数", "findings", findings),
        ),
        formula=("已整改问题数 ÷ 发现问题数", "findings rectified ÷ findings"),
        expression="a / b",
        evidence=(*((found.origin, Fraction(0)) for found in held), *closures),
    )
