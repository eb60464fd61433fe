"""Fills the statutory form from a score and the facts under it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.facts import Facts
from services.evaluation.model import Execution, Indicator, Plan, Policy, Proof, Row, Score
from services.evaluation.rules.forms.layout import Column, Language, Layout, MoneyRow, labelled, word
from services.evaluation.rules.forms.model import Form, IndicatorLine, MoneyLine
from services.evaluation.rules.forms.proving import NO_PROOFS, Proofs, proven
from services.evaluation.rules.formulas import way_of
from services.evaluation.rules.measures.people import latest_rating
from services.evaluation.rules.methods import completion
from services.evaluation.rules.period import Period
from services.evaluation.rules.scoring import rounded, scoring_of
from services.evaluation.rules.showing import Explanations, measured_text, plain, points_text, target_text
from shared.money import fen

FEN_PER_WAN: Final = 1_000_000
PERCENT_DIGITS: Final = 2  # Of the rate of execution, as published forms have it; the score comes from the exact one.
BLANK: Final = "—"
Notes = Mapping[str, Mapping[str, str]]  # What people wrote of single indicators, by code: basis, previous.
NO_NOTES: Final[Notes] = {}
_AND: Final[Mapping[Language, str]] = {"zh": "、", "en": ", "}
_STOPS: Final = ("。", "！", "？", "；", ".", "!", "?", ";")
_ALL_OR_NOTHING: Final = (">", "<", "by")  # No rule says which part of such a target is reached.
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
    notes: Notes = NO_NOTES,
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
        notes: What people wrote of single indicators.
    """
    period = Period.of(plan, facts, score.as_of)
    papers = proven(facts, plan, score, proofs)
    reasons = _AND[language].join(word(reason, language) for reason in score.reasons)
    material = _Material(layout, language, facts, period, score.policy, explanations)
    rows = tuple(
        material.line(row, papers.get(row.indicator.code, ()), notes.get(row.indicator.code, {})) for row in score.rows
    )
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
        rows=rows,
        weight=plain(Fraction(_weight(score))),
        total=points_text(score.total),
        grade=score.grade.zh if language == "zh" else score.grade.en,
        mark="" if score.is_final else labelled(word("provisional", language), reasons, language),
        closing=tuple(material.closing(score, rows)),
        foot=tuple(_foot(score, plan, version, tips, language)),
        as_of=score.as_of,
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
    lines = []
    for name in layout.money_rows:
        if name == "total":
            lines.append(
                MoneyLine(
                    label=layout.word("total", language),
                    initial=wan(sum(initial.values())),
                    annual=wan(execution.budget),
                    executed=wan(execution.spent),
                    weight=plain(Fraction(execution.weight)),
                    rate=f"{format(rounded(execution.rate * 100, PERCENT_DIGITS), 'f')}%",
                    score=points_text(execution.score),
                )
            )
        else:
            lines.append(source_line(name, language, facts, period, execution))
    return lines


def source_line(name: MoneyRow, language: Language, facts: Facts, period: Period, execution: Execution) -> MoneyLine:
    """The funds of one source. What was spent of them is known only where there is but one: payments name none."""
    initial, annual = _source_amounts(facts, None)[name], _source_amounts(facts, period)
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


