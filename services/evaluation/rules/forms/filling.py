"""Fills the statutory form from a score and the facts under it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.facts import Facts
from services.evaluation.model import Execution, Indicator, Plan, Policy, Proof, Row, Score
from services.evaluation.rules.forms.layout import Column, Language, Layout, MoneyRow, word
from services.evaluation.rules.forms.model import Form, IndicatorLine, MoneyLine
from services.evaluation.rules.forms.proving import NO_PROOFS, Proofs, proven
from services.evaluation.rules.formulas import way_of
from services.evaluation.rules.period import Period
from services.evaluation.rules.scoring import rounded, scoring_of
from services.evaluation.rules.showing import Explanations, measured_text, plain, points_text, target_text
from shared.money import fen

FEN_PER_WAN: Final = 1_000_000
PERCENT_DIGITS: Final = 2  # Of the rate of execution, as published forms have it; the score comes from the exact one.
BLANK: Final = "—"
_DIMENSIONS: Final[Mapping[str, str]] = {"satisfaction": "satisfaction_dimension", "cost": "cost_dimension"}


def fill(
    layout: Layout,
    language: Language,
    *,
    score: Score,
    plan: Plan,
    facts: Facts,
    version: int,
    explanations: Explanations,
    achieved: str,
    tips: Sequence[str],
    proofs: Proofs = NO_PROOFS,
) -> Form:
    """
    The form of a project as of the score's moment.

    Args:
        layout: Which columns and rows it has.
        language: Of everything printed that the platform itself writes.
        score: The score it shows.
        plan: What was promised.
        facts: What happened.
        version: Of the score.
        explanations: The words of deviations by id.
        achieved: What people wrote of the objective's achievement; empty if nothing.
        tips: Where the logs stand, a line each.
        proofs: The papers that back what happened, and indicators themselves.
    """
    period = Period.of(plan, facts, score.as_of)
    papers = proven(facts, plan, score, proofs)
    comma, colon = ("、", "：") if language == "zh" else (", ", ": ")
    reasons = comma.join(word(reason, language) for reason in score.reasons)
    return Form(
        layout=layout,
        language=language,
        title=layout.title[language],
        year=word("year", language).format(year=plan.fiscal_year),
        project=facts.name or plan.title,
        department=facts.department,
        unit=facts.unit,
        money=tuple(_money_lines(layout, language, score.execution, facts, period)),
        expected=plan.objective,
        achieved=achieved or word("missing", language),
        rows=tuple(
            _line(row, facts, score.policy, layout, language, explanations, papers.get(row.indicator.code, ()))
            for row in score.rows
        ),
        weight=plain(Fraction(_weight(score))),
        total=points_text(score.total),
        grade=score.grade.zh if language == "zh" else score.grade.en,
        mark="" if score.is_final else f"{word('provisional', language)}{colon}{reasons}",
        foot=tuple(_foot(score, plan, version, tips, language)),
    )


def wan(amount: int) -> str:
    """An amount in 万元, exact."""
    return plain(Fraction(amount, FEN_PER_WAN))


def _weight(score: Score) -> Decimal:
    return sum((row.indicator.weight for row in score.rows), score.execution.weight)


def _money_lines(
    layout: Layout, language: Language, execution: Execution, facts: Facts, period: Period
) -> list[MoneyLine]:
    initial = _source_amounts(facts, None)
    annual = _source_amounts(facts, period)
    lines = []
    for name in layout.money_rows:
        if name == "total":
            lines.append(
                MoneyLine(
                    label=word("total", language),
                    initial=wan(sum(initial.values())),
                    annual=wan(execution.budget),
                    executed=wan(execution.spent),
                    weight=plain(Fraction(execution.weight)),
                    rate=f"{format(rounded(execution.rate * 100, PERCENT_DIGITS), 'f')}%",
                    score=points_text(execution.score),
                )
            )
        else:
            lines.append(_source_line(name, language, initial[name], annual, execution))
    return lines


def _source_line(
    name: MoneyRow, language: Language, initial: int, annual: Mapping[str, int], execution: Execution
) -> MoneyLine:
    """Of one source. What was spent is known by source only where there is but one: payments name none."""
    is_only = annual[name] > 0 and annual[name] == sum(annual.values())
    return MoneyLine(
        label=word(name, language),
        initial=wan(initial),
        annual=wan(annual[name]),
        executed=wan(execution.spent) if is_only else "0" if annual[name] == 0 and initial == 0 else BLANK,
        weight=BLANK,
        rate=BLANK,
        score=BLANK,
    )


def _source_amounts(facts: Facts, period: Period | None) -> dict[str, int]:
    """Fen by row of the form: as first declared, or as adjusted by the end of *period*; own funds are 其他."""
    found = [sources for _, sources in facts.sources[:1]]
    if period is not None:
        found += [sources for origin, sources in facts.sources[1:] if period.had_happened(origin)]
    if not found:
        return {"fiscal": 0, "carry_over": 0, "other": 0}
    last = found[-1]
    return {
        "fiscal": fen(last.fiscal),
        "carry_over": fen(last.carry_over),
        "other": fen(last.other) + fen(last.self_raised),
    }


def _line(
    row: Row,
    facts: Facts,
    policy: Policy,
    layout: Layout,
    language: Language,
    explanations: Explanations,
    proofs: tuple[Proof, ...],
) -> IndicatorLine:
    indicator = row.indicator
    level1, level2 = level_words(indicator, language)
    cells: dict[Column, str] = {
        "level1": level1,
        "level2": level2,
        "level3": indicator.name,
        "target": target_text(indicator.target) + ("" if indicator.target.op in ("by", "level") else indicator.unit),
        "measured": measured_words(row, facts, language),
        "completion": _completion(row),
        "rule": _rule(row, policy, language),
        "weight": plain(Fraction(indicator.weight)),
        "score": points_text(row.score),
        "evidence": ("、" if language == "zh" else ", ").join(proof.name for proof in proofs),
        "deviation": _deviation(explanations.get(row.deviation or "")),
    }
    return IndicatorLine(code=indicator.code, cells={name: cells[name] for name in layout.columns}, proofs=proofs)


def _rule(row: Row, policy: Policy, language: Language) -> str:
    indicator = row.indicator
    zh, en = way_of(indicator.target, scoring_of(indicator, policy), indicator.weight, policy)
    return zh if language == "zh" else en


def level_words(indicator: Indicator, language: Language) -> tuple[str, str]:
    """An indicator's first and second level (一级指标, 二级指标)."""
    first = word(_DIMENSIONS.get(indicator.dimension, indicator.dimension), language)
    return first, word(indicator.aspect, language)


