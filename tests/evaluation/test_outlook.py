"""Early warning: states from pace and the time that is left."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.model import Target
from services.evaluation.rules.outlook import Standing, execution_outlook, outlook, stays_reached
from tests.evaluation.builders import (
    CHINA,
    MID_YEAR,
    YEAR_OVER,
    a_plan,
    an_indicator,
    at,
    complained,
    counted,
    declared,
    inspected,
    measured,
    opened,
    paid,
    rated,
    recorded,
    resolved,
    responded,
    scored,
    signed,
)

OCTOBER = at("10-15 00:00")
APRIL = at("04-01 00:00")


def state(indicator: Any, *happenings: Any, as_of: datetime = MID_YEAR) -> str:
    return str(measured(indicator, *happenings, as_of=as_of).outlook.state)


def test_a_count_is_held_against_the_time_that_has_passed() -> None:
    indicator = an_indicator("accepted_quantity", ">=", "10", arguments={"item": "i"})
    some = [signed(quantity="10"), inspected("4", "03-01 00:00")]

    assert state(indicator, *some, as_of=MID_YEAR) == "on_track"  # 40 % at half time.
    assert state(indicator, *some, as_of=OCTOBER) == "at_risk"  # 40 % when 79 % of the time have passed.
    assert state(indicator, *some, inspected("6", "10-01 00:00"), as_of=OCTOBER) == "on_track"
    assert state(indicator, *some, as_of=YEAR_OVER) == "missed"


def test_nothing_at_all_is_a_warning_only_when_little_time_is_left() -> None:
    indicator = an_indicator("rating", "level", "稳步运行")

    assert [state(indicator, as_of=moment) for moment in (APRIL, OCTOBER, YEAR_OVER)] == [
        "on_track",
        "at_risk",
        "missed",
    ]


def test_a_day_that_has_passed_with_nothing_reported_is_a_warning() -> None:
    indicator = an_indicator("reported", "by", "2018-03-31", unit="")

    assert state(indicator, as_of=at("03-31 12:00")) == "on_track"
    assert state(indicator, as_of=APRIL) == "at_risk"
    assert state(an_indicator("reported", ">=", "1"), as_of=APRIL) == "on_track"


@pytest.mark.parametrize(
    ("measure", "op", "value", "arguments"),
    [
        ("response_hours", "<=", "8", {}),
        ("fault_resolution_rate", ">=", "90", {}),
        ("event_count", "<=", "0", {"type": "fault.opened"}),
        ("paid_amount", "<=", "60000", {}),
    ],
)
def test_where_nothing_is_what_is_wanted_nothing_is_no_warning(
    measure: str, op: Any, value: str, arguments: dict[str, str]
) -> None:
    found = measured(an_indicator(measure, op, value, unit="", arguments=arguments), as_of=OCTOBER)

    assert (found.status, found.outlook.state) == ("pending", "on_track")
    assert state(an_indicator("inspections", ">=", "1"), as_of=OCTOBER) == "at_risk"


def test_more_than_an_exact_count_cannot_be_taken_back() -> None:
    indicator = an_indicator("inspections", "=", "1")

    assert state(
        an_indicator("accepted_quantity", "=", "1", arguments={"item": "i"}), signed(), inspected("2", "03-01 00:00")
    ) == ("out_of_reach")
    assert state(indicator) == "on_track"


def test_downtime_that_fills_the_whole_year_s_allowance_is_out_of_reach() -> None:
    indicator = an_indicator("fault_rate", "<=", "0.3")  # 26.28 hours of the year.

    def after(hours: int) -> str:
        return state(
            indicator, opened("01-10 00:00"), resolved(f"01-{10 + hours // 24} {hours % 24:02}:00"), as_of=APRIL
        )

    assert after(5) == "on_track"
    assert after(6) == "at_risk"  # 0.278 % of the time so far: more than nine tenths of the limit.
    assert after(8) == "missed"  # 0.37 % so far; 0.09 % if nothing else happens.
    assert after(27) == "out_of_reach"


def test_availability_mirrors_the_fault_rate() -> None:
    indicator = an_indicator("availability", ">=", "99.7")

    assert state(indicator, opened("01-10 00:00"), resolved("01-10 08:00"), as_of=APRIL) == "missed"
    assert state(indicator, opened("01-10 00:00"), resolved("01-12 00:00"), as_of=APRIL) == "out_of_reach"


def test_the_longest_response_stays_the_longest_but_a_mean_can_recover() -> None:
    slow = [opened("03-01 00:00"), responded("03-01 09:00")]

    assert state(an_indicator("response_hours", "<=", "8", unit="小时"), *slow) == "out_of_reach"
    mean = an_indicator("response_hours", "<=", "8", unit="小时", arguments={"statistic": "mean"})
    assert state(mean, *slow) == "missed"


def test_extremes_of_readings_do_not_come_back() -> None:
    hot, cold = {"metric": "m", "statistic": "max"}, {"metric": "m", "statistic": "min"}

    assert state(an_indicator("reading", "<=", "27", arguments=hot), recorded("30", "03-01 00:00")) == "out_of_reach"
    assert state(an_indicator("reading", ">=", "10", arguments=hot), recorded("5", "03-01 00:00")) == "missed"
    assert state(an_indicator("reading", ">=", "10", arguments=cold), recorded("5", "03-01 00:00")) == "out_of_reach"


def test_months_of_service_that_are_gone_are_gone() -> None:
    indicator = an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"})
    whole = [signed(), inspected("1", "02-01 00:00")]
    late = [signed(starts_on=datetime(2018, 4, 1, tzinfo=CHINA).date()), inspected("1", "04-02 00:00")]

    assert state(indicator, *whole) == "on_track"
    assert state(indicator, *late) == "out_of_reach"


def test_an_amount_may_use_its_limit_up_and_a_reversal_may_bring_it_back() -> None:
    indicator = an_indicator("paid_amount", "<=", "60000", unit="元")

    assert state(indicator, paid("60000.00")) == "on_track"
    assert state(indicator, paid("60000.01")) == "missed"


def test_a_rate_below_its_target_can_recover() -> None:
    indicator = an_indicator("complaint_rate", "<=", "5")

    assert state(indicator, complained("03-01 00:00"), counted(10)) == "missed"
    assert state(indicator, complained("03-01 00:00"), counted(1000)) == "on_track"


def test_a_rating_that_misses_may_be_given_again() -> None:
    assert state(an_indicator("rating", "level", "稳步运行"), rated("60", "03-01 00:00")) == "missed"


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("<", "3", "out_of_reach"),
        ("<", "4", "on_track"),
        ("<", "3.1", "at_risk"),  # Reached, but more than nine tenths of it are used.
        (">", "3", "on_track"),  # Just below: one more will do.
        (">", "9", "at_risk"),
        ("between", ("5", "8"), "at_risk"),
        ("between", ("1", "2"), "out_of_reach"),
    ],
)
def test_every_operator_has_its_bounds(op: Any, value: Any, expected: str) -> None:
    standing = Standing(
        measured=Fraction(3),
        target=Target(op=op, value=value),
        is_met_by_nothing=False,
        is_reached=op == "<" and Fraction(value) > 3,
        course="grows",
        range=(Fraction(3), None),
        has_limit_warning=True,
        has_day_passed=False,
        elapsed=Fraction(99, 100) if op != "<" else Fraction(1, 2),
        is_over=False,
    )

    assert outlook(standing).state == expected


@pytest.mark.parametrize(
    ("op", "value", "found", "is_kept"),
    [
        (">=", "3", (Fraction(3), None), True),
        (">", "3", (Fraction(3), None), False),
        ("<=", "3", (Fraction(3), None), False),  # Another one may come.
        ("<=", "3", (None, Fraction(3)), True),
        ("<", "3", (None, Fraction(3)), False),
        ("between", ("2", "4"), (Fraction(2), Fraction(4)), True),
        ("between", ("2", "4"), (Fraction(2), None), False),
        ("level", "好", (None, None), False),  # Rated again, and worse.
        ("by", "2018-06-30", (None, None), True),  # Done in time is done.
    ],
)
def test_a_target_stays_reached_where_nothing_that_may_come_misses_it(
    op: Any, value: Any, found: Any, is_kept: bool
) -> None:
    assert stays_reached(Target(op=op, value=value), found) == is_kept


def test_execution_is_held_against_elapsed_time() -> None:
    half = Fraction(1, 2)

    assert execution_outlook(Fraction(1, 4), half, is_over=False).state == "on_track"
    assert execution_outlook(Fraction(24, 100), half, is_over=False).state == "at_risk"
    assert execution_outlook(Fraction(101, 100), half, is_over=False).state == "missed"
    assert execution_outlook(Fraction(9, 10), Fraction(1), is_over=True).state == "on_track"
    assert execution_outlook(Fraction(89, 100), Fraction(1), is_over=True).state == "missed"


@given(st.integers(0, 400))
def test_elapsed_time_runs_from_nothing_to_all(days: int) -> None:
    score, shown = scored(a_plan(), [declared()], as_of=at("01-01 00:00") + timedelta(days=days - 10))

    assert score.elapsed == Fraction(min(max(days - 10, 0), 365), 365)
    assert len(shown["elapsed"]) == len("0.123456")


def test_every_outlook_has_its_reason_in_both_languages() -> None:
    _, shown = scored(a_plan(), [declared()], as_of=MID_YEAR)

    reason = shown["details"][0]["outlook"]["reason"]
    assert set(reason) == {"zh", "en"}
    assert all(reason.values())
