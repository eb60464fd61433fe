"""Budget execution, sums, weights, grades and repeated rows."""

from typing import Any

import pytest

from tests.evaluation.auditing.tables import a_row, a_table, audited, found_in


def executed(
    annual: Any, executed: Any, rate: Any, score: Any, *, weight: Any = 10, initial: Any = None, **others: Any
) -> list[tuple[str, str]]:
    """What is found in a table's budget execution."""
    raw = a_table(
        a_row("≥60组", "60组", 4, 4),
        funds={"initial": initial, "annual": annual, "executed": executed},
        execution={"rate_printed": rate, "weight": weight, "score": score},
        **others,
    )
    return [found[:2] for found in found_in(raw)]


@pytest.mark.parametrize(
    ("annual", "spent", "rate", "score"),
    [
        ("150000", "138125", "92.08%", "9.21"),
        ("150000", "138125", "92.08%", "9.2"),
        ("150000", "138125", "92%", 9),
        ("150000", "138125", "92.1", "9.2"),
        ("150000", "138125", "0.92", "9.2"),
        ("150000", "138125", "0.9208", "9.21"),
        ("387,664.62", "387664.62", "100%", 10),
        ("387664.62元", "387664.62元", "1", 10),
        ("1000", "995", "99.50%", "9.95"),
        ("1000", "995", "99.5", "9.95"),
        ("210", "197.33", "94%", "5.64"),
        ("1000", "0", "0%", 0),
        ("1000", "0", "0", 0),
        (None, None, "76%", "7.6"),
        (None, None, "已执行", "7.6"),
        (None, None, None, None),
        ("1000", "995", None, "9.95"),
        ("1000", "995", "基本执行", "9.95"),
    ],
)
def test_execution_that_follows_from_the_amounts_is_let_pass(annual: Any, spent: Any, rate: Any, score: Any) -> None:
    assert executed(annual, spent, rate, score, weight=6 if score == "5.64" else 10) == []


@pytest.mark.parametrize(
    ("annual", "spent", "rate", "score", "found"),
    [
        ("1000", "804", "100%", 10, [("execution-rate-mismatch", "error"), ("execution-score-mismatch", "error")]),
        ("1000", "804", "84%", "8.04", [("execution-rate-mismatch", "error")]),
        ("1000", "804", "0", "8.04", [("execution-rate-mismatch", "error")]),
        ("1000", "804", "80.4%", 10, [("execution-score-mismatch", "error")]),
        ("1000", "804", "80.4%", "5.04", [("execution-score-mismatch", "error")]),
        ("1000", "804", "80.4%", None, [("execution-score-mismatch", "doubt")]),
        ("1000", "921", "92.1%", 10, [("execution-score-mismatch", "doubt")]),
        ("1000", "1025.9", "102.59%", 10, [("overspent", "error")]),
        ("1000", "1025.9", "100%", 10, [("overspent", "error")]),
        ("1000", "1025.9", "102.59%", None, [("overspent", "error")]),
        ("1000", "1025.9", "102.59%", 11, [("overspent", "error"), ("score-above-weight", "error")]),
        ("0", "0", "0", 0, [("zero-budget", "doubt")]),
        ("0", "0", "100%", 10, [("zero-budget", "error")]),
        ("0", "5", None, None, [("zero-budget", "error")]),
        (None, None, "120%", 10, [("percent-out-of-range", "error")]),
        (None, None, "80%", 10, [("execution-score-mismatch", "error")]),
    ],
)
def test_execution_that_does_not_follow_is_found(
    annual: Any, spent: Any, rate: Any, score: Any, found: list[tuple[str, str]]
) -> None:
    assert executed(annual, spent, rate, score) == found


def test_points_for_execution_need_a_weight() -> None:
    assert executed("1000", "995", "99.5%", "9.95", weight=None) == [("weight-missing", "error")]


def test_a_rate_of_the_initial_budget_is_told_as_such() -> None:
    raw = a_table(
        a_row("≥60组", "60组", 4, 4),
        funds={"initial": 100, "annual": 80, "executed": 60},
        execution={"rate_printed": "60%", "weight": 10, "score": "7.5"},
    )

    [finding] = audited(raw)["findings"]

    assert (finding["code"], finding["printed"], finding["expected"]) == ("execution-rate-mismatch", "60%", "75%")
    assert "年初预算数" in finding["message"]["zh"]


