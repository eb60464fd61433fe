"""Tables in workbooks: the common layout with its variants, and files that must not be read."""

import io
import zipfile
from datetime import date
from typing import Any

import openpyxl
import pytest

from services.evaluation import workbooks
from services.evaluation.rules import table_of
from services.evaluation.rules.auditing import Sheet
from shared.problems import Invalid
from tests.evaluation.auditing.books import COMMON, MERGED, a_book, with_cell
from tests.evaluation.auditing.tables import audited


def table_in(content: bytes) -> dict[str, Any]:
    found = [table for sheet in workbooks.read_sheets(content) if (table := table_of(sheet)) is not None]
    assert len(found) == 1
    return found[0]


AMOUNTS = {"initial": "15", "annual": "15", "executed": "13.8125"}
FUNDS = {**AMOUNTS, "sources": AMOUNTS}  # All of one source, the others being 0.


def test_a_table_is_found_by_its_headings_whatever_stands_around_it() -> None:
    table = table_in(a_book())

    assert (table["project"], table["year"], table["grade_printed"]) == ("政府网站网络运行维护项目", 2022, "优")
    assert table["funds"] == FUNDS
    assert table["execution"] == {"rate_printed": "92.08%", "weight": "10", "score": "9.21"}
    assert (table["total_printed"], table["full_printed"]) == ("99.21", "100")
    assert [row["name"] for row in table["indicators"]] == [row[3] for row in COMMON[10:16]]
    assert table["indicators"][2] == {
        "level1": "产出指标",
        "level2": "质量指标",
        "name": "系统故障率",
        "target_printed": "≤0.3%",
        "actual_printed": "0.12%",
        "weight": "15",
        "score": "15",
        "deviation_reason_printed": None,
    }


def test_a_clean_workbook_is_clean() -> None:
    assert audited(table_in(a_book()))["findings"] == []


def test_a_target_behind_an_equal_sign_is_no_formula() -> None:
    assert table_in(a_book())["indicators"][1]["target_printed"] == "=100%"


@pytest.mark.parametrize(
    ("place", "value", "code", "row"),
    [
        ((16, 6), "72%", "missed-but-full", 5),
        ((14, 6), "≤5%", "target-copied", 3),
        ((14, 6), None, "actual-missing", 3),
        ((11, 8), 22, "score-above-weight", 0),
        ((17, 8), 98, "sum-mismatch", None),
        ((5, 8), 0.8, "execution-rate-mismatch", None),
        ((18, 1), "自评等级:良", "grade-mismatch", None),
    ],
)
def test_a_fault_in_a_cell_is_found(place: tuple[int, int], value: Any, code: str, row: int | None) -> None:
    found = audited(table_in(a_book(with_cell(place, value))))["findings"]

    assert (code, row) in [(each["code"], each["row"]) for each in found]


def test_headings_are_known_in_other_words() -> None:
    rows = [
        ["项目支出绩效自评表(2021年)"],
        ["预算执行情况", "资金", "预算数", "执行数", "执行率"],
        [None, "合计", "100万元", "80万元", "80%"],
        ["指标名称", "目标值(A)", "全年完成情况(B)", "权重", "自评得分", "未完成原因分析"],
        ["培训人数", "≥50人", "40人", 50, 40, "报名不足"],
        ["小计", None, None, 50, 40, None],
        ["……", None, None, None, None, None],
        ["培训满意度", "≥90%", "95%", 50, 50, None],
        ["合计", None, None, 100, 90, None],
        ["评价结论", "优秀"],
    ]

    table = table_in(a_book(rows, (), {}))

    assert [row["name"] for row in table["indicators"]] == ["培训人数", "培训满意度"]
    assert table["indicators"][0]["deviation_reason_printed"] == "报名不足"
    assert (table["total_printed"], table["grade_printed"], table["year"]) == ("90", "优秀", 2021)
    assert table["funds"] == {"initial": None, "annual": "100", "executed": "80"}
    assert audited(table)["findings"] == []


def test_where_the_total_of_the_funds_is_left_at_nothing_their_parts_are_added() -> None:
    rows = with_cell((5, 5), 0)
    rows[4][3:6] = [None, 0, 0]

    assert table_in(a_book(rows))["funds"] == FUNDS


def test_points_that_rows_share_count_once_and_a_reason_that_they_share_counts_for_each() -> None:
    rows = with_cell((12, 7), 30)
    rows[11][7], rows[11][8] = 30, "统一说明"
    rows[12][6] = rows[12][7] = rows[12][8] = None

    table = table_in(a_book(rows, (*MERGED, "G12:G13", "H12:H13", "I12:I13")))

    assert [(row["weight"], row["score"]) for row in table["indicators"][1:3]] == [("30", "30"), ("0", "0")]
    assert [row["deviation_reason_printed"] for row in table["indicators"][1:3]] == ["统一说明", "统一说明"]
    assert audited(table)["findings"] == []


