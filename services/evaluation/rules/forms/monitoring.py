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
from services.evaluation.rules.forms.filling import (
    BLANK,
    FEN_PER_WAN,
    level_words,
    measured_words,
    origin_lines,
    source_line,
    target_words,
    wan,
)
from services.evaluation.rules.forms.grid import (
    LABEL_COLUMNS,
    Cell,
    Grid,
    Style,
    beside,
    head,
    levels,
    shared_out,
    sign,
    with_group,
)
from services.evaluation.rules.forms.layout import Language, MoneyRow, word
from services.evaluation.rules.forms.model import MoneyLine
from services.evaluation.rules.measures import MEASURES
from services.evaluation.rules.measures.base import Range
from services.evaluation.rules.outlook import stays_reached
from services.evaluation.rules.period import Period
from services.evaluation.rules.scoring import rounded
from services.evaluation.rules.showing import Explanations, plain
from shared.dates import zone

CAUSES: Final = get_args(Cause)
LIKELIHOODS: Final = ("certain", "possible", "impossible")
DIGITS: Final = 2  # Of what is expected: it is reckoned, not measured.
_PROSE: Final = (12, 16)  # The columns that people write in: 原因说明, 备注.
TICK, BOX = "☑", "□"
SOURCES: Final[tuple[MoneyRow, ...]] = ("fiscal", "carry_over", "other")
WIDTHS: Final[Mapping[Language, tuple[int, ...]]] = {
    "zh": (12, 18, 19, 12, 14, 14, 6, 6, 6, 6, 6, 17, 7, 7, 8, 16),
    "en": (13, 15, 19, 12, 14, 14, 9, 9, 9, 10, 9, 17, 9, 10, 11, 16),
}
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
    "equipment": ("硬件条件保障", "Equipment"),
    "other": ("其他", "Other"),
    "reason": ("原因说明", "Explanation"),
    "likelihood": ("完成目标可能性", "Will it be reached?"),
    "certain": ("确定能", "Certain"),
    "possible": ("有可能", "Possible"),
    "impossible": ("完全不可能", "Impossible"),
    "remark": ("备注", "Remarks"),
    "pace": (
        "全年预计数由平台按时间进度推算（已过{elapsed}%），供参考。",
        "What is expected for the year is reckoned by the platform from the pace so far ({elapsed} % of the time).",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringLine:
    """
    One row: `likelihood` is one of `LIKELIHOODS`, `cause` one of `CAUSES`, or empty if nobody named one.

    `remark` is the remedy: the form asks there for what will be done about a target that is in danger.
    """

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
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringForm:
    """
    A filled form; every text is ready to print.

    Attributes:
        span: The months it covers, as in 1—7月.
        money: Initial budget, annual budget, spent, rate and what is expected to be spent; in 万元.
        sources: The first three of these by source.
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
    sources: tuple[MoneyLine, ...]
    objective: str
    rows: tuple[MonitoringLine, ...]
    foot: tuple[str, ...]
    as_of: datetime


def say(name: str, language: Language, /, **figures: object) -> str:
    """The words of *name*."""
    return WORDS[name][language != "zh"].format(**figures)


def monitor(
    language: Language, *, score: Score, plan: Plan, facts: Facts, version: int, explanations: Explanations
) -> MonitoringForm:
    """The monitoring form of a project as of the score's moment; arguments as those of `fill`."""
    period = Period.of(plan, facts, score.as_of)
    elapsed = format(rounded(score.elapsed * 100, DIGITS), "f")
    return MonitoringForm(
        language=language,
        title=say("title", language),
        year=word("year", language).format(year=plan.fiscal_year),
        span=_span(period, score.as_of, language),
        project=facts.name or plan.title,
        department=facts.department,
        unit=facts.unit,
        money=_money(score, facts),
        sources=tuple(source_line(name, language, facts, period, score.execution) for name in SOURCES),
        objective=plan.objective,
        rows=tuple(_line(row, facts, period, score, language, explanations) for row in score.rows),
        foot=(
            say("pace", language, elapsed=elapsed),
            *origin_lines(score, plan, version, language),
        ),
        as_of=score.as_of,
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
        target=target_words(indicator),
        progress=measured_words(row, facts, period, language),
        expected=_expected(row, high, facts, period, language),
        cause=words.get("cause", ""),
        reason=words.get("reason", ""),
        likelihood=likelihood(row, (low, high), is_over=period.is_over),
        remark=words.get("remedy", ""),
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


def _expected(row: Row, high: Fraction | None, facts: Facts, period: Period, language: Language) -> str:
    value = expected(row, period.elapsed, high)
    if value is None or value == row.measured:
        return measured_words(row, facts, period, language)
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
    language = form.language
    grid = Grid(with_group(WIDTHS[language], language), form.as_of, language)
    grid.line((form.title, grid.width, "title"))
    grid.line((form.year, grid.width, "subtitle"))
    grid.head_rows = grid.rows
    head(grid, form.project, form.department, form.unit)
    _draw_money(grid, form)
    label = word("objective", language)
    grid.line((label, LABEL_COLUMNS, "label"), (form.objective, grid.width - LABEL_COLUMNS, "prose"))
    top = grid.rows
    _draw_head(grid, form)
    grid.heading = top, grid.rows
    _draw_rows(grid, form)
    text = word("group", language)
    grid.cells.append(Cell(row=top, column=0, rows=grid.rows - top, text=text, style="label"))
    sign(grid)
    grid.body_rows = grid.rows
    for text in form.foot:
        grid.line((text, grid.width, "foot"))
    return grid


def _draw_money(grid: Grid, form: MonitoringForm) -> None:
    names = ("initial", "budget", "executed", "rate", "outcome")
    spans = shared_out(grid.widths[LABEL_COLUMNS:], (18, 16, 16, 16, 16, 16))
    heads = ["", *(say(name, form.language, span=form.span) for name in names)]
    lines = [[word("total", form.language), *form.money]]
    lines += [[line.label, line.initial, line.annual, line.executed, BLANK, BLANK] for line in form.sources]
    first = grid.rows
    beside(grid, LABEL_COLUMNS, [(text, span, "label") for text, span in zip(heads, spans, strict=True)])
    styles: list[Style] = ["label", "figure", "figure", "figure", "figure", "figure"]
    for line in lines:
        beside(grid, LABEL_COLUMNS, list(zip(line, spans, styles, strict=True)))
    label, rows = word("money", form.language), grid.rows - first
    grid.cells.append(Cell(row=first, column=0, rows=rows, columns=LABEL_COLUMNS, text=label, style="label"))


def _draw_head(grid: Grid, form: MonitoringForm) -> None:
    language, first = form.language, grid.rows
    tall = [word(name, language) for name in ("level1", "level2", "level3", "target")]
    tall += [say(name, language, span=form.span) for name in ("progress", "expected")]
    column = 1
    for text in tall:
        grid.cells.append(Cell(row=first, column=column, rows=2, text=text, style="label"))
        column += 1
    low = [*CAUSES, "reason"], LIKELIHOODS
    for name, below in zip(("causes", "likelihood"), low, strict=True):
        text = say(name, language)
        grid.cells.append(Cell(row=first, column=column, columns=len(below), text=text, style="label"))
        for offset, each in enumerate(below):
            text = say(each, language)
            grid.cells.append(Cell(row=first + 1, column=column + offset, text=text, style="label"))
        column += len(below)
    grid.cells.append(Cell(row=first, column=column, rows=2, text=say("remark", language), style="label"))
    grid.rows += 2


def _draw_rows(grid: Grid, form: MonitoringForm) -> None:
    first = grid.rows
    for index, line in enumerate(form.rows):
        causes = [TICK if line.cause == name else BOX for name in CAUSES]
        likelihoods = [TICK if line.likelihood == name else BOX for name in LIKELIHOODS]
        texts = [line.name, line.target, line.progress, line.expected, *causes, line.reason, *likelihoods, line.remark]
        for column, text in enumerate(texts, start=3):
            style: Style = "prose" if column in _PROSE else "text"
            grid.cells.append(Cell(row=first + index, column=column, text=text, style=style))
    levels(grid, first, [(line.level1, line.level2) for line in form.rows])
    grid.rows += len(form.rows)
