"""The layouts of several provinces: clean ones are clean, and a fault in a cell is found where it is."""

from typing import Any

import pytest

from services.evaluation import workbooks
from services.evaluation.rules import table_of
from services.evaluation.rules.auditing.grades import grade_word
from services.evaluation.rules.auditing.headings import COLUMNS, LOOSELY, columns_of
from tests.evaluation.auditing.books import a_book
from tests.evaluation.auditing.layouts import ADJUSTED, LOOSE, NAMED, SIGNED, SURROUNDED, Rows
from tests.evaluation.auditing.tables import audited

LAYOUTS = {"signed": SIGNED, "surrounded": SURROUNDED, "adjusted": ADJUSTED, "named": NAMED, "loose": LOOSE}


def table_in(rows: Rows) -> dict[str, Any]:
    [_, sheet] = workbooks.read_sheets(a_book(rows, (), {}))
    table = table_of(sheet)
    assert table is not None
    return table


def changed(rows: Rows, row: int, column: int, value: Any) -> Rows:
    """*rows* with one cell other than it was."""
    copy = [list(cells) for cells in rows]
    copy[row][column] = value
    return copy


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_clean_table_in_another_provinces_layout_is_clean(name: str) -> None:
    assert audited(table_in(LAYOUTS[name]))["findings"] == []


@pytest.mark.parametrize(
    ("name", "place", "value", "code", "row"),
    [
        ("signed", (9, 6), "60万元", "missed-but-full", 2),
        ("signed", (9, 6), "600000", "missed-but-full", 2),
        ("signed", (10, 6), "85%", "missed-but-full", 3),
        ("signed", (7, 6), "巡检9次", "missed-but-full", 0),
        ("signed", (14, 8), "98.60", "sum-mismatch", None),
        ("signed", (14, 10), "良", "grade-mismatch", None),
        ("signed", (3, 6), "69.00", "execution-rate-mismatch", None),
        ("surrounded", (2, 6), "6次", "missed-but-full", 0),
        ("surrounded", (7, 1), "优□ 良☑ 中□ 差□", "grade-mismatch", None),
        ("adjusted", (2, 4), None, "missed-but-full", 0),
        ("adjusted", (5, 8), 12, "score-not-following", 3),
        ("named", (4, 6), 25, "score-above-weight", 0),
        ("named", (7, 6), 20, "score-not-following", 3),
        ("named", (2, 5), 20, "execution-score-mismatch", None),
        ("named", (10, 1), "□优 □良 ■中", "grade-mismatch", None),
        ("loose", (5, 2), "开展巡检6次", "missed-but-full", 0),
        ("loose", (2, 3), "100%", "execution-rate-mismatch", None),
    ],
)
def test_a_fault_in_a_cell_is_found_where_it_is(
    name: str, place: tuple[int, int], value: Any, code: str, row: int | None
) -> None:
    found = audited(table_in(changed(LAYOUTS[name], *place, value)))["findings"]

    assert (code, row) in [(each["code"], each["row"]) for each in found]


def test_sign_and_unit_of_columns_of_their_own_belong_to_the_target() -> None:
    targets = [row["target_printed"] for row in table_in(SIGNED)["indicators"]]

    assert targets == [">=12次", "=100%", "<=50万元", ">=99%", "≥95%", "规范"]


def test_weights_are_read_from_names_where_one_name_means_one_row() -> None:
    doubled = [*NAMED[:6], [None, "产出指标", "质量指标(10分)", "优良率", "90%", "95%", 5], *NAMED[6:]]

    weights = [row["weight"] for row in table_in(doubled)["indicators"]]

    assert weights == ["20", "10", None, None, "30", "10"]


def test_headings_that_name_what_stands_beside_name_no_column() -> None:
    aside = ["上年完成值", "指标值设置依据", "得分系数", "评分标准", "偏差率", "完成率", "是否核心指标"]

    assert columns_of(enumerate(aside), COLUMNS, LOOSELY) == {}


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("优秀", "优秀"),
        ("良级", "良"),
        ("☑优□良□中□差", "优"),
        ("优□、良√、中□、差□", "良"),
        ("优□良□中□差□", None),
        ("优☑良☑", None),
        ("优√良□中", None),
        ("通过", None),
    ],
)
def test_a_grade_is_the_word_or_the_one_that_is_ticked(text: str, grade: str | None) -> None:
    assert grade_word(text) == grade
