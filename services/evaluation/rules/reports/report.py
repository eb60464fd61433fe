"""Writes the self-evaluation report (自评报告): six parts, each sentence made of the figures it states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import floor, log10
from typing import Final

from services.evaluation.facts import Facts
from services.evaluation.model import Plan, Row, Score
from services.evaluation.rules.evaluating import EXECUTION
from services.evaluation.rules.forms.filling import stop, wan
from services.evaluation.rules.forms.layout import Language, labelled, printable, word
from services.evaluation.rules.measures import MEASURES
from services.evaluation.rules.period import Period
from services.evaluation.rules.reports.contracts import amount_of, contract_table
from services.evaluation.rules.reports.course import Month, months, spent_by_line
from services.evaluation.rules.reports.model import Block, Chart, Heading, Paragraph, Report, Series, Table
from services.evaluation.rules.reports.words import say
from services.evaluation.rules.scoring import rounded
from services.evaluation.rules.showing import Explanations, measured_text, plain, points_text, target_text
from shared.dates import zone
from shared.money import fen

DIGITS: Final = 2  # Of rates and hours in a sentence.
PERCENT: Final = 100
LEAST_SHOWN: Final = 0.01  # By an axis.
ROUND_STEPS: Final = (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15)  # The last one, should a logarithm be a hair too small.


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """
    What a report is written from.

    Attributes:
        score: As of the report's moment.
        plan: What was promised.
        facts: What happened.
        score_at: The score of the same project as of another moment.
        version: Of the score.
        explanations: The words of deviations by id.
        narrative: What people wrote, by section.
        language: Of everything that the platform itself writes.
    """

    score: Score
    plan: Plan
    facts: Facts
    score_at: Callable[[datetime], Score]
    version: int
    explanations: Explanations
    narrative: Mapping[str, str]
    language: Language

    @property
    def period(self) -> Period:
        return Period.of(self.plan, self.facts, self.score.as_of)

    @property
    def day(self) -> str:
        """The day that the report speaks of; in its window."""
        return self.score.as_of.astimezone(zone(self.period.time_zone)).date().isoformat()

    def say(self, pattern: str, /, **figures: object) -> str:
        return say(pattern, self.language, **figures)


def write(material: Material) -> Report:
    """The report of a project as of the score's moment."""
    score, plan = material.score, material.plan
    name = material.facts.name or plan.title
    reasons = ("、" if material.language == "zh" else ", ").join(
        word(reason, material.language) for reason in score.reasons
    )
    report = Report(
        language=material.language,
        title=material.say("title"),
        subtitle=printable(material.say("subtitle", name=name, year=plan.fiscal_year, day=material.day)),
        mark="" if score.is_final else material.say("provisional", reasons=reasons),
    )
    course = months(material.facts, material.period, material.score_at)
    parts: tuple[tuple[str, Callable[[Material, list[Month]], list[Block]]], ...] = (
        ("overview", _overview),
        ("funds", _funds),
        ("organisation", _organisation),
        ("results", _results),
        ("other", _other),
        ("work", _work),
    )
    for section, blocks_of in parts:
        report.blocks.append(Heading(material.say(section)))
        report.blocks += blocks_of(material, course)
        report.blocks += _written(material, section)
    return report


def _written(material: Material, section: str) -> list[Block]:
    """What people wrote of a part, a paragraph a line; or the mark that they wrote nothing."""
    words = [line.strip() for line in printable(material.narrative.get(section, "")).splitlines()]
    found: list[Block] = [Paragraph(line, "written") for line in words if line]
    return found or [_missing(material, section)]


def _missing(material: Material, what: str) -> Paragraph:
    return Paragraph(material.say("missing", what=material.say(f"what.{what}")), "missing")


def _sentence(material: Material, pattern: str, /, **figures: object) -> Paragraph:
    return Paragraph(printable(material.say(pattern, **figures)))


def _overview(material: Material, course: list[Month]) -> list[Block]:
    facts, plan = material.facts, material.plan
    if facts.initial_budget is None:
        about = _sentence(material, "undeclared", day=material.day)
    else:
        about = _sentence(
            material,
            "about",
            department=facts.department,
            unit=facts.unit,
            first=plan.starts_on,
            last=plan.ends_on,
        )
    return [about, _sentence(material, "objective", objective=plan.objective)]


def _funds(material: Material, course: list[Month]) -> list[Block]:
    execution, facts = material.score.execution, material.facts
    is_adjusted = any(material.period.had_happened(origin) for origin, _ in facts.adjustments)
    told = "money.undeclared" if facts.initial_budget is None else "money" if is_adjusted else "money.plain"
    blocks: list[Block] = [
        _sentence(
            material,
            told,
            initial=wan(0 if facts.initial_budget is None else facts.initial_budget[1]),
            budget=wan(execution.budget),
            day=material.day,
            received=wan(execution.received),
            spent=wan(execution.spent),
            rate=percent(execution.rate),
            score=points_text(execution.score),
            weight=plain(Fraction(execution.weight)),
            surplus=wan(execution.surplus),
        )
    ]
    if execution.spent > execution.budget and facts.initial_budget is not None:
        blocks.append(_sentence(material, "overspent"))
    if execution.received == execution.spent == 0:
        blocks.append(_sentence(material, "no_money", day=material.day))
    blocks += _lines(material)
    moved = [month for month in course if month.received or month.spent]
    if moved:
        head = tuple(material.say(name) for name in ("month", "received", "spent", "to_date"))
        rows = tuple((month.name, wan(month.received), wan(month.spent), wan(month.to_date)) for month in moved)
        blocks.append(Table(material.say("months"), head, rows, (1, 1, 1, 1)))
    return blocks + _course(material, course)


