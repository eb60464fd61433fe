"""The rows of a project's page."""

from typing import Any

import pytest

from services.console.pages.project.money import budget_rows
from services.console.pages.project.operation import target_hours
from services.console.pages.project.table import measured_text
from services.console.words import Words

ZH, EN = Words("zh"), Words("en")


def a_detail(measured: str | None, target: str = "≥80", unit: str = "%", source: str = "events") -> dict[str, Any]:
    return {"measured": measured, "target": target, "unit": unit, "source": source, "aspect": "quality"}


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        (a_detail(None), "–"),
        (a_detail("95.656109"), "95.66 %"),
        (a_detail("0.12", "≤0.3"), "0.12 %"),
        (a_detail("100", "=100"), "100 %"),
        (a_detail("79.996", "≥80"), "79.996 %"),  # Not 80: it misses the target.
        (a_detail("0.004", "≤0"), "0.004 %"),  # Not 0.
        (a_detail("5.3925", "≤6", "万元"), "5.3925 万元"),
        (a_detail("2018-12-10", "≤2018-12-20", ""), "2018年12月10日"),
        (a_detail("100", "稳步运行", "", "rating"), "达成 (100 %)"),
        (a_detail("79.99", "稳步运行", "", "rating"), "部分达成 (79.99 %)"),
        (a_detail("0", "稳步运行", "", "rating"), "未达成 (0 %)"),
    ],
)
def test_a_measured_value_is_written_as_people_write_it(detail: dict[str, Any], shown: str) -> None:
    assert measured_text(detail, ZH) == shown


def a_line(paid: str, remaining: str) -> dict[str, Any]:
    line = {"line": "l", "name": "n", "initial": "60000.00", "adjusted": "60000.00", "execution_rate": "0.5"}
    return line | {"paid": paid, "remaining": remaining}


def test_the_amounts_of_a_table_stand_in_one_unit_and_below_each_other() -> None:
    rows = budget_rows([a_line("53925.00", "6075.00"), a_line("0.00", "60000.00")], ZH)

    assert [row["remaining"] for row in rows] == ["0.6075 万元", "6.0000 万元"]
    assert [row["paid"] for row in rows] == ["5.3925 万元", "0.0000 万元"]
    assert budget_rows([a_line("53925.00", "6075.00")], EN)[0]["remaining"] == "¥6,075.00"


def test_where_no_amount_reaches_ten_thousand_they_stand_in_yuan() -> None:
    assert ZH.amounts(["900.00", "0.00"]) == ["900.00 元", "0.00 元"]


def test_the_clock_of_a_fault_runs_against_the_plans_bound_or_eight_hours() -> None:
    bound = a_detail("1", "≤4", "小时") | {"aspect": "timeliness"}

    assert target_hours({"details": [a_detail("1"), bound]}) == 4
    assert target_hours({"details": [a_detail("1")]}) == 8
