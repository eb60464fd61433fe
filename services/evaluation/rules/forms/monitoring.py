"""
The form of performance monitoring (绩效运行监控表): how far a project has come, and where the year is heading.

Its columns are those of 财预〔2019〕136号 as generally known; the page of its annex was not read. What the year's end
is expected to bring is the platform's own reckoning from the pace so far, and says so on the form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final, get_args

from services.evaluation.facts import Facts
from services.evaluation.model import Cause, Plan, Row, Score
from services.evaluation.rules.evaluating import in_unit, score_indicator
from services.evaluation.rules.forms.filling import BLANK, FEN_PER_WAN, level_words, measured_words, wan
from services.evaluation.rules.forms.grid import Cell, Grid, Style, runs
from services.evaluation.rules.forms.layout import Language, word
from services.evaluation.rules.measures import MEASURES
from services.evaluation.rules.measures.base import Range
from services.evaluation.rules.outlook import stays_reached
from services.evaluation.rules.period import Period
from services.evaluation.rules.scoring import rounded
from services.evaluation.rules.showing import Explanations, plain, target_text
from shared.dates import zone

CAUSES: Final = get_args(Cause)
LIKELIHOODS: Final = ("certain", "possible", "impossible")
DIGITS: Final = 2  # Of what is expected: it is reckoned, not measured.
TICK, BOX = "☑", "□"
WIDTHS: Final = (11, 11, 18, 12, 13, 13, 6, 6, 6, 6, 6, 20, 7, 7, 8)
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("项目支出绩效目标执行监控表", "Monitoring form of project expenditure"),
    "initial": ("年初预算数", "Initial budget"),
    "budget": ("全年预算数", "Annual budget"),
    "executed": ("{span}执行数", "Spent {span}"),
    "rate": ("{span}执行率", "Execution {span}"),
    "outcome": ("全年预计执行数", "Expected for the year"),
    "progress": ("{span}执行情况", "Measured {span}"),
    "expected": ("全年预计完成情况", "Expected for the year"),
    "causes": ("偏差原因分析", "Causes of deviation"),
    "funding": ("经费保障", "Funds"),
    "rules": ("制度保障", "Rules"),
    "staff": ("人员保障", "Staff"),
    "equipment": ("硬件条件", "Equip-ment"),
    "other": ("其他", "Other"),
    "reason": ("原因说明", "Explanation"),
    "likelihood": ("完成目标可能性", "Will it be reached?"),
    "certain": ("确定能", "Cer-tain"),
    "possible": ("有可能", "Pos-sible"),
    "impossible": ("完全不可能", "Impos-sible"),
    "pace": (
        "全年预计数由平台按时间进度推算（已过{elapsed}%），供参考。",
        "What is expected for the year is reckoned by the platform from the pace so far ({elapsed} % of the time).",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringLine:
    """One row: `likelihood` is one of `LIKELIHOODS`, `cause` one of `CAUSES`, or empty if nobody named one."""

    code: str
    level1: str
    level2: str
    name: str
    target: str
    progress: str
    expected: str
    cause: str
    reason: str
    likelihood: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringForm:
    """
    A filled form; every text is ready to print.

    Attributes:
        span: The months it covers, as in 1—7月.
        money: Initial budget, annual budget, spent, rate and what is expected to be spent; in 万元.
        foot: Lines that say how it came about.
    """

    language: Language
    title: str
    year: str
    span: str
    project: str
    department: str
    unit: str
    money: tuple[str, str, str, str, str]
    rows: tuple[MonitoringLine, ...]
    foot: tuple[str, ...]


def say(name: str, language: Language, /, **figures: object) -> str:
    """The words of *name*."""
    return WORDS[name][language != "zh"].format(**figures)


def monitor(
    language: Language, *, score: Score, plan: Plan, facts: Facts, version: int, explanations: Explanations
) -> MonitoringForm:
    """The monitoring form of a project as of the score's moment; arguments as those of `fill`."""
    period = Period.of(plan, facts, score.as_of)
    elapsed = format(rounded(score.elapsed * 100, DIGITS), "f")
    policy = score.policy.title_zh if language == "zh" else score.policy.title_en
    moment = score.as_of.isoformat(timespec="seconds")
    return MonitoringForm(
        language=language,
        title=say("title", language),
        year=word("year", language).format(year=plan.fiscal_year),
        span=_span(period, score.as_of, language),
        project=facts.name or plan.title,
        department=facts.department,
        unit=facts.unit,
        money=_money(score, facts),
        rows=tuple(_line(row, facts, period, score, language, explanations) for row in score.rows),
        foot=(
            say("pace", language, elapsed=elapsed),
            f"{word('policy', language)}: {policy} ({plan.policy})",
            f"{word('as_of', language)}: {moment}   {word('version', language)}: {version}",
        ),
    )


def _span(period: Period, as_of: datetime, language: Language) -> str:
    first, last = period.first_day, min(as_of.astimezone(zone(period.time_zone)).date(), period.last_day)
    if first.year != last.year or language != "zh":
        return f"{first:%Y-%m} — {last:%Y-%m}"
    return f"{last.month}月" if first.month == last.month else f"{first.month}—{last.month}月"


def _money(score: Score, facts: Facts) -> tuple[str, str, str, str, str]:
    execution = score.execution
    initial = 0 if facts.initial_budget is None else facts.initial_budget[1]
    pace = Fraction(execution.spent) / score.elapsed if score.elapsed else None
    return (
        wan(initial),
        wan(execution.budget),
        wan(execution.spent),
        f"{format(rounded(execution.rate * 100, DIGITS), 'f')}%",
        BLANK if pace is None else _round_wan(min(pace, Fraction(max(execution.budget, execution.spent)))),
    )


