"""What a measured value earns: the laws, and figures worked out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.model import Policy, Rounding, Target
from services.evaluation.rules import scoring
from services.evaluation.rules.scoring import grade_of, is_met, points, rounded
from tests.evaluation.builders import MOF_2020

values = st.fractions(min_value=0, max_value=10**6, max_denominator=1000)
targets = st.decimals(min_value=0, max_value=10**6, places=2).map(str)
weights = st.decimals(min_value=Decimal("0.000001"), max_value=100, places=6)
one_sided = st.sampled_from([">=", "<=", "=", ">", "<"])


def reach(measured: Fraction, target: Target, policy: Policy, weight: Decimal = Decimal(10)) -> Fraction:
    method = scoring.scoring_for(policy, target, "output", "%")
    return scoring.reach(measured, target, policy, method, weight)


def earned(measured: str, op: str, value: object, weight: str = "10") -> Decimal:
    share = reach(Fraction(measured), Target(op=op, value=value), MOF_2020)  # type: ignore[arg-type]
    return points(Decimal(weight), share, MOF_2020.rounding)


@given(measured=values, op=one_sided, target=targets, weight=weights)
def test_a_score_stays_within_zero_and_its_weight(measured: Fraction, op: str, target: str, weight: Decimal) -> None:
    share = reach(measured, Target(op=op, value=target), MOF_2020)  # type: ignore[arg-type]

    assert 0 <= share <= 1
    assert 0 <= points(weight, share, MOF_2020.rounding) <= weight


@pytest.mark.parametrize(("weight", "score"), [("3.335", "3.33"), ("0.005", "0.00"), ("2.665", "2.66"), ("4", "4.00")])
def test_a_weight_finer_than_points_is_never_rounded_past_itself(weight: str, score: str) -> None:
    assert points(Decimal(weight), Fraction(1), MOF_2020.rounding) == Decimal(score)


@given(lower=values, higher=values, target=targets)
def test_doing_more_never_scores_less_where_more_is_better(lower: Fraction, higher: Fraction, target: str) -> None:
    lower, higher = sorted((lower, higher))
    goal = Target(op=">=", value=target)

    assert reach(lower, goal, MOF_2020) <= reach(higher, goal, MOF_2020)


@given(lower=values, higher=values, target=targets)
def test_doing_less_never_scores_less_where_less_is_better(lower: Fraction, higher: Fraction, target: str) -> None:
    lower, higher = sorted((lower, higher))
    goal = Target(op="<=", value=target)

    assert reach(higher, goal, MOF_2020) <= reach(lower, goal, MOF_2020)


@given(measured=values, op=st.sampled_from([">=", "<=", "=", "between"]), bounds=st.tuples(targets, targets))
def test_a_met_target_earns_the_whole_weight_and_a_missed_one_less(
    measured: Fraction, op: str, bounds: tuple[str, str]
) -> None:
    low, high = sorted(bounds, key=Decimal)
    target = Target(op=op, value=(low, high) if op == "between" else low)  # type: ignore[arg-type]

    assert is_met(measured, target, MOF_2020) == (reach(measured, target, MOF_2020) == 1)


@pytest.mark.parametrize(
    ("measured", "op", "target", "points_of_ten"),
    [
        ("85", ">=", "100", "8.50"),
        ("130", ">=", "100", "10.00"),
        ("0", ">=", "0", "10.00"),
        ("8", "<=", "8", "10.00"),
        ("10", "<=", "8", "8.00"),
        ("0", "<=", "0", "10.00"),
        ("1", "<=", "0", "0.00"),
        ("0", "<=", "5", "10.00"),
        ("9", "=", "12", "7.50"),
        ("16", "=", "12", "7.50"),
        ("0", "=", "0", "10.00"),
        ("3", "=", "0", "0.00"),
        ("0", "=", "3", "0.00"),
        ("100", ">", "100", "0.00"),
        ("101", ">", "100", "10.00"),
        ("99", "<", "100", "10.00"),
        ("5", "between", ("5", "10"), "10.00"),
        ("4", "between", ("5", "10"), "8.00"),
        ("20", "between", ("5", "10"), "5.00"),
        ("73", "level", "好", "7.30"),
        ("2", ">=", "3", "6.67"),
        ("1", ">=", "3", "3.33"),
    ],
)
def test_the_figures_of_the_policy_of_2020(measured: str, op: str, target: object, points_of_ten: str) -> None:
    assert earned(measured, op, target) == Decimal(points_of_ten)


@pytest.mark.parametrize(
    ("value", "digits", "mode", "expected"),
    [
        ("2.665", 2, "half_up", "2.67"),
        ("2.6649999", 2, "half_up", "2.66"),
        ("9.2083", 2, "half_up", "9.21"),
        ("9.2083", 1, "half_up", "9.2"),
        ("9.999", 0, "down", "9"),
        ("9.001", 0, "up", "10"),
        ("2.665", 2, "half_even", "2.66"),
        ("2.6650001", 2, "half_even", "2.67"),
        ("2.675", 2, "half_even", "2.68"),
    ],
)
def test_rounding_happens_once_and_exactly(value: str, digits: int, mode: str, expected: str) -> None:
    rounding = Rounding(mode=mode, digits=digits)  # type: ignore[arg-type]

    assert points(Decimal(10), Fraction(value) / 10, rounding) == Decimal(expected)


@given(value=st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6), digits=st.integers(0, 6))
def test_a_rounded_value_is_never_further_off_than_half_its_last_digit(value: Fraction, digits: int) -> None:
    assert abs(Fraction(rounded(value, digits)) - value) <= Fraction(1, 2 * 10**digits)


@pytest.mark.parametrize(
    ("total", "label"),
    [
        ("100", "优"),
        ("90", "优"),
        ("89.99", "良"),
        ("80", "良"),
        ("79.99", "中"),
        ("60", "中"),
        ("59.99", "差"),
        ("0", "差"),
    ],
)
def test_boundary_totals_earn_the_better_grade(total: str, label: str) -> None:
    assert grade_of(Decimal(total), MOF_2020).zh == label
