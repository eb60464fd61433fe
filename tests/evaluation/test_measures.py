"""Each measure against figures worked out by hand."""

import inspect
import re
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest

from services.evaluation.rules.evaluating import score_indicator
from services.evaluation.rules.measures import MEASURES, Measure
from services.evaluation.rules.period import Period
from tests.evaluation.builders import (
    CHINA,
    MID_YEAR,
    MOF_2020,
    YEAR_OVER,
    Happening,
    a_plan,
    adjusted,
    amended,
    an_indicator,
    answered,
    at,
    closed,
    complained,
    counted,
    day,
    declared,
    facts_of,
    inspected,
    later,
    maintenance,
    measured,
    opened,
    paid,
    rated,
    reopened,
    resolved,
    responded,
    reversed_,
    signed,
    terminated,
)

YEAR_HOURS = 365 * 24


def test_partial_acceptances_add_up_and_failed_ones_add_nothing() -> None:
    indicator = an_indicator("accepted_quantity", ">=", "60", unit="组", arguments={"item": "i"})

    row = measured(
        indicator,
        signed(quantity="60"),
        inspected("40", "05-01 00:00"),
        inspected("7", "05-02 00:00", has_passed=False),
        inspected("20", "06-01 00:00"),
    )

    assert (row.measured, row.status) == (60, "met")


def test_what_was_accepted_before_a_termination_stays() -> None:
    indicator = an_indicator("accepted_quantity", ">=", "60", arguments={"item": "i"})

    row = measured(indicator, signed(), inspected("40", "05-01 00:00"), terminated("06-01 00:00"))

    assert row.measured == 40


def test_government_procurement_counts_amounts_and_leaves_terminated_contracts_out() -> None:
    indicator = an_indicator("government_procurement_rate", ">=", "80")

    row = measured(
        indicator,
        signed("c1", "132125.00"),
        signed("c2", "6000.00", government_procurement=False),
        signed("c3", "99999.00", government_procurement=False),
        terminated("06-01 00:00", "c3"),
    )

    assert row.measured == Fraction(132125, 138125) * 100


def test_a_termination_counts_from_its_day_on() -> None:
    indicator = an_indicator("government_procurement_rate", ">=", "80")
    happenings = [
        signed("c1", "10.00"),
        signed("c2", "30.00", government_procurement=False),
        terminated("06-01 00:00", "c2"),
    ]

    before = measured(indicator, *happenings, as_of=at("05-31 23:59"))
    after = measured(indicator, *happenings, as_of=at("06-01 00:00"))

    assert (before.measured, after.measured) == (25, 100)


def test_the_latest_acceptance_of_a_contract_decides() -> None:
    indicator = an_indicator("acceptance_pass_rate", "=", "100")

    row = measured(
        indicator,
        signed("c1"),
        signed("c2"),
        signed("c3"),
        inspected("1", "05-01 00:00", "c1", has_passed=False),
        inspected("1", "05-20 00:00", "c1"),
        inspected("1", "05-01 00:00", "c2"),
        inspected("1", "05-20 00:00", "c2", has_passed=False),
    )

    assert row.measured == 50


def test_overlapping_faults_are_down_once_and_others_not_at_all() -> None:
    row = measured(
        an_indicator("fault_rate"),
        opened("03-01 08:00", "f1"),
        opened("03-01 09:00", "f2"),
        opened("03-01 00:00", "f3", down=False),
        resolved("03-01 10:00", "f1"),
        resolved("03-01 12:00", "f2"),
    )

    assert row.measured == Fraction(4, YEAR_HOURS) * 100


def test_maintenance_of_the_project_excuses_and_leaves_the_denominator() -> None:
    row = measured(
        an_indicator("fault_rate"),
        maintenance("03-01 09:00", "03-01 11:00"),
        opened("03-01 08:00"),
        resolved("03-01 10:00"),
    )

    assert row.measured == Fraction(1, YEAR_HOURS - 2) * 100


def test_maintenance_of_an_asset_excuses_that_asset_alone_and_stays_in_the_denominator() -> None:
    row = measured(
        an_indicator("fault_rate"),
        maintenance("03-01 08:00", "03-01 20:00", "line"),
        opened("03-01 08:00", "f1", asset="line"),
        opened("03-01 08:00", "f2", asset="ups"),
        resolved("03-01 12:00", "f1"),
        resolved("03-01 09:00", "f2"),
    )

    assert row.measured == Fraction(1, YEAR_HOURS) * 100


