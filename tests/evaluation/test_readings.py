"""Measures over readings, events, inspections and what is reported by hand, against figures worked out by hand."""

from datetime import timedelta
from fractions import Fraction

import pytest

from services.evaluation.facts import BrokenPromise
from services.evaluation.rules.evaluating import score_indicator
from services.evaluation.rules.measures.readings import conditions, member_text
from services.evaluation.rules.period import Period
from tests.evaluation.builders import (
    MID_YEAR,
    MOF_2020,
    YEAR_OVER,
    a_plan,
    an_indicator,
    at,
    complained,
    counted,
    declared,
    explained,
    facts_of,
    held,
    later,
    measured,
    opened,
    paid,
    recorded,
    rectified,
    reported,
    resolved,
)

ROOM = [
    recorded("22.1", "03-01 08:00", asset="r1"),
    recorded("25.4", "03-02 08:00", asset="r2"),
    recorded("20.5", "03-03 08:00", asset="r1"),
    recorded("99", "03-03 08:00", metric="load"),
]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [(None, "20.5"), ("last", "20.5"), ("min", "20.5"), ("max", "25.4"), ("mean", Fraction(68, 3))],
)
def test_a_statistic_of_the_readings_of_one_metric(statistic: str | None, value: str | Fraction) -> None:
    arguments = {"metric": "m"} | ({} if statistic is None else {"statistic": statistic})

    row = measured(an_indicator("reading", "<=", "30", unit="°C", arguments=arguments), *ROOM)

    assert row.measured == Fraction(value)


def test_readings_of_one_asset_alone() -> None:
    arguments = {"metric": "m", "statistic": "max", "asset": "r1"}

    row = measured(an_indicator("reading", "<=", "30", unit="°C", arguments=arguments), *ROOM)

    assert row.measured == Fraction("22.1")


def test_the_last_reading_is_the_one_measured_last_whenever_it_arrived() -> None:
    indicator = an_indicator("reading", "<=", "30", arguments={"metric": "m"})

    row = measured(indicator, recorded("2", "05-01 00:00"), recorded("1", "04-01 00:00"))

    assert row.measured == 2


def test_readings_outside_the_window_do_not_count_and_none_is_pending() -> None:
    indicator = an_indicator("reading", "<=", "30", arguments={"metric": "m"})

    row = measured(indicator, later(recorded("2", "05-01 00:00")), as_of=YEAR_OVER + timedelta(days=400))

    assert (row.measured, row.status) == (None, "pending")


def test_readings_are_kept_only_where_a_plan_watches_their_metric() -> None:
    watching = a_plan(an_indicator("reading", "<=", "30", arguments={"metric": "m"}))

    assert facts_of(*ROOM).events == {}
    assert {name: len(kept) for name, kept in facts_of(*ROOM, plan=watching).events.items()} == {
        "reading.recorded:m": 3
    }


def test_the_steps_name_the_unit_the_readings_were_recorded_in() -> None:
    indicator = an_indicator("reading", "<=", "30", unit="°F", arguments={"metric": "m"})
    plan = a_plan(indicator)
    facts = facts_of(declared(), *ROOM, plan=plan)

    _, found = score_indicator(indicator, facts, Period.of(plan, facts, YEAR_OVER), MOF_2020)

    assert [(term.en, term.value) for term in found.terms] == [
        ("readings", 3),
        ("last of the readings (°C)", Fraction("20.5")),
    ]


def test_events_of_a_type_are_counted() -> None:
    indicator = an_indicator("event_count", "<=", "2", unit="次", arguments={"type": "fault.opened"})

    row = measured(
        indicator,
        opened("03-01 00:00", "f1"),
        opened("03-02 00:00", "f2"),
        opened("03-03 00:00", "f3"),
        resolved("03-04 00:00", "f1"),
    )

    assert (row.measured, row.status) == (3, "missed")


@pytest.mark.parametrize(
    ("where", "count"),
    [("severity=major", 2), ("severity=critical", 0), ("service_down=false", 1), ("service_down=true,fault=f1", 1)],
)
def test_events_are_counted_whose_members_are_as_asked(where: str, count: int) -> None:
    arguments = {"type": "fault.opened", "where": where}

    row = measured(
        an_indicator("event_count", "<=", "2", arguments=arguments),
        opened("03-01 00:00", "f1"),
        opened("03-02 00:00", "f2", down=False),
    )

    assert row.measured == count