@dataclass(frozen=True, slots=True)
class _Material:
    """What the rows of the indicators are made from."""

    layout: Layout
    language: Language
    facts: Facts
    period: Period
    policy: Policy
    explanations: Explanations

    def line(self, row: Row, proofs: tuple[Proof, ...], notes: Mapping[str, str]) -> IndicatorLine:
        indicator = row.indicator
        level1, level2 = level_words(indicator, self.language)
        cells: dict[Column, str] = {
            "level1": level1,
            "level2": level2,
            "level3": indicator.name,
            "basis": notes.get("basis", ""),
            "previous": notes.get("previous", ""),
            "target": target_words(indicator),
            "measured": measured_words(row, self.facts, self.period, self.language),
            "completion": _completion(row),
            "rule": self._rule(row),
            "weight": plain(Fraction(indicator.weight)),
            "score": points_text(row.score),
            "evidence": _AND[self.language].join(proof.name for proof in proofs),
            "deviation": deviation_words(self.explanations.get(row.deviation or ""), self.language),
        }
        shown = {*self.layout.columns, "deviation"}  # Told in any layout, though some print it below the total.
        return IndicatorLine(
            code=indicator.code, cells={name: text for name, text in cells.items() if name in shown}, proofs=proofs
        )

    def _rule(self, row: Row) -> str:
        indicator = row.indicator
        scoring = scoring_of(indicator, self.policy)
        zh, en = way_of(indicator.target, scoring, indicator.weight, self.policy)
        return zh.replace(",", "，") if self.language == "zh" else en

    def closing(self, score: Score, rows: Sequence[IndicatorLine]) -> Iterator[tuple[str, str]]:
        """The rows below the total: why, where no column says it, and the papers, where none lists them."""
        missed = [(row.indicator.name, self.explanations.get(row.deviation or "")) for row in score.rows]
        execution = self.layout.word("execution", self.language), self.explanations.get(score.execution.deviation or "")
        for name, part in zip(("causes", "remedies"), ("reason", "remedy"), strict=True):
            if name in self.layout.closing:
                found = [(subject, words[part]) for subject, words in (execution, *missed) if words is not None]
                yield self.layout.word(name, self.language), self._list(found)
        if "causes" not in self.layout.closing and execution[1] is not None:
            text = deviation_words(execution[1], self.language)
            yield self._of("execution", "deviation"), text
        if "evidence" not in self.layout.columns and any(row.proofs for row in rows):
            found = [
                (row.cells["level3"], _AND[self.language].join(each.name for each in row.proofs))
                for row in rows
                if row.proofs
            ]
            yield self.layout.word("evidence", self.language), self._list(found)

    def _of(self, *names: str) -> str:
        return ("" if self.language == "zh" else ": ").join(self.layout.word(name, self.language) for name in names)

    def _list(self, found: Sequence[tuple[str, str]]) -> str:
        return "\n".join(labelled(subject, text, self.language) for subject, text in found)


def target_words(indicator: Indicator) -> str:
    """A target as people write it, with its unit."""
    return target_text(indicator.target) + ("" if indicator.target.op in ("by", "level") else indicator.unit)


def level_words(indicator: Indicator, language: Language) -> tuple[str, str]:
    """An indicator's first and second level (一级指标, 二级指标)."""
    first = word(_DIMENSIONS.get(indicator.dimension, indicator.dimension), language)
    return first, word(indicator.aspect, language)


def measured_words(row: Row, facts: Facts, period: Period, language: Language) -> str:
    """What was measured as people write it, with its unit; or that there is nothing, or that nothing occurred."""
    if row.is_vacuous:
        return word("vacuous", language)
    if row.measured is None:
        return word("nothing", language)
    if row.indicator.target.op == "level":
        rating = latest_rating(facts, period, row.indicator.code)
        assert rating is not None  # It is what was measured.
        percent, level = f"{plain(row.measured)}%", word(f"{rating.level}_level", language)
        return f"{level}（{percent}）" if language == "zh" else f"{level} ({percent})"
    return (measured_text(row) or "") + ("" if row.indicator.target.op == "by" else row.indicator.unit)


def _completion(row: Row) -> str:
    if row.measured is None:
        return BLANK
    if row.indicator.target.op == "level":
        return f"{plain(row.measured)}%"
    if row.indicator.target.op in _ALL_OR_NOTHING:
        return "100%" if row.status == "met" else BLANK
    return f"{plain(Fraction(rounded(completion(row.measured, row.indicator.target) * 100, PERCENT_DIGITS)))}%"


def deviation_words(words: Mapping[str, str] | None, language: Language) -> str:
    """Reason and remedy of a deviation as one text; empty without one."""
    if words is None:
        return ""
    return f"{words['reason']}{stop(words['reason'], ('；', '; '), language)}{words['remedy']}"


def stop(text: str, marks: tuple[str, str], language: Language) -> str:
    """What stands between *text* and the next: one of *marks*, Chinese and English, unless it ends with one itself."""
    if text.rstrip().endswith(_STOPS):
        return "" if language == "zh" else " "
    return marks[language != "zh"]


def _foot(score: Score, plan: Plan, version: int, tips: Sequence[str], language: Language) -> list[str]:
    tips_line = labelled(word("tips", language), "", language).rstrip()
    return [*origin_lines(score, plan, version, language), tips_line, *tips, word("verify", language)]


def origin_lines(score: Score, plan: Plan, version: int, language: Language) -> list[str]:
    """Lines of a foot: the policy, the moment, and the version of the score."""
    policy = score.policy.title_zh if language == "zh" else score.policy.title_en
    moment = labelled(word("as_of", language), score.as_of.isoformat(timespec="seconds"), language)
    number = labelled(word("version", language), str(version), language)
    return [labelled(word("policy", language), f"{policy} ({plan.policy})", language), f"{moment}   {number}"]