def measured_words(row: Row, facts: Facts, language: Language) -> str:
    """What was measured as people write it, with its unit; or that there is nothing, or that nothing occurred."""
    if row.is_vacuous:
        return word("vacuous", language)
    if row.measured is None:
        return word("nothing", language)
    if row.indicator.target.op == "level":
        given = [each for each in facts.ratings if each.code == row.indicator.code]
        levels = [each.level for each in given if Fraction(each.percent) == row.measured]
        return (
            f"{word(f'{levels[-1]}_level', language)} ({plain(row.measured)}%)" if levels else f"{plain(row.measured)}%"
        )
    return (measured_text(row) or "") + ("" if row.indicator.target.op == "by" else row.indicator.unit)


def _completion(row: Row) -> str:
    return BLANK if row.measured is None else f"{plain(row.share * 100)}%"


def _deviation(words: Mapping[str, str] | None) -> str:
    return "" if words is None else f"{words['reason']};{words['remedy']}"


def _foot(score: Score, plan: Plan, version: int, tips: Sequence[str], language: Language) -> list[str]:
    policy = score.policy.title_zh if language == "zh" else score.policy.title_en
    moment = score.as_of.isoformat(timespec="seconds")
    return [
        f"{word('policy', language)}: {policy} ({plan.policy})",
        f"{word('as_of', language)}: {moment}   {word('version', language)}: {version}",
        f"{word('tips', language)}:",
        *tips,
        word("verify", language),
    ]