def test_maintenance_of_the_project_excuses_the_faults_of_each_asset() -> None:
    row = measured(
        an_indicator("fault_rate"),
        maintenance("03-01 09:00", "03-01 11:00"),
        opened("03-01 08:00", asset="line"),
        resolved("03-01 10:00"),
    )

    assert row.measured == Fraction(1, YEAR_HOURS - 2) * 100


def test_an_open_fault_is_down_until_now_and_after_the_year_until_its_end() -> None:
    open_fault = opened("06-30 22:00")

    now = measured(an_indicator("fault_rate"), open_fault, as_of=MID_YEAR)
    later = measured(an_indicator("fault_rate"), open_fault, as_of=YEAR_OVER + timedelta(days=400))

    assert now.measured == Fraction(2, 181 * 24) * 100
    assert later.measured == Fraction(2 + 184 * 24, YEAR_HOURS) * 100


def test_a_reopened_fault_is_down_again_but_not_in_between() -> None:
    row = measured(
        an_indicator("fault_rate"),
        opened("03-01 08:00"),
        resolved("03-01 09:00"),
        reopened("03-02 08:00"),
        resolved("03-02 11:00"),
    )

    assert row.measured == Fraction(4, YEAR_HOURS) * 100


def test_faults_of_another_asset_do_not_count_where_one_is_named() -> None:
    indicator = an_indicator("fault_rate", arguments={"asset": "line"})

    row = measured(
        indicator,
        opened("03-01 08:00", "f1", asset="line"),
        resolved("03-01 09:00", "f1"),
        opened("03-01 08:00", "f2", asset="ups"),
    )

    assert row.measured == Fraction(1, YEAR_HOURS) * 100


def test_availability_is_the_rest_of_the_time() -> None:
    row = measured(an_indicator("availability", ">=", "99"), opened("03-01 08:00"), resolved("03-01 20:00"))

    assert row.measured == (1 - Fraction(12, YEAR_HOURS)) * 100


def test_a_fault_before_the_window_does_not_count() -> None:
    before = (datetime(2017, 12, 31, 23, tzinfo=CHINA), opened("01-01 00:00")[1])

    row = measured(an_indicator("fault_rate"), before)

    assert row.measured == 0


def test_a_reopened_fault_is_not_resolved() -> None:
    indicator = an_indicator("fault_resolution_rate", ">=", "90")

    row = measured(
        indicator,
        opened("03-01 08:00", "f1"),
        resolved("03-01 09:00", "f1"),
        reopened("03-01 10:00", "f1"),
        opened("03-01 08:00", "f2"),
        resolved("03-01 09:00", "f2"),
    )

    assert row.measured == 50


@pytest.mark.parametrize(("statistic", "expected"), [("max", 9), ("mean", Fraction(13, 3)), ("p95", 9)])
def test_response_times_count_to_the_first_answer(statistic: str, expected: Fraction) -> None:
    indicator = an_indicator("response_hours", "<=", "8", unit="小时", arguments={"statistic": statistic})

    row = measured(
        indicator,
        opened("03-01 08:00", "f1"),
        responded("03-01 09:00", "f1"),
        responded("03-01 19:00", "f1"),
        opened("03-02 08:00", "f2"),
        resolved("03-02 11:00", "f2"),  # Never answered: answered when resolved.
        opened("03-03 08:00", "f3"),
        responded("03-03 17:00", "f3"),
    )

    assert row.measured == expected


def test_the_95th_percentile_is_the_nearest_rank() -> None:
    indicator = an_indicator("response_hours", "<=", "8", unit="小时", arguments={"statistic": "p95"})
    faults = [
        happening
        for n in range(20)  # 1 to 20 minutes: 95 % of 20 is the 19th.
        for happening in (opened("03-01 08:00", f"f{n}"), responded(f"03-01 08:{n + 1:02d}", f"f{n}"))
    ]

    row = measured(indicator, *faults)

    assert row.measured == Fraction(19, 60)


def test_an_unanswered_fault_counts_to_now() -> None:
    indicator = an_indicator("response_hours", "<=", "8", unit="小时")

    row = measured(indicator, opened("06-30 12:00"), as_of=MID_YEAR)

    assert (row.measured, row.status) == (12, "missed")


