"""Projects as offices have them: a plan of a dozen indicators, what happened, and why where a target is missed."""

import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
from hypothesis import assume
from hypothesis import strategies as st

from services.evaluation import layouts, papers, policies, workbooks
from services.evaluation.facts import Facts
from services.evaluation.model import Indicator, Plan, Score
from services.evaluation.rules import audit, audit_document, evaluate, read_table, table_of
from services.evaluation.rules.forms.filling import fill
from services.evaluation.rules.forms.grid import draw as drawn
from services.evaluation.rules.forms.layout import Language
from services.evaluation.rules.forms.model import Form
from shared.events.budget import BudgetAdjusted, ProjectDeclared
from tests.cli.verify.histories import MEASURED, zones_and_histories
from tests.evaluation.builders import NEXT_YEAR, Happening, a_plan, an_indicator, declared, explained, facts_of

POLICIES = policies.read_all()
LAYOUTS = layouts.read_all()
FORMS_MAX = 12
SPELT = [
    (measure, arguments, unit)
    for measure, arguments, unit in MEASURED
    if measure not in ("rating", "reported") and unit in ("%", "元", "万元", "次", "小时", "项")
]
TARGETS = {"%": ("80", "95", "100"), "元": ("5", "100"), "万元": ("0.001", "1"), "次": ("1", "3"), "小时": ("4", "8")}
LEVELS = [
    ("output", "quantity"),
    ("output", "quality"),
    ("output", "timeliness"),
    ("benefit", "social"),
    ("benefit", "sustainable"),
    ("satisfaction", "satisfaction"),
]
WORDS = {"reason": "供应商进度推迟", "remedy": "已约谈并调整计划"}


class Made:
    """A project of which everything is known."""

    def __init__(self, plan: Plan, happenings: list[Happening], *, as_of: datetime = NEXT_YEAR) -> None:
        self.plan = plan
        self.facts: Facts = facts_of(*happenings, plan=plan)
        self.score: Score = evaluate(self.facts, plan, POLICIES[plan.policy], as_of=as_of)

    def form(self, layout: str = "mof-2020", language: Language = "zh", **changes: Any) -> Form:
        usual: dict[str, Any] = {
            "score": self.score,
            "plan": self.plan,
            "facts": self.facts,
            "version": 7,
            "explanations": dict.fromkeys(self.score.explained, WORDS),
            "achieved": "",
            "tips": ["budget 0 e 3 " + "a" * 64],
        }
        return fill(LAYOUTS[layout], language, **usual | changes)


@st.composite
def projects(draw: st.DrawFn) -> Made:
    """A project whose year is over, scored as the ministry's rules say without exceptions."""
    zone, story = draw(zones_and_histories())
    happenings = [declared("99999.00", time_zone=zone)]  # Budget lets nobody spend more than there is.
    happenings += [each for each in story if not isinstance(each[1], ProjectDeclared | BudgetAdjusted)]
    chosen = draw(st.lists(st.sampled_from(SPELT), min_size=3, max_size=FORMS_MAX))
    indicators = [_indicator(draw, number, *each) for number, each in enumerate(sorted(chosen, key=str))]
    window = {"starts_on": date(2018, 1, 1), "ends_on": date(2018, 12, 31)}
    tried = Made(a_plan(*_weighted(indicators), **window), happenings)
    measured = [row.indicator for row in tried.score.rows if row.status != "pending"]  # Else it is not final.
    assume(measured)
    plan = a_plan(*_weighted(measured), **window)
    first = Made(plan, happenings)
    missed = [row.indicator.code for row in first.score.rows if row.score < row.indicator.weight]
    if first.score.execution.score < first.score.execution.weight:
        missed.append("execution")
    whys = [explained("12-30 00:00", code, f"why-{code}") for code in missed]
    return Made(plan, [*happenings, *whys])


def _indicator(draw: st.DrawFn, number: int, measure: str, arguments: dict[str, str], unit: str) -> Indicator:
    op = draw(st.sampled_from([">=", "<=", "=", ">", "<"]))
    dimension, aspect = LEVELS[min(number // 2, len(LEVELS) - 1)]
    return an_indicator(
        measure,
        op,
        draw(st.sampled_from(TARGETS.get(unit, ("1", "60")))),
        code=str(number),
        name=f"指标{number}",
        dimension=dimension,
        aspect=aspect,
        arguments=arguments,
        unit=unit,
    )


def _weighted(indicators: list[Indicator]) -> list[Indicator]:
    """Whole points that add up to 90."""
    whole, rest = divmod(90, len(indicators))
    return [replace(each, weight=Decimal(whole + (number < rest))) for number, each in enumerate(indicators)]


def book_of(form: Form) -> bytes:
    return papers.as_xlsx(drawn(form), form.title)


def cells_of(book: bytes) -> list[list[Any]]:
    """The workbook's cells, read by another library."""
    sheet = openpyxl.load_workbook(io.BytesIO(book), read_only=True).worksheets[0]  # Much faster, the same values.
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def audited(book: bytes, policy: str = "mof-2020") -> dict[str, Any]:
    """What an audit says of a workbook."""
    [raw] = [found for sheet in workbooks.read_sheets(book) if (found := table_of(sheet)) is not None]
    table = read_table(raw)
    return audit_document(audit(table, POLICIES, policy), table)