def whole(weights: list[Any], scores: list[Any], total: Any, **others: Any) -> list[tuple[str, str]]:
    """What is found in a whole table of met targets, with 10 points for execution unless told otherwise."""
    rows = [
        a_row("有效", "基本有效", weight, score, name=f"指标{number}")
        for number, (weight, score) in enumerate(zip(weights, scores, strict=True))
    ]
    execution = {"funds": {"annual": 10, "executed": 10}, "execution": {"weight": 10, "score": 10}}
    raw = execution | {"indicators": rows, "total_printed": total} | others
    return [found[:2] for found in found_in(raw)]


def test_a_table_that_adds_up_is_clean() -> None:
    assert whole([50, 40], [50, 40], 100) == []
    assert whole([50, 40], ["45.55", "40"], "95.55") == []
    assert whole([50, 40], ["45.55", "40"], "95.6") == []
    assert whole([50, 40], ["45.55", "40"], 96) == []
    assert whole([50, 40], [50, 40], None) == []


def test_execution_may_stand_beside_the_hundred() -> None:
    assert whole([60, 40], [60, 40], 100) == []
    assert whole([60, 40], [60, 40], 110, full_printed=110) == []
    assert whole([60, 40], [60, 40], 110) == [("weights-mismatch", "error")]
    assert whole([60, 40], [60, 40], 110, full_printed=100) == [("weights-mismatch", "error")]


def test_another_full_score_is_let_pass_if_the_table_prints_it() -> None:
    assert whole([70, 40], [70, 40], 120, full_printed=120) == []
    assert whole([70, 40], [70, 40], 120) == [("weights-mismatch", "error")]
    assert whole([53, 40], [53, 40], 103, full_printed=103) == [("weights-mismatch", "doubt")]
    assert whole([40, 40], [40, 40], 90, full_printed=90) == [("weights-mismatch", "doubt")]


def test_totals_of_scores_that_were_rounded_only_to_be_printed_are_let_pass() -> None:
    assert whole([30, 30, 30], ["28.33", "28.33", "28.33"], "95.00") == []
    assert whole([30, 30, 30], ["28.33", "28.33", "28.33"], "95.10") == [("sum-mismatch", "error")]


def test_sums_that_do_not_add_up_are_found() -> None:
    assert whole([50, 40], [50, 40], 99) == [("sum-mismatch", "error")]
    assert whole([50, 35], [50, 35], 95) == [("weights-mismatch", "error")]
    assert whole([50, 35], [50, 35], None) == [("weights-mismatch", "doubt")]


def test_of_a_part_of_a_table_only_too_much_is_told() -> None:
    assert whole([50, 20], [50, 20], 97, complete=False) == []
    assert whole([50, 20], [50, 20], 60, complete=False) == [("sum-mismatch", "error")]
    assert whole([80, 50], [80, 50], None, complete=False) == [("weights-mismatch", "doubt")]


@pytest.mark.parametrize(
    ("total", "grade", "found"),
    [
        (100, "优秀", []),
        (90, "优", []),
        (90, "良", [("grade-mismatch", "error")]),
        ("84.47", "优", [("grade-mismatch", "error")]),
        ("89.6", "优", [("grade-mismatch", "doubt")]),
        (75, "一般", []),
        (75, "中等", []),
        (45, "较差", []),
        (45, "合格", [("grade-mismatch", "error")]),
        (45, "通过验收", []),
        (None, "差", []),
    ],
)
def test_a_grade_is_held_against_the_total(total: Any, grade: str, found: list[tuple[str, str]]) -> None:
    score = 40 if total is None else str(float(total) - 10)

    assert whole([90], [score], total, grade_printed=grade) == found


def test_a_row_that_repeats_another_is_found() -> None:
    row = a_row("≥60组", "60组", 4, 4)

    assert found_in(a_table(row, row)) == [("duplicate-row", "error", 1)]
    assert found_in(a_table(row, row | {"actual_printed": "61组"})) == [("duplicate-row", "doubt", 1)]
    assert found_in(a_table(row, row | {"target_printed": "≥50组"})) == []
    assert found_in(a_table(row, row | {"level2": "质量指标"})) == []
    assert found_in(a_table(row | {"name": None}, row | {"name": None})) == []
