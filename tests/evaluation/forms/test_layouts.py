"""How forms are laid out: the columns of each layout, room for what stands in them, and pages."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import docx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation import papers
from services.evaluation.model import Proof
from services.evaluation.papers.workbook import workbook
from services.evaluation.rules.forms.grid import Grid, draw, shared_out
from services.evaluation.rules.forms.layout import read_layout
from services.evaluation.rules.forms.monitoring import draw_monitoring, monitor
from services.evaluation.rules.methods import days
from tests.evaluation.builders import (
    a_plan,
    amended,
    an_indicator,
    at,
    declared,
    explained,
    held,
    inspected,
    paid,
    rated,
    received,
    rectified,
    reported,
    reversed_,
    signed,
    terminated,
)
from tests.evaluation.forms.made import LAYOUTS, WORDS, Made, book_of, cells_of

FEN = "987654.32"
PAID = ("paid_amount", ">=")


def a_project(count: int = 2, **changes: Any) -> Made:
    """Targets that are missed, and why."""
    indicators = [
        an_indicator(*PAID, "500", code=str(n), name=f"指标{n}", unit="万元", weight=Decimal(3)) for n in range(count)
    ]
    whys = [explained("12-30 00:00", code, code) for code in ("execution", "1")]
    return Made(a_plan(*indicators, **changes), [declared(FEN), received(FEN), paid("123456.78"), *whys])


def heading_of(grid: Grid) -> list[str]:
    rows = range(*grid.heading)
    return [cell.text for cell in sorted(grid.cells, key=lambda cell: cell.column) if cell.row in rows]


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_the_indicators_stand_beside_the_word_for_them(name: str) -> None:
    grid = draw(a_project().form(name))

    group, *columns = heading_of(grid)
    assert group in ("绩效指标", "年度绩效目标")
    assert columns[:3] == ["一级指标", "二级指标", "三级指标"]
    cell = next(each for each in grid.cells if each.text == group)
    assert (cell.column, cell.rows) == (0, 1 + 2)


def test_xinjiang_has_its_columns() -> None:
    made = a_project()

    form = made.form("xinjiang", notes={"0": {"basis": "合同", "previous": "11个月"}})

    assert set(heading_of(draw(form))) >= {"指标值设置依据", "上年完成值", "完成率", "指标赋分规则", "佐证资料"}
    assert [(line.cells["basis"], line.cells["previous"]) for line in form.rows] == [("合同", "11个月"), ("", "")]
    assert form.rows[0].cells["completion"] == "2.47%"


def test_hubei_says_below_the_total_why_targets_are_missed() -> None:
    form = a_project().form("hubei")

    assert form.closing == (
        ("偏差大或目标未完成原因分析", f"预算执行率：{WORDS['reason']}\n指标1：{WORDS['reason']}"),
        ("改进措施及结果应用方案", f"预算执行率：{WORDS['remedy']}\n指标1：{WORDS['remedy']}"),
    )
    assert heading_of(draw(form))[4:] == ["目标值（A）", "实际完成值（B）", "分值", "得分"]


def test_the_form_of_the_ministry_says_why_money_was_left_and_which_papers_there_are() -> None:
    proofs = {("indicator", "0"): (Proof(name="合同.pdf", sha256="a" * 64),)}

    form = a_project().form(proofs=proofs)
    plain = a_project().form("xinjiang", proofs=proofs)

    both = f"{WORDS['reason']}；{WORDS['remedy']}"
    assert form.closing == (("预算执行率偏差原因分析及改进措施", both), ("佐证资料", "指标0：合同.pdf"))
    assert [line.cells["deviation"] for line in form.rows] == ["", both]
    assert dict(plain.closing).keys() == {"预算执行率偏差原因分析及改进措施"}
    assert plain.rows[0].cells["evidence"] == "合同.pdf"


def counting(event: str) -> Any:
    return an_indicator("event_count", ">=", "1", unit="次", arguments={"type": event})


@pytest.mark.parametrize(
    ("indicator", "subject", "story"),
    [
        (
            an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"}),
            ("contract", "c"),
            [signed(), inspected("1", "02-01 00:00"), amended("12.00", "05-01 00:00")],  # The terms in force count.
        ),
        (counting("contract.terminated"), ("contract", "c"), [signed(), terminated("06-01 00:00")]),
        (counting("payment.reversed"), ("payment", "z"), [paid("1.00"), reversed_("1.00", "04-01 00:00")]),
        (counting("rectification.closed"), ("inspection", "n"), [held(2, "03-01 00:00"), rectified(2, "04-01 00:00")]),
    ],
)
def test_a_paper_proves_whatever_became_of_what_it_backs(indicator: Any, subject: Any, story: list[Any]) -> None:
    made = Made(a_plan(indicator), [declared(), *story])

    [row] = made.form("xinjiang", proofs={subject: (Proof(name="合同.pdf", sha256="a" * 64),)}).rows

    assert (made.score.rows[0].status, row.cells["evidence"]) == ("met", "合同.pdf")


@pytest.mark.parametrize(
    ("language", "reason", "told"),
    [
        ("zh", "供应商推迟", "供应商推迟；已约谈"),
        ("zh", "供应商推迟。", "供应商推迟。已约谈"),
        ("en", "The supplier was late", "The supplier was late; 已约谈"),
        ("en", "The supplier was late.", "The supplier was late. 已约谈"),
    ],
)
def test_a_reason_with_a_stop_of_its_own_gets_no_second(language: Any, reason: str, told: str) -> None:
    form = a_project().form(language=language, explanations={"1": {"reason": reason, "remedy": "已约谈"}})

    assert form.rows[1].cells["deviation"] == told


@pytest.mark.parametrize(
    ("op", "value", "measured", "completion"),
    [
        (">", "3", "4", "100%"),
        (">", "3", "3", "—"),
        ("<", "3", "2", "100%"),
        ("<", "3", "3", "—"),
        ("by", "2018-06-30", str(days(date(2018, 6, 30))), "100%"),
        ("by", "2018-06-30", str(days(date(2018, 7, 1))), "—"),
        (">=", "4", "3", "75%"),
    ],
)
def test_of_a_day_and_of_a_strict_bound_no_part_is_said_to_be_reached(
    op: str, value: str, measured: str, completion: str
) -> None:
    made = Made(a_plan(an_indicator("reported", op, value, unit="次")), [declared(), reported(measured)])

    assert made.form("xinjiang").rows[0].cells["completion"] == completion


@pytest.mark.parametrize(
    ("language", "then", "now"),
    [("zh", "部分达成（80%）", "达成（80%）"), ("en", "partly achieved (80%)", "achieved (80%)")],
)
def test_a_rating_stands_with_the_level_it_was_given_with(language: Any, then: str, now: str) -> None:
    plan = a_plan(an_indicator("rating", "level", "稳步运行", unit=""))
    story = [declared(), rated("80", "12-20 00:00"), rated("80", "05-01 00:00", level="partly")]  # The older one late.

    earlier, later = Made(plan, story, as_of=at("06-01 00:00")), Made(plan, story)

    assert [made.form(language=language).rows[0].cells["measured"] for made in (earlier, later)] == [then, now]


@pytest.mark.parametrize(("language", "told"), [("zh", "未发生，视为达成"), ("en", "did not occur, counts as met")])
def test_a_response_time_without_a_fault_is_said_to_count_as_met(language: Any, told: str) -> None:
    made = Made(a_plan(an_indicator("response_hours", "<=", "8", unit="小时")), [declared()])

    [row] = made.form("xinjiang", language).rows

    assert (row.cells["measured"], row.cells["completion"], row.cells["score"]) == (told, "—", "90.00")


@pytest.mark.parametrize("name", sorted(LAYOUTS))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_of_the_funds_has_room(name: str, language: Any) -> None:
    grid = draw(a_project().form(name, language))

    money = [cell for cell in grid.cells if cell.text in ("98.765432", "12.345678")]
    assert len(money) >= 2
    for cell in money:
        assert sum(grid.widths[cell.column : cell.column + cell.columns]) >= len(cell.text) + 2


@given(st.lists(st.integers(1, 40), min_size=4, max_size=9), st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_columns_are_shared_out_without_rest_and_nobody_gets_none(widths: list[int], wanted: list[int]) -> None:
    spans = shared_out(widths, wanted)

    assert (len(spans), sum(spans), min(spans) >= 1) == (len(wanted), len(widths), True)


def test_no_two_cells_of_a_form_overlap() -> None:
    grids = [draw(a_project().form(name, "en")) for name in LAYOUTS]
    made = a_project()
    form = monitor("zh", score=made.score, plan=made.plan, facts=made.facts, version=1, explanations={})

    for grid in (*grids, draw_monitoring(form)):
        places = sorted(
            (cell.row + row, cell.column + column)
            for cell in grid.cells
            for row in range(cell.rows)
            for column in range(cell.columns)
        )
        assert len(places) == grid.rows * grid.width
        assert all(one != other for one, other in pairwise(places))


def test_a_workbook_shows_as_many_decimals_as_the_form_and_keeps_every_fen() -> None:
    book = openpyxl.load_workbook(io.BytesIO(book_of(a_project().form())))

    cells = {cell.value: cell.number_format for row in book.worksheets[0] for cell in row}
    assert cells[98.765432] == "0.000000"
    assert cells[1.25] == "0.00"
    assert cells[3] in ("General", "0.00")


def test_a_number_too_long_for_a_cell_stays_text() -> None:
    grid = draw(a_project().form())
    longest = "1234567890123.123456"
    cells = [replace(cell, text=longest) if cell.text == "98.765432" else cell for cell in grid.cells]

    rows = cells_of(workbook(replace(grid, cells=cells), "自评表"))

    assert longest in {cell for row in rows for cell in row}


def test_a_workbook_is_one_page_or_repeats_its_headings() -> None:
    def printed(made: Made) -> Any:
        return openpyxl.load_workbook(io.BytesIO(book_of(made.form()))).worksheets[0]

    short, long = printed(a_project()), printed(a_project(60))

    assert short.sheet_properties.pageSetUpPr.fitToPage
    assert short.page_setup.fitToHeight in (None, 1)  # One is what the file format takes for granted.
    assert long.page_setup.fitToHeight == 0  # As many as it takes.
    first = int(long.print_title_rows.strip("$").split(":")[0])
    assert "三级指标" in {cell.value for cell in long[first]}
    assert long.title == "项目支出绩效自评表"


def test_the_same_form_has_the_same_bytes() -> None:
    makers = [papers.as_xlsx, papers.as_docx]

    for make in makers:
        one, other = (make(draw(a_project().form()), "自评表") for _ in range(2))
        assert one == other
        with zipfile.ZipFile(io.BytesIO(one)) as package:
            assert b"2019-06-01T00:00:00Z" in package.read("docProps/core.xml")


def test_signs_that_no_paper_can_hold_do_not_stop_a_form() -> None:
    form = a_project(objective="a\x00b\x0bc\ufffed").form()

    cells = cells_of(papers.as_xlsx(draw(form), "自评表"))
    document = docx.Document(io.BytesIO(papers.as_docx(draw(form), "自评表")))

    assert "a�b�c�d" in {cell for row in cells for cell in row}
    assert "a�b�c�d" in {cell.text for cell in document.tables[0]._cells}


def test_a_layout_with_an_unknown_word_stops_the_start() -> None:
    layout = LAYOUTS["hubei"]
    data = {"name": "x", "source": "", "certainty": "M", "title": {}, "columns": [], "money_rows": []}

    assert read_layout(data).money_columns == LAYOUTS["mof-2020"].money_columns
    with pytest.raises(ValueError, match="speling"):
        read_layout(data | {"words": {"zh": {"speling": "x"}}})
    assert layout.word("measured", "en") == "Measured (B)"
    assert layout.closing == ("causes", "remedies")
