"""Tables in JSON: what is tolerated, and what is refused with every fault at once."""

from decimal import Decimal
from typing import Any

import pytest

from services.evaluation.rules import read_table
from shared.problems import Invalid
from tests.evaluation.auditing.tables import a_row


def test_numbers_may_be_text_and_texts_numbers() -> None:
    row = a_row(100, Decimal("98.5"), "10分", " 9.85 ")

    table = read_table({"indicators": [row], "year": "2022年度", "total_printed": "1,009.85", "grade_printed": " "})

    [read] = table.rows
    assert (read.target, read.actual, read.weight, read.score) == ("100", "98.5", Decimal(10), Decimal("9.85"))
    assert (table.year, table.total, table.grade) == (2022, Decimal("1009.85"), None)


@pytest.mark.parametrize("empty", [None, "", " ", "-", "——", "/"])
def test_an_empty_cell_is_empty_however_it_is_written(empty: Any) -> None:
    [row] = read_table({"indicators": [a_row(empty, empty, empty, empty)]}).rows

    assert (row.target, row.actual, row.weight, row.score) == (None, None, None, None)


def test_what_is_not_known_is_let_pass_and_what_may_be_missing_may_be() -> None:
    table = read_table({"indicators": [{"note": {"a": 1}}], "notes": "x", "funds": None, "complete": None})

    assert (table.is_complete, table.year, table.execution.annual) == (True, None, None)


def test_every_fault_is_named_at_once() -> None:
    raw = {
        "indicators": [a_row(True, "1", "ten", 5, direction="up"), "row", a_row("\x1b", "a" * 2_001, [], {}, name="x")],
        "year": "1849",
        "funds": [],
        "execution": {"weight": "1e5"},
        "complete": "yes",
        "total_printed": "about 90",
    }

    with pytest.raises(Invalid) as refusal:
        read_table(raw)

    assert [(error["field"], error["code"]) for error in refusal.value.facts["errors"]] == [
        ("indicators.0.target_printed", "text"),
        ("indicators.0.direction", "direction"),
        ("indicators.0.weight", "number"),
        ("indicators.1", "type"),
        ("indicators.2.target_printed", "text"),
        ("indicators.2.actual_printed", "text"),
        ("indicators.2.weight", "text"),
        ("indicators.2.score", "text"),
        ("year", "year"),
        ("complete", "type"),
        ("funds", "type"),
        ("execution.weight", "number"),
        ("total_printed", "number"),
    ]


@pytest.mark.parametrize("raw", [None, [], "table", {}, {"indicators": []}, {"indicators": [{}] * 501}])
def test_what_has_no_rows_or_too_many_is_no_table(raw: Any) -> None:
    with pytest.raises(Invalid):
        read_table(raw)
