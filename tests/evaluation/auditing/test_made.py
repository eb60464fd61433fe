"""The law of audits: of a clean table nothing is said, and of one planted fault what it is and where, and no more."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.evaluation.auditing.made import POLICY, Made, clean_tables
from tests.evaluation.auditing.tables import audited, found_in

Plant = Callable[[Made, st.DataObject], int | None]  # Plants a fault; returns its row.

SUITS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


@settings(max_examples=300, deadline=None)
@given(clean_tables())
def test_of_a_clean_table_nothing_is_said(made: Made) -> None:
    answer = audited(made.raw)

    assert answer["findings"] == []
    assert Decimal(answer["recomputed_total"]) == Decimal(made.raw["total_printed"])


def one_of(rows: list[int], data: st.DataObject) -> int:
    assume(rows)
    return data.draw(st.sampled_from(rows))


def wrong_sum(made: Made, data: st.DataObject) -> None:
    made.raw["total_printed"] = str(
        Decimal(made.raw["total_printed"]) + data.draw(st.sampled_from((-3, -2, -1, 1, 2, 3)))
    )


def wrong_weights(made: Made, data: st.DataObject) -> None:
    row = made.rows[one_of(made.met, data)]
    row |= {"weight": int(row["weight"]) + 3, "score": str(int(row["weight"]) + 3)}
    made.add_up()


def above_weight(made: Made, data: st.DataObject) -> int:
    row = one_of(made.met, data)
    made.rows[row]["score"] = int(made.rows[row]["weight"]) + data.draw(st.integers(1, 5))
    made.add_up()
    return row


def not_following(made: Made, data: st.DataObject) -> int:
    row = one_of(made.missed, data)
    score, weight = Decimal(made.rows[row]["score"]), int(made.rows[row]["weight"])
    other = score + data.draw(st.sampled_from((-3, -2, 2, 3))) / Decimal(2) * 2
    assume(0 < other < weight)
    made.rows[row] |= {"score": str(other), "deviation_reason_printed": None}
    made.add_up()
    return row


def copied(made: Made, data: st.DataObject) -> int:
    row = one_of(made.met, data)
    made.rows[row]["actual_printed"] = made.rows[row]["target_printed"]
    return row


def lost(made: Made, data: st.DataObject) -> int:
    row = one_of(made.met, data)
    made.rows[row]["score"] = int(made.rows[row]["weight"]) - data.draw(st.integers(1, 4))
    made.add_up()
    return row


def full(made: Made, data: st.DataObject) -> int:
    row = one_of(made.missed, data)
    made.rows[row] |= {"score": made.rows[row]["weight"], "deviation_reason_printed": None}
    made.add_up()
    return row


def no_actual(made: Made, data: st.DataObject) -> int:
    row = data.draw(st.integers(0, len(made.rows) - 1))
    made.rows[row]["actual_printed"] = data.draw(st.sampled_from((None, "", "-", "——", "/")))
    return row


def words(made: Made, data: st.DataObject) -> int:
    row = one_of(made.met, data)
    made.rows[row]["actual_printed"] = data.draw(st.sampled_from(("已完成", "达成预期指标", "良好")))
    return row


def beyond(made: Made, data: st.DataObject) -> int:
    row = one_of(made.met, data)
    score = made.rows[row]["weight"]
    made.rows[row] |= {"name": "服务对象满意度", "target_printed": "≥90%", "actual_printed": "109%", "score": score}
    return row


def no_weight(made: Made, data: st.DataObject) -> int:
    row = data.draw(st.integers(0, len(made.rows) - 1))
    made.rows[row]["weight"] = None
    return row


def twice(made: Made, data: st.DataObject) -> int:
    made.rows.append(dict(data.draw(st.sampled_from(made.rows))))
    made.add_up()
    return len(made.rows) - 1


def wrong_grade(made: Made, data: st.DataObject) -> None:
    others = [grade for grade in ("优", "良", "中", "差") if grade != made.raw["grade_printed"]]
    made.raw["grade_printed"] = data.draw(st.sampled_from(others))


def wrong_rate(made: Made, data: st.DataObject) -> None:
    made.raw["execution"]["rate_printed"] = data.draw(st.sampled_from(("12%", "12.5", "0.125")))


def wrong_execution(made: Made, data: st.DataObject) -> None:
    score = Decimal(made.raw["execution"]["score"]) - data.draw(st.integers(2, 3))
    assume(score >= 0)
    made.raw["execution"]["score"] = str(score)
    made.add_up()


def overspent(made: Made, data: st.DataObject) -> None:
    annual = int(made.raw["funds"]["annual"].replace(",", ""))
    made.raw["funds"]["executed"] = annual + data.draw(st.integers(1, annual))
    made.raw["execution"] |= {"rate_printed": "100%", "score": made.raw["execution"]["weight"]}
    made.add_up()


def no_budget(made: Made, data: st.DataObject) -> None:
    made.raw["funds"]["annual"] = 0


PLANTS: dict[str, tuple[Plant, frozenset[str]]] = {  # And what follows from the fault, if anything.
    "sum-mismatch": (wrong_sum, frozenset({"grade-mismatch"})),
    "weights-mismatch": (wrong_weights, frozenset()),
    "score-above-weight": (above_weight, frozenset()),
    "score-not-following": (not_following, frozenset()),
    "target-copied": (copied, frozenset()),
    "met-but-lost": (lost, frozenset()),
    "missed-but-full": (full, frozenset()),
    "actual-missing": (no_actual, frozenset()),
    "actual-not-a-number": (words, frozenset()),
    "percent-out-of-range": (beyond, frozenset()),
    "weight-missing": (no_weight, frozenset()),
    "duplicate-row": (twice, frozenset({"weights-mismatch", "grade-mismatch"})),
    "grade-mismatch": (wrong_grade, frozenset()),
    "execution-rate-mismatch": (wrong_rate, frozenset()),
    "execution-score-mismatch": (wrong_execution, frozenset()),
    "overspent": (overspent, frozenset()),
    "zero-budget": (no_budget, frozenset()),
}


@pytest.mark.parametrize("code", PLANTS)
def test_a_planted_fault_is_found_where_it_is_and_nothing_else_is_said(code: str) -> None:
    plant, consequences = PLANTS[code]

    @SUITS
    @given(clean_tables(), st.data())
    def check(made: Made, data: st.DataObject) -> None:
        row = plant(made, data)

        found = found_in(made.raw, POLICY.name)  # Another rule may excuse by chance what was planted.

        assert (code, row) in [(code, row) for code, _, row in found]
        assert {other for other, _, place in found if (other, place) != (code, row)} <= consequences

    check()