def test_repair_counts_to_the_last_resolution_and_runs_again_when_reopened() -> None:
    indicator = an_indicator("repair_hours", "<=", "8", unit="小时")
    story = [opened("03-01 08:00"), resolved("03-01 09:00"), reopened("03-01 10:00")]

    running = measured(indicator, *story, as_of=at("03-01 13:00"))
    repaired = measured(indicator, *story, resolved("03-01 12:00"))

    assert (running.measured, repaired.measured) == (5, 4)


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        (datetime(2018, 1, 31, 23, 59, tzinfo=CHINA), 0),
        (datetime(2018, 2, 1, tzinfo=CHINA), 1),
        (datetime(2018, 12, 31, 12, tzinfo=CHINA), 11),
        (YEAR_OVER, 12),
        (YEAR_OVER + timedelta(days=300), 12),
    ],
)
def test_twelve_months_of_service_need_the_last_day_to_be_over(as_of: datetime, months: int) -> None:
    indicator = an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"})

    row = measured(indicator, signed(), inspected("1", "01-10 00:00"), as_of=as_of)

    assert row.measured in {months, None}
    assert (row.measured or 0) == months


def test_a_month_from_the_31st_is_over_when_the_shorter_month_is() -> None:
    indicator = an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"})
    term = signed(starts_on=day("01-31"), ends_on=day("12-31"))

    february_28 = measured(indicator, term, inspected("1", "02-01 00:00"), as_of=at("02-28 23:59"))
    february_over = measured(indicator, term, inspected("1", "02-01 00:00"), as_of=at("03-01 00:00"))

    assert (february_28.measured, february_over.measured) == (0, 1)


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2018-01-31", "2018-02-27", 0),
        ("2018-01-31", "2018-02-28", 1),
        ("2018-01-29", "2018-02-28", 1),  # No 29 February in 2018: the month is over when February is.
        ("2018-01-28", "2018-02-27", 1),
        ("2018-08-31", "2018-09-29", 0),
        ("2018-08-31", "2018-09-30", 1),
        ("2018-01-15", "2018-03-13", 1),
        ("2018-01-15", "2018-03-14", 2),
        ("2020-01-31", "2020-02-28", 0),
        ("2020-01-31", "2020-02-29", 1),
        ("2020-02-29", "2021-02-28", 12),
        ("2020-02-29", "2021-02-27", 11),
        ("2018-05-05", "2018-05-05", 0),
        ("2018-01-01", "2018-12-31", 12),
    ],
)
def test_whole_months_are_counted_from_the_first_day_of_the_term(first: str, last: str, months: int) -> None:
    """Last days inclusive, as a contract prints them."""
    term = signed(starts_on=date.fromisoformat(first), ends_on=date.fromisoformat(last))
    indicator = an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"})
    facts = facts_of(declared(), term, inspected("1", "05-06 00:00"))
    plan = a_plan(indicator, ends_on=date(2021, 12, 31))
    period = Period.of(plan, facts, datetime(2022, 1, 1, tzinfo=CHINA))

    row, _ = score_indicator(indicator, facts, period, MOF_2020)

    assert row.measured == months


def test_an_amendment_counts_from_its_own_time() -> None:
    indicator = an_indicator("government_procurement_rate", ">=", "80")
    story = [
        signed("c1", "10.00"),
        signed("c2", "10.00", government_procurement=False),
        amended("30.00", "06-01 00:00", "c1"),
    ]

    before = measured(indicator, *story, as_of=at("05-31 23:59"))
    after = measured(indicator, *story, as_of=at("06-01 00:00"))

    assert (before.measured, after.measured) == (50, 75)


def test_a_contract_changed_before_the_window_is_in_force_as_changed() -> None:
    indicator = an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"})

    row = measured(
        indicator,
        later(signed(ends_on=day("03-31")), -1),
        later(amended("10.00", "12-01 00:00", ends_on=day("08-31")), -1),
        inspected("1", "01-10 00:00"),
    )

    assert row.measured == 8


@pytest.mark.parametrize("change", [terminated("03-01 00:00", "c2"), amended("90.00", "03-01 00:00", "c1")])
def test_what_happens_to_a_contract_after_the_window_does_not_count(change: Happening) -> None:
    indicator = an_indicator("government_procurement_rate", ">=", "80")
    story = [signed("c1", "10.00"), signed("c2", "30.00", government_procurement=False), later(change)]

    row = measured(indicator, *story, as_of=YEAR_OVER + timedelta(days=365))

    assert row.measured == 25


def test_months_of_several_terms_are_their_union_and_a_termination_ends_one() -> None:
    indicator = an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"})

    row = measured(
        indicator,
        signed("c1", starts_on=day("01-01"), ends_on=day("06-30")),
        signed("c2", starts_on=day("04-01"), ends_on=day("12-31")),
        inspected("1", "01-10 00:00", "c1"),
        inspected("1", "04-10 00:00", "c2"),
        terminated("08-31 00:00", "c2"),
    )

    assert row.measured == 8


