"""What a workbook says is what the score says; an audit of our own form finds nothing, and every planted change."""

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.evaluation.rules.showing import points_text
from tests.evaluation.builders import a_plan, an_indicator, declared
from tests.evaluation.forms.made import Made, audited, book_of, cells_of, projects

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
def test_every_figure_of_the_workbook_is_the_score_s(made: Made) -> None:
    cells = cells_of(book_of(made.form()))

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


@MANY
@given(projects())
def test_an_audit_of_our_own_workbook_finds_nothing(made: Made) -> None:
    answer = audited(book_of(made.form()))

    assert made.form().mark == ""
    assert [{**each} for each in answer["findings"]] == [], cells_of(book_of(made.form()))[10:]
    assert Decimal(answer["recomputed_total"]) == made.score.total


@settings(MANY, max_examples=60)
@given(projects(), st.data())
def test_a_changed_score_is_found(made: Made, data: st.DataObject) -> None:
    book = openpyxl.load_workbook(io.BytesIO(book_of(made.form())))
    sheet = book.worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    place = column(cells, "得分")
    rows = [number for number, row in enumerate(cells) if row in rows_of(cells, made)]
    number = data.draw(st.sampled_from([*rows, next(n for n, row in enumerate(cells) if row[0] == "总分")]))
    change = data.draw(st.sampled_from((-2, -1, 1, 2)))
    changed = Decimal(str(cells[number][place])) + change
    assume(changed >= 0)
    sheet.cell(number + 1, place + 1).value = float(changed)
    out = io.BytesIO()
    book.save(out)

    assert audited(out.getvalue())["findings"] != []


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t="])
def test_what_looks_like_a_formula_stays_text(sign: str) -> None:
    evil = f'{sign}HYPERLINK("http://x","y")'
    made = Made(a_plan(an_indicator(name=evil), objective=evil), [declared()])

    book = openpyxl.load_workbook(io.BytesIO(book_of(made.form(achieved=evil))))

    texts = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value == evil]
    assert len(texts) == 3
    assert {cell.data_type for cell in texts} == {"s"}
