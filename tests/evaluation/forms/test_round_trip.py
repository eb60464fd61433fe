"""What a workbook says is what the score says; an audit of our own form finds nothing, and every planted change."""

import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.evaluation import papers
from services.evaluation.rules.forms.grid import Cell, Grid
from services.evaluation.rules.forms.grid import draw as drawn
from services.evaluation.rules.forms.layout import word
from services.evaluation.rules.showing import points_text
from tests.evaluation.builders import MID_YEAR, a_plan, an_indicator, declared
from tests.evaluation.forms.made import LAYOUTS, Made, audited, book_of, cells_of, projects

MANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def column(cells: list[list[Any]], heading: str) -> int:
    """Where the indicators' table has it; the funds' table has a column of that name, too."""
    return next(row.index(heading) for row in cells if "三级指标" in row)


def rows_of(cells: list[list[Any]], made: Made) -> list[list[Any]]:
    """The rows of the indicators, by their names."""
    names = {row.indicator.name for row in made.score.rows}
    return [row for row in cells if names & {cell for cell in row if isinstance(cell, str)}]


@MANY
@given(projects())
def test_every_figure_of_the_workbook_is_the_score_s_and_an_audit_finds_nothing(made: Made) -> None:
    form = made.form()
    book = book_of(form)

    assert_says_the_score(cells_of(book), made)
    answer = audited(book)
    assert form.mark == ""
    assert answer["findings"] == []
    assert Decimal(answer["recomputed_total"]) == made.score.total


def assert_says_the_score(cells: list[list[Any]], made: Made) -> None:
    weight, score = column(cells, "分值"), column(cells, "得分")
    rows = rows_of(cells, made)
    assert [str(Decimal(str(row[score])).quantize(Decimal("0.01"))) for row in rows] == [
        str(Decimal(points_text(row.score)).quantize(Decimal("0.01"))) for row in made.score.rows
    ]
    assert [Decimal(str(row[weight])) for row in rows] == [row.indicator.weight for row in made.score.rows]
    total = next(row for row in cells if row[0] == "总分")
    assert Decimal(str(total[score])) == made.score.total
    funds = next(row for row in cells if "年度资金总额" in row)
    figures = [cell for cell in funds if isinstance(cell, int | float)]
    execution = made.score.execution
    assert Decimal(str(figures[1])) * 10_000 == Decimal(execution.budget) / 100
    assert Decimal(str(figures[2])) * 10_000 == Decimal(execution.spent) / 100
    assert Decimal(str(figures[-1])) == execution.score


@settings(MANY, max_examples=8)
@given(projects())
def test_an_audit_reads_every_layout(made: Made) -> None:
    for layout in LAYOUTS:
        answer = audited(book_of(made.form(layout, notes={"0": {"basis": "上年实际完成值", "previous": "12个月"}})))

        assert (answer["findings"], Decimal(answer["recomputed_total"])) == ([], made.score.total)


@settings(MANY, max_examples=60)
@given(projects(), st.data())
def test_a_changed_score_is_found(made: Made, data: st.DataObject) -> None:
    grid = drawn(made.form())
    cell = data.draw(st.sampled_from(scores_of(grid)))
    changed = Decimal(cell.text) + data.draw(st.sampled_from((-2, -1, 1, 2)))
    assume(changed >= 0)

    answer = audited(planted(grid, cell, str(changed)))

    assert answer["findings"] != []


def test_an_audit_of_a_form_in_the_middle_of_the_year_misses_what_is_not_measured_yet() -> None:
    made = Made(a_plan(an_indicator("accepted_quantity", arguments={"item": "i"})), [declared("9.00")], as_of=MID_YEAR)

    found = audited(book_of(made.form()))["findings"]

    assert [each["code"] for each in found] == ["actual-missing"]


def scores_of(grid: Grid) -> list[Cell]:
    """The cells of the column of scores, from the first indicator's down to the total."""
    place = next(each.column for each in grid.cells if each.row == grid.heading[0] and each.text == "得分")
    total = next(each.row for each in grid.cells if each.text == word("sum", "zh"))
    return [each for each in grid.cells if each.column == place and grid.heading[1] <= each.row <= total]


def planted(grid: Grid, cell: Cell, text: str) -> bytes:
    """The workbook with another text in one of its cells."""
    changed = [replace(each, text=text) if each is cell else each for each in grid.cells]
    return papers.as_xlsx(replace(grid, cells=changed), "自评表")


@settings(MANY, max_examples=15)
@given(projects(), st.data())
def test_a_changed_figure_of_the_funds_is_found(made: Made, data: st.DataObject) -> None:
    grid = drawn(made.form())
    row = next(each.row for each in grid.cells if each.text == word("total", "zh"))
    figures = [each for each in grid.cells if each.row == row and each.style == "figure"]  # From left to right.
    cell = data.draw(st.sampled_from(figures))
    text = "77.77%" if cell.text.endswith("%") else str(Decimal(cell.text) + data.draw(st.sampled_from((1, 2))))

    answer = audited(planted(grid, cell, text))

    assert answer["findings"] != []


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t="])
def test_what_looks_like_a_formula_stays_text(sign: str) -> None:
    evil = f'{sign}HYPERLINK("http://x","y")'
    made = Made(a_plan(an_indicator(name=evil), objective=evil), [declared()])

    book = openpyxl.load_workbook(io.BytesIO(book_of(made.form(achieved=evil))))

    texts = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value == evil]
    assert len(texts) == 3
    assert {cell.data_type for cell in texts} == {"s"}