def test_service_that_was_not_accepted_does_not_count() -> None:
    indicator = an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"})

    row = measured(indicator, signed(), inspected("1", "05-01 00:00", has_passed=False))

    assert (row.measured, row.status) == (0, "missed")


def test_amounts_are_less_reversals_by_line_and_in_ten_thousands() -> None:
    indicator = an_indicator("paid_amount", "<=", "6", unit="万元", arguments={"line": "a"})

    row = measured(
        indicator,
        paid("60000.00", payment="z1"),
        paid("5000.00", payment="z2"),
        paid("70000.00", payment="z3", line="b"),
        reversed_("5000.00", "04-01 00:00", "z2"),
    )

    assert (row.measured, row.status) == (6, "met")


def test_a_reversal_counts_from_its_own_time() -> None:
    indicator = an_indicator("paid_amount", "<=", "6", unit="元")
    story = [paid("5.00"), reversed_("5.00", "05-01 00:00")]

    assert measured(indicator, *story, as_of=at("04-30 00:00")).measured == 5
    assert measured(indicator, *story, as_of=at("05-01 00:00")).measured == 0


def test_execution_is_of_the_budget_as_adjusted_by_then() -> None:
    indicator = an_indicator("execution_rate", ">=", "90")
    story = [paid("50.00"), adjusted("200.00", "06-01 00:00")]

    assert measured(indicator, *story, as_of=at("05-31 00:00")).measured == 50
    assert measured(indicator, *story, as_of=at("06-01 00:00")).measured == 25


PAYMENT_STORY = [
    signed("c1", "10.00", payment_days=30),
    inspected("1", "03-01 00:00", "c1"),  # Its last day to pay is 31 March.
]
ON_TIME = an_indicator("on_time_payment_rate", ">=", "100")


@pytest.mark.parametrize(("paid_on", "percent"), [("03-31 00:00", 100), ("04-01 00:00", 0)])
def test_a_contract_is_paid_on_time_up_to_the_last_of_its_days(paid_on: str, percent: int) -> None:
    assert measured(ON_TIME, *PAYMENT_STORY, paid("10.00", paid_on, contract="c1")).measured == percent


def test_a_contract_is_due_when_its_last_day_is_over() -> None:
    on_the_day = measured(ON_TIME, *PAYMENT_STORY, as_of=at("03-31 23:59"))
    after = measured(ON_TIME, *PAYMENT_STORY, as_of=at("04-01 00:00"))

    assert (on_the_day.status, after.measured) == ("pending", 0)


@pytest.mark.parametrize(
    "payments",
    [
        [paid("9.99", contract="c1")],
        [paid("10.00", contract="c2")],
        [paid("10.00")],
        [paid("10.00", contract="c1"), reversed_("10.00", "03-20 00:00")],
        [paid("10.00", "02-01 00:00", contract="c1"), amended("10.01", "03-01 00:00", "c1")],
    ],
)
def test_what_is_not_paid_in_full_for_the_contract_is_not_on_time(payments: list[Happening]) -> None:
    assert measured(ON_TIME, *PAYMENT_STORY, *payments).measured == 0


def test_payments_in_parts_and_in_advance_add_up() -> None:
    parts = [paid("4.00", "02-01 00:00", "z1", contract="c1"), paid("6.00", "03-30 00:00", "z2", contract="c1")]

    assert measured(ON_TIME, *PAYMENT_STORY, *parts).measured == 100


def test_the_latest_passed_acceptance_starts_the_days() -> None:
    again = [inspected("1", "05-01 00:00", "c1"), inspected("1", "09-01 00:00", "c1", has_passed=False)]

    row = measured(ON_TIME, *PAYMENT_STORY, *again, paid("10.00", "05-31 00:00", contract="c1"))

    assert row.measured == 100


def test_what_falls_due_after_the_window_is_not_judged_in_it() -> None:
    row = measured(ON_TIME, signed("c1"), inspected("1", "12-02 00:00", "c1"), as_of=YEAR_OVER + timedelta(days=90))

    assert (row.status, row.is_vacuous) == ("met", True)


def test_a_contract_that_was_never_accepted_is_not_due() -> None:
    row = measured(ON_TIME, *PAYMENT_STORY, signed("c2"), paid("10.00", contract="c1"))

    assert row.measured == 100


def test_complaints_are_counted_for_each_service() -> None:
    row = measured(
        an_indicator("complaint_rate", "<=", "5"), complained("03-01 10:00"), counted(40), counted(10, "02-28 00:00")
    )

    assert row.measured == 2