def scale(most: float) -> float:
    """Where an axis from 0 ends whose quarters have round names and that holds *most*."""
    if most < LEAST_SHOWN:
        return 1.0
    tens = 10.0 ** floor(log10(most / 4))
    return next(4 * step * tens for step in ROUND_STEPS if most <= 4 * step * tens)


def _lines(material: Material) -> list[Block]:
    facts, period = material.facts, material.period
    told = [lines for origin, lines in facts.lines[1:] if period.had_happened(origin) and lines]
    lines = told[-1] if told else facts.lines[0][1] if facts.lines else ()
    spent = spent_by_line(facts, period)
    rows: list[tuple[str, int, int]] = [(line.name, fen(line.amount), spent.pop(line.line, 0)) for line in lines]
    rows += [(line, 0, amount) for line, amount in spent.items()]
    if not rows:
        return []
    rows.append((material.say("sum"), sum(row[1] for row in rows), sum(row[2] for row in rows)))
    head = tuple(material.say(name) for name in ("line", "budget", "spent", "rate"))
    texts = tuple(
        (printable(name), wan(budget), wan(paid), f"{percent(Fraction(paid, budget))}%" if budget else "—")
        for name, budget, paid in rows
    )
    return [Table(material.say("lines"), head, texts, (3, 1, 1, 1))]


def _course(material: Material, course: list[Month]) -> list[Block]:
    if not course:
        return []
    rates = tuple(float(rounded(month.score.execution.rate * PERCENT, DIGITS)) for month in course)
    totals = tuple(float(month.score.total) for month in course)
    series = (Series(material.say("course.rate"), rates), Series(material.say("course.score"), totals))
    top = scale(max(float(material.score.policy.full), 100.0, *rates, *totals))
    labels = tuple(month.name for month in course)
    return [Chart(material.say("course"), "lines", labels, series, top, "")]


def _organisation(material: Material, course: list[Month]) -> list[Block]:
    period = material.period
    contracts = [each for each in material.facts.contracts.values() if period.has(each.origin)]
    if not contracts:
        return [_sentence(material, "no_contracts", day=material.day)]
    outcomes = [each.has_passed for one in contracts for each in one.acceptances if period.has(each.origin)]
    blocks: list[Block] = [
        _sentence(
            material,
            "contracts",
            count=len(contracts),
            amount=wan(sum(amount_of(each, period) for each in contracts)),
            inspections=len(outcomes),
            passed=sum(outcomes),
            failed=len(outcomes) - sum(outcomes),
        )
    ]
    ended = sum(each.termination is not None and period.has_changed(each.termination[0]) for each in contracts)
    if ended:
        blocks.append(_sentence(material, "terminated", count=ended))
    rows = []
    for method in dict.fromkeys(each.method for each in contracts):
        own = [each for each in contracts if each.method == method]
        amounts = [(amount_of(each, period), each.is_government_procurement) for each in own]
        by_government = sum(amount for amount, is_by_government in amounts if is_by_government)
        total = sum(amount for amount, _ in amounts)
        rows.append((material.say(method), str(len(own)), wan(total), wan(by_government)))
    head = tuple(material.say(name) for name in ("method", "count", "amount", "government"))
    methods = Table(material.say("methods"), head, tuple(rows), (2, 1, 1, 1))
    return [*blocks, methods, contract_table(material.facts, period, material.language)]


def _results(material: Material, course: list[Month]) -> list[Block]:
    score = material.score
    states = [row.status for row in score.rows]
    blocks: list[Block] = [
        _sentence(
            material,
            "total",
            day=material.day,
            total=points_text(score.total),
            full=plain(Fraction(score.policy.full)),
            grade=score.grade.zh if material.language == "zh" else score.grade.en,
            count=len(states),
            met=states.count("met"),
            missed=states.count("missed"),
            pending=states.count("pending"),
        ),
        _indicators(material),
        Heading(material.say("unmet"), 2),
        *_unmet(material),
        Heading(material.say("operation"), 2),
        *_faults(material, course),
        *_people(material),
    ]
    return blocks


def _indicators(material: Material) -> Table:
    execution = material.score.execution
    head = tuple(material.say(name) for name in ("indicator", "target", "measured", "weight", "score", "status"))
    first = (
        material.say("execution"),
        "100%",
        f"{percent(execution.rate)}%",
        plain(Fraction(execution.weight)),
        points_text(execution.score),
        "—",
    )
    rows = tuple(
        (
            printable(row.indicator.name),
            printable(target_of(row)),
            printable(measured_of(row, material.language)),
            plain(Fraction(row.indicator.weight)),
            points_text(row.score),
            material.say(row.status),
        )
        for row in material.score.rows
    )
    return Table(material.say("indicators"), head, (first, *rows), (6, 3, 3, 2, 2, 2))