def test_money_received_may_be_counted_too() -> None:
    row = measured(
        an_indicator("event_count", ">=", "1", arguments={"type": "payment.made", "where": "line=a"}),
        paid("1.00", payment="a"),
        paid("1.00", payment="b", line="b"),
    )

    assert row.measured == 1


def test_no_event_is_pending_in_the_year_and_zero_after_it() -> None:
    indicator = an_indicator("event_count", "=", "0", arguments={"type": "fault.opened", "where": "severity=critical"})

    during, after = measured(indicator, as_of=MID_YEAR), measured(indicator)

    assert (during.measured, during.status) == (None, "pending")
    assert (after.measured, after.status, after.score) == (0, "met", 90)


def test_members_compare_as_they_are_written() -> None:
    data = opened("03-01 00:00", down=True)[1]

    assert (member_text(data, "service_down"), member_text(data, "asset"), member_text(data, "severity")) == (
        "true",
        "",
        "major",
    )
    assert conditions("a=b,c=") == {"a": "b", "c": ""}
    assert conditions("") == {}


def test_inspections_held_are_counted() -> None:
    indicator = an_indicator("inspections", ">=", "4", unit="次")

    row = measured(
        indicator, held(0, "02-01 00:00", "a"), held(3, "05-01 00:00", "b"), later(held(0, "02-01 00:00", "c"))
    )

    assert (row.measured, row.score) == (2, 45)


def test_findings_put_right_over_all_findings() -> None:
    indicator = an_indicator("rectification_rate", ">=", "100")
    happenings = [held(3, "02-01 00:00", "a"), held(1, "05-01 00:00", "b"), rectified(3, "06-01 00:00", "a")]

    before = measured(indicator, *happenings, as_of=at("05-31 23:59"))
    after = measured(indicator, *happenings, as_of=at("06-01 00:00"))

    assert (before.measured, after.measured) == (0, 75)


def test_without_a_finding_rectification_is_vacuously_met_at_the_end() -> None:
    indicator = an_indicator("rectification_rate", ">=", "100")

    during = measured(indicator, held(0, "02-01 00:00"), as_of=MID_YEAR)
    after = measured(indicator, held(0, "02-01 00:00"))

    assert (during.status, after.status, after.is_vacuous, after.score) == ("pending", "met", True, 90)


def test_a_rectification_of_an_unknown_inspection_breaks_a_promise() -> None:
    with pytest.raises(BrokenPromise):
        facts_of(rectified(1, "06-01 00:00"))


def test_the_value_reported_last_counts_whenever_it_was_reported() -> None:
    indicator = an_indicator("reported", ">=", "80", unit="TB")

    row = measured(
        indicator,
        reported("81", "12-01 00:00"),
        reported("70", "11-01 00:00"),
        reported("5", "12-02 00:00", code="other"),
    )
    late = measured(indicator, later(reported("40", "06-01 00:00")), as_of=YEAR_OVER + timedelta(days=400))

    assert (row.measured, row.source, row.status) == (81, "self_reported", "met")
    assert late.measured == 40
    assert measured(indicator).status == "pending"


def test_a_row_names_the_explanation_given_last() -> None:
    happenings = [explained("12-01 00:00", deviation="d1"), explained("11-01 00:00", deviation="d0")]

    assert measured(an_indicator(), *happenings).deviation == "d1"
    assert measured(an_indicator(), *happenings, as_of=at("11-15 00:00")).deviation == "d0"
    assert measured(an_indicator(), *happenings, as_of=at("10-15 00:00")).deviation is None
    assert measured(an_indicator(code="2"), *happenings).deviation is None


def test_facts_of_the_same_events_have_the_same_digest_whatever_they_watch_alike() -> None:
    plan = a_plan(an_indicator("reading", "<=", "30", arguments={"metric": "m"}))
    a, b = [declared(), *ROOM, complained("03-01 00:00")], [complained("03-01 00:00"), counted(5)]

    assert facts_of(*a, plan=plan).digest() == facts_of(*a, plan=plan).digest()
    assert facts_of(*a, plan=plan).digest() != facts_of(*a, *b[1:], plan=plan).digest()