def test_services_without_complaints_are_a_rate_of_zero() -> None:
    assert measured(an_indicator("complaint_rate", "<=", "5"), counted(40)).measured == 0


def test_a_closed_complaint_counts_once_closed() -> None:
    indicator = an_indicator("complaint_closure_rate", ">=", "90")
    story = [complained("03-01 10:00", "k1"), complained("03-02 10:00", "k2"), closed("03-05 10:00", "k1")]

    assert measured(indicator, *story).measured == 50


def test_answers_count_whenever_they_were_collected_and_by_survey() -> None:
    late = (datetime(2019, 2, 1, tzinfo=CHINA), answered(10, 10)[1])
    story = [answered(100, 80), answered(100, 0, survey="other"), late]
    as_of = YEAR_OVER + timedelta(days=60)

    every = measured(an_indicator("satisfaction_rate", ">=", "80"), *story, as_of=as_of)
    one = measured(an_indicator("satisfaction_rate", ">=", "80", arguments={"survey": "s"}), *story, as_of=as_of)

    assert every.measured == Fraction(9000, 210)
    assert one.measured == Fraction(9000, 110)


def test_the_latest_rating_counts() -> None:
    indicator = an_indicator("rating", "level", "稳步运行", unit="")

    row = measured(indicator, rated("70", "12-01 00:00"), rated("95", "12-20 00:00"), rated("10", "12-25 00:00", "2"))

    assert (row.measured, row.status, row.source) == (95, "met", "rating")


PENDING = [
    "accepted_quantity",
    "government_procurement_rate",
    "acceptance_pass_rate",
    "fault_resolution_rate",
    "response_hours",
    "repair_hours",
    "service_months",
    "paid_amount",
    "complaint_rate",
    "complaint_closure_rate",
    "on_time_payment_rate",
    "satisfaction_rate",
    "rating",
]


@pytest.mark.parametrize("measure", PENDING)
def test_without_any_fact_a_measure_is_pending_while_the_period_is_open(measure: str) -> None:
    row = measured(an_indicator(measure, ">=", "1", arguments={"item": "i"}), as_of=MID_YEAR)

    assert (row.measured, row.status, row.score) == (None, "pending", 0)


@pytest.mark.parametrize("measure", ["accepted_quantity", "service_months", "paid_amount", "execution_rate"])
def test_sums_and_counts_without_facts_are_zero_when_the_period_is_over(measure: str) -> None:
    row = measured(an_indicator(measure, ">=", "1", arguments={"item": "i"}))

    assert (row.measured, row.status, row.is_vacuous) == (0, "missed", False)


VACUOUS = [
    "fault_resolution_rate",
    "response_hours",
    "repair_hours",
    "complaint_closure_rate",
    "on_time_payment_rate",
]


@pytest.mark.parametrize("measure", VACUOUS)
def test_where_nothing_could_happen_the_target_counts_as_met(measure: str) -> None:
    row = measured(an_indicator(measure, ">=", "1"))

    assert (row.measured, row.status, row.is_vacuous, row.score) == (None, "met", True, 90)


@pytest.mark.parametrize(
    "measure", sorted(set(PENDING) - set(VACUOUS) - {"accepted_quantity", "service_months", "paid_amount"})
)
def test_everything_else_stays_pending_after_the_period(measure: str) -> None:
    assert measured(an_indicator(measure, ">=", "1")).status == "pending"


def test_hours_are_shown_and_compared_in_minutes_where_the_unit_says_so() -> None:
    indicator = an_indicator("response_hours", "<=", "30", unit="分钟")

    row = measured(indicator, opened("03-01 08:00"), responded("03-01 08:20"))

    assert (row.measured, row.status) == (20, "met")


def test_of_two_adjustments_the_one_recorded_last_holds_even_if_backdated() -> None:
    indicator = an_indicator("execution_rate", ">=", "90")

    row = measured(indicator, paid("50.00"), adjusted("200.00", "06-01 00:00"), adjusted("500.00", "05-01 00:00"))

    assert row.measured == 10


@pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda measure: measure.name)
def test_every_measure_says_its_unit_its_bounds_when_it_is_pending_and_where_it_is_from(measure: Measure) -> None:
    *_, labelled = (inspect.getdoc(measure.find) or "").split("\n\n")

    assert re.findall(r"^(\w+): \S", labelled, re.MULTILINE) == ["Unit", "Bounds", "Pending", "Source"]
    if measure.empty == "vacuous":
        assert "vacuously met" in labelled
    if measure.empty == "zero" and measure.name != "execution_rate":
        assert "0 when it is over" in labelled