def target_of(row: Row) -> str:
    """A row's target with its unit."""
    indicator = row.indicator
    return target_text(indicator.target) + ("" if indicator.target.op in ("by", "level") else indicator.unit)


def measured_of(row: Row, language: Language) -> str:
    """A row's measured value with its unit, or that there is none."""
    if row.is_vacuous:
        return say("vacuous", language)
    if row.measured is None:
        return say("pending", language)
    if row.indicator.target.op == "level":
        return f"{plain(row.measured)}%"
    return (measured_text(row) or "") + ("" if row.indicator.target.op == "by" else row.indicator.unit)


def _unmet(material: Material) -> list[Block]:
    missed = [row for row in material.score.rows if row.status == "missed"]
    if not missed:
        is_all = all(row.status == "met" for row in material.score.rows)
        return [_sentence(material, "all_met")] if is_all else [Paragraph("—")]
    blocks: list[Block] = []
    for row in missed:
        figures = {
            "name": row.indicator.name,
            "target": target_of(row),
            "measured": measured_of(row, material.language),
            "score": points_text(row.score),
            "weight": plain(Fraction(row.indicator.weight)),
        }
        blocks.append(_sentence(material, "unmet.row", **figures))
        blocks.append(_why(material, row.deviation))
    return blocks


def _why(material: Material, deviation: str | None) -> Paragraph:
    words = material.explanations.get(deviation or "")
    if words is None:
        return _missing(material, "reason")
    return Paragraph(printable(_explained(material, words)), "written")


def _explained(material: Material, words: Mapping[str, str]) -> str:
    reason = words["reason"]
    between = stop(reason, ("。", ". "), material.language)
    return material.say("why", reason=reason, stop=between, remedy=words["remedy"])


def _faults(material: Material, course: list[Month]) -> list[Block]:
    facts, period = material.facts, material.period
    resolved, opened = (term.value for term in MEASURES["fault_resolution_rate"].find(facts, period, {}).terms)
    if not opened:
        return [_sentence(material, "no_faults", day=material.day)]
    longest, mean = (
        MEASURES["response_hours"].find(facts, period, {"statistic": statistic}).value for statistic in ("max", "mean")
    )
    values = tuple(None if each.response is None else float(rounded(each.response, DIGITS)) for each in course)
    labels = tuple(month.name for month in course)
    top = scale(max((value for value in values if value is not None), default=0))
    return [
        _sentence(
            material,
            "faults",
            count=opened,
            resolved=resolved,
            longest=number(longest or Fraction(0)),
            mean=number(mean or Fraction(0)),
        ),
        Chart(material.say("response"), "bars", labels, (Series("", values),), top, "h"),
    ]


def _people(material: Material) -> list[Block]:
    facts, period = material.facts, material.period
    answers = [each for each in facts.surveys if period.had_happened(each.origin)]
    answered, satisfied = sum(each.answered for each in answers), sum(each.satisfied for each in answers)
    blocks: list[Block] = []
    if answered:
        rate = percent(Fraction(satisfied, answered))
        blocks.append(_sentence(material, "survey", answered=answered, satisfied=satisfied, rate=rate))
    else:
        blocks.append(_sentence(material, "no_survey", day=material.day))
    complaints = [each for each in facts.complaints.values() if period.has(each.origin)]
    closed = sum(each.closure is not None and period.has(each.closure) for each in complaints)
    return [*blocks, _sentence(material, "complaints", count=len(complaints), closed=closed)]


def _other(material: Material, course: list[Month]) -> list[Block]:
    period = material.period
    held = [each for each in material.facts.inspections.values() if period.has(each.origin)]
    if not held:
        return []
    rectified = [each for each in held if each.rectification is not None and period.has(each.rectification)]
    return [
        _sentence(
            material,
            "inspections",
            count=len(held),
            findings=sum(each.findings for each in held),
            rectified=sum(each.findings for each in rectified),
        )
    ]


def _work(material: Material, course: list[Month]) -> list[Block]:
    score = material.score
    policy = score.policy.title_zh if material.language == "zh" else score.policy.title_en
    moment = score.as_of.isoformat(timespec="seconds")
    blocks: list[Block] = [_sentence(material, "policy", policy=policy, moment=moment, version=material.version)]
    if score.is_final:
        blocks.append(_sentence(material, "final"))
    why = material.explanations.get(score.execution.deviation or "")
    if why is not None:
        text = labelled(material.say(EXECUTION), _explained(material, why), material.language)
        blocks.append(Paragraph(printable(text), "written"))
    return blocks


def percent(share: Fraction) -> str:
    """A share as per cent with at most two decimals, without trailing zeros."""
    return number(share * PERCENT)


def number(value: Fraction) -> str:
    """A figure of a sentence: at most two decimals, half up, without trailing zeros."""
    text = format(rounded(value, DIGITS), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