def _round_wan(amount: Fraction) -> str:
    return plain(Fraction(rounded(amount / FEN_PER_WAN, DIGITS)))


def _line(
    row: Row, facts: Facts, period: Period, score: Score, language: Language, explanations: Explanations
) -> MonitoringLine:
    indicator = row.indicator
    _, found = score_indicator(indicator, facts, period, score.policy)
    low, high = (None if bound is None else in_unit(bound, indicator) for bound in found.range)
    words = explanations.get(row.deviation or "", {})
    level1, level2 = level_words(indicator, language)
    return MonitoringLine(
        code=indicator.code,
        level1=level1,
        level2=level2,
        name=indicator.name,
        target=target_text(indicator.target) + _unit(row),
        progress=measured_words(row, facts, language),
        expected=_expected(row, period.elapsed, high, facts, language),
        cause=words.get("cause", ""),
        reason=f"{words['reason']};{words['remedy']}" if words else "",
        likelihood=likelihood(row, (low, high), is_over=period.is_over),
    )


def _unit(row: Row) -> str:
    return "" if row.indicator.target.op in ("by", "level") else row.indicator.unit


def expected(row: Row, elapsed: Fraction, high: Fraction | None) -> Fraction | None:
    """
    What a result comes to by the window's end at the pace so far, in the indicator's unit; None if nothing can be said.

    Only a value that accumulates and has not reached its target goes on growing; *high* is the most it can become.
    """
    if row.measured is None or row.indicator.target.op in ("by", "level"):
        return None
    if row.status == "met" or MEASURES[row.indicator.measure].course != "grows" or not elapsed:
        return row.measured
    pace = row.measured / elapsed
    return pace if high is None else min(pace, high)


def _expected(row: Row, elapsed: Fraction, high: Fraction | None, facts: Facts, language: Language) -> str:
    value = expected(row, elapsed, high)
    if value is None or value == row.measured:
        return measured_words(row, facts, language)
    return f"{plain(Fraction(rounded(value, DIGITS)))}{_unit(row)}"


def likelihood(row: Row, found: Range, *, is_over: bool) -> str:
    """How sure it is that a target is reached at the window's end, one of `LIKELIHOODS`."""
    is_reached = row.status == "met"
    if is_over:
        return "certain" if is_reached else "impossible"
    if row.outlook.state == "out_of_reach":
        return "impossible"
    return "certain" if is_reached and stays_reached(row.indicator.target, found) else "possible"


def draw_monitoring(form: MonitoringForm) -> Grid:
    """The grid of *form*."""
    grid = Grid(list(WIDTHS))
    language = form.language
    grid.line((form.title, grid.width, "title"))
    grid.line((form.year, grid.width, "subtitle"))
    grid.head_rows = grid.rows
    grid.line((word("project", language), 1, "label"), (form.project, grid.width - 1, "text"))
    department, unit = word("department", language), word("unit", language)
    grid.line((department, 1, "label"), (form.department, 5, "text"), (unit, 3, "label"), (form.unit, 6, "text"))
    _draw_money(grid, form)
    _draw_head(grid, form)
    _draw_rows(grid, form)
    grid.body_rows = grid.rows
    for text in form.foot:
        grid.line((text, grid.width, "foot"))
    return grid


def _draw_money(grid: Grid, form: MonitoringForm) -> None:
    spans = (2, 1, 2, 5, 4)
    names = ("initial", "budget", "executed", "rate", "outcome")
    first, column = grid.rows, 1
    for name, figure, span in zip(names, form.money, spans, strict=True):
        text = say(name, form.language, span=form.span)
        grid.cells.append(Cell(row=first, column=column, columns=span, text=text, style="label"))
        grid.cells.append(Cell(row=first + 1, column=column, columns=span, text=figure, style="figure"))
        column += span
    label = word("money", form.language)
    grid.cells.append(Cell(row=first, column=0, rows=2, text=label, style="label"))
    grid.rows += 2


def _draw_head(grid: Grid, form: MonitoringForm) -> None:
    language, first = form.language, grid.rows
    tall = [word(name, language) for name in ("level1", "level2", "level3", "target")]
    tall += [say(name, language, span=form.span) for name in ("progress", "expected")]
    for column, text in enumerate(tall):
        grid.cells.append(Cell(row=first, column=column, rows=2, text=text, style="label"))
    low = [*CAUSES, "reason"], LIKELIHOODS
    column = len(tall)
    for name, below in zip(("causes", "likelihood"), low, strict=True):
        text = say(name, language)
        grid.cells.append(Cell(row=first, column=column, columns=len(below), text=text, style="label"))
        for offset, each in enumerate(below):
            text = say(each, language)
            grid.cells.append(Cell(row=first + 1, column=column + offset, text=text, style="label"))
        column += len(below)
    grid.rows += 2


def _draw_rows(grid: Grid, form: MonitoringForm) -> None:
    first = grid.rows
    for index, line in enumerate(form.rows):
        causes = [TICK if line.cause == name else BOX for name in CAUSES]
        likelihoods = [TICK if line.likelihood == name else BOX for name in LIKELIHOODS]
        texts = (line.name, line.target, line.progress, line.expected, *causes, line.reason, *likelihoods)
        for column, text in enumerate(texts, start=2):
            style: Style = "figure" if text in (TICK, BOX) else "text"
            grid.cells.append(Cell(row=first + index, column=column, text=text, style=style))
    levels = [(line.level1, line.level2) for line in form.rows]
    for depth in (1, 2):
        for start, count, text in runs(levels, depth):
            grid.cells.append(Cell(row=first + start, column=depth - 1, rows=count, text=text, style="text"))
    grid.rows += len(form.rows)