def test_without_a_total_rows_end_at_the_notes() -> None:
    rows = [row for row in COMMON if row[0] not in ("总分", "自评等级:优")]

    table = table_in(a_book(rows, (), {}))

    assert len(table["indicators"]) == 6
    assert (table["total_printed"], table["full_printed"], table["grade_printed"]) == (None, None, None)


def test_headings_without_funds_or_rows_below() -> None:
    heading = ["三级指标", "年度指标值", "实际完成值", "得分"]
    ungraded = ["自评等级", "优☐良☐"]

    assert table_of(Sheet([heading], frozenset())) is None
    assert table_of(Sheet([], frozenset())) is None
    table = table_of(Sheet([heading, ["检查", "≥1次", "1次", "10"], ungraded], frozenset()))
    assert table is not None
    assert (table["funds"], table["execution"], table["indicators"][0]["weight"]) == ({}, {}, None)
    assert table["grade_printed"] is None


def test_funds_without_a_word_for_the_total_are_those_of_the_next_row() -> None:
    rows = [["全年预算数", "全年执行数"], ["100", "80"], ["三级指标", "年度指标值", "实际完成值", "得分"]]

    table = table_of(Sheet([*rows, ["检查", "≥1次", "1次", "10"]], frozenset()))

    assert table is not None
    assert table["funds"] == {"initial": None, "annual": "100", "executed": "80"}


def test_cells_show_what_they_are_formatted_to_show() -> None:
    rows = [["三级指标", "年度指标值", "实际完成值", "得分"], [True, date(2022, 12, 20), 0.333333333333, 1e-12]]

    [_, sheet] = workbooks.read_sheets(a_book(rows, (), {"C2": "0.0%"}))

    assert [sheet.text(1, column) for column in range(5)] == [None, "2022-12-20", "33.33%", "0", None]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\xd0\xcf\x11\xe0 an old workbook"]
)
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="cannot be read as a workbook"):
        workbooks.read_sheets(content)


def repacked(content: bytes, **parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name.replace("/", "_").replace(".", "_"), old.read(name)))
        for name, part in parts.items():
            new.writestr(name, part)
    return file.getvalue()


def test_a_small_file_that_unpacks_to_a_large_one_is_refused() -> None:
    bomb = repacked(a_book(), padding=bytes(workbooks.UNPACKED_BYTES_MAX))

    assert len(bomb) < 100_000
    with pytest.raises(Invalid, match="unpack to"):
        workbooks.read_sheets(bomb)


def test_a_file_of_too_many_parts_is_refused() -> None:
    with pytest.raises(Invalid, match="has at most 200 parts"):
        workbooks.read_sheets(repacked(a_book(), **{f"part{number}": b"" for number in range(workbooks.PARTS_MAX)}))


def test_entities_are_not_expanded() -> None:
    sheet = b"""<?xml version="1.0"?><!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa">]>
        <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">
        <c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>"""

    assert openpyxl.DEFUSEDXML
    with pytest.raises(Invalid, match="cannot be read as a workbook"):
        workbooks.read_sheets(repacked(a_book(), xl_worksheets_sheet2_xml=sheet))


def test_sheets_are_read_no_further_than_their_bounds() -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>{row}</v></c></row>' for row in range(1, workbooks.ROWS_MAX + 50))
    sheet = f"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}
        </sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>"""

    [_, read] = workbooks.read_sheets(repacked(a_book(), xl_worksheets_sheet2_xml=sheet.encode()))

    assert len(read.rows) == workbooks.ROWS_MAX
    assert read.text(workbooks.ROWS_MAX - 1, 0) == "1"


def test_a_broken_part_is_refused() -> None:
    with pytest.raises(Invalid, match="cannot be read as a workbook"):
        workbooks.read_sheets(repacked(a_book(), xl_worksheets_sheet2_xml=b"<worksheet"))


def test_sources_that_do_not_add_up_to_the_funds_are_a_doubt() -> None:
    table = table_in(a_book(with_cell((5, 4), 16)))  # The initial budget: nothing else follows from it.

    [found] = audited(table)["findings"]

    assert (found["code"], found["severity"], found["field"]) == ("sum-mismatch", "doubt", "funds.initial")
    assert (found["printed"], found["expected"]) == ("16", "15")
