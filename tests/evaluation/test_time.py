"""Scores are a function of facts and a moment: what has not happened yet, and what came too late, changes nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.facts import BrokenPromise, Facts
from services.evaluation.rules import document, evaluate
from shared.events.evaluation import ScoreUpdated
from tests.evaluation.builders import (
    CHINA,
    MOF_2020,
    NEXT_YEAR,
    YEAR_OVER,
    Happening,
    a_plan,
    adjusted,
    amended,
    an_indicator,
    answered,
    closed,
    complained,
    counted,
    declared,
    explained,
    facts_of,
    held,
    inspected,
    later,
    maintenance,
    opened,
    origins,
    paid,
    rated,
    received,
    recorded,
    rectified,
    reopened,
    reported,
    resolved,
    responded,
    reversed_,
    signed,
    terminated,
)

STORY: list[Happening] = [
    declared("150.00"),
    received("90.00"),
    paid("60.00", contract="c1"),
    paid("5.00", payment="y"),
    reversed_("5.00", "06-01 00:00", "y"),
    paid("10.00", "05-31 00:00", "x", contract="c1"),
    adjusted("120.00", "06-15 00:00"),
    signed("c1", "60.00"),
    signed("c2", "20.00", government_procurement=False),
    amended("70.00", "03-15 00:00", "c1"),
    inspected("1", "05-01 00:00", "c1"),
    inspected("1", "05-02 00:00", "c2", has_passed=False),
    terminated("07-01 00:00", "c2"),
    opened("02-01 08:00"),
    responded("02-01 09:00"),
    maintenance("02-01 08:30", "02-01 09:00"),
    resolved("02-01 12:00"),
    reopened("02-02 08:00"),
    resolved("02-02 10:00"),
    opened("11-30 08:00", "open"),
    complained("03-01 08:00"),
    closed("03-02 08:00"),
    counted(50),
    answered(10, 9),
    rated("90", "12-01 00:00", "13"),
    recorded("21.5", "04-01 00:00"),
    recorded("23.5", "08-01 00:00"),
    held(2, "04-01 00:00", "n1"),
    held(1, "09-01 00:00", "n2"),
    rectified(2, "04-20 00:00", "n1"),
    reported("85", "10-01 00:00", "21"),
    explained("11-01 00:00", "4"),
]
AFTER_THE_WINDOW = [
    later(happening)
    for happening in (
        received("1.00", receipt="late"),
        paid("1.00", payment="late"),
        reversed_("60.00", "02-01 00:00", "z"),
        signed("late", "99.00"),
        amended("99.00", "02-01 00:00", "c1", ends_on=datetime(2018, 6, 30, tzinfo=CHINA).date()),
        inspected("9", "02-01 00:00", "c2"),
        terminated("02-01 00:00", "c1"),
        opened("02-01 08:00", "late"),
        responded("02-01 08:00", "open"),
        resolved("02-01 08:00", "open"),
        reopened("02-01 08:00"),
        maintenance("02-01 08:00", "02-01 12:00"),
        complained("02-01 08:00", "late"),
        counted(1000),
        recorded("99", "02-01 08:00"),
        held(5, "02-01 08:00", "late"),
        rectified(1, "02-01 08:00", "n2"),
    )
]
MEASURES: list[tuple[str, dict[str, str]]] = [
    ("accepted_quantity", {"item": "i"}),
    ("government_procurement_rate", {}),
    ("acceptance_pass_rate", {}),
    ("fault_rate", {}),
    ("availability", {}),
    ("fault_resolution_rate", {}),
    ("response_hours", {}),
    ("repair_hours", {"statistic": "mean"}),
    ("service_months", {"item": "i"}),
    ("paid_amount", {}),
    ("execution_rate", {}),
    ("complaint_rate", {}),
    ("rating", {}),
    ("complaint_closure_rate", {}),
    ("satisfaction_rate", {}),
    ("on_time_payment_rate", {}),
    ("reading", {"metric": "m", "statistic": "mean"}),
    ("inspections", {}),
    ("rectification_rate", {}),
    ("event_count", {"type": "fault.opened", "where": "severity=major"}),
    ("reported", {}),
]
PLAN = a_plan(  # Its weights sum to what they sum to: nothing here asks for 100.
    *(
        an_indicator(
            measure, "level" if measure == "rating" else ">=", "80", code=str(n), arguments=arguments, weight=4
        )
        for n, (measure, arguments) in enumerate(MEASURES, 1)
    )
)
moments = st.datetimes(datetime(2018, 1, 1), datetime(2019, 12, 31)).map(  # noqa: DTZ001  # The zone follows.
    lambda naive: naive.replace(tzinfo=CHINA)
)


def shown(happenings: list[Happening], as_of: datetime) -> dict[str, Any]:
    return document(evaluate(facts_of(*happenings, plan=PLAN), PLAN, MOF_2020, as_of=as_of), version=1)


@settings(max_examples=60, deadline=None)
@given(moment=moments)
def test_what_happens_later_does_not_change_the_score_of_a_moment(moment: datetime) -> None:
    everything = [*STORY, *AFTER_THE_WINDOW]
    by_then = [happening for happening in everything if happening[0] <= moment]

    assert shown(everything, moment) == shown(by_then, moment)


@pytest.mark.parametrize("late", AFTER_THE_WINDOW, ids=lambda happening: happening[1].type)
def test_what_happens_after_the_window_does_not_move_a_final_score(late: Happening) -> None:
    assert shown([*STORY, late], NEXT_YEAR) == shown(STORY, NEXT_YEAR)


@pytest.mark.parametrize(
    "late",
    [later(answered(10, 1)), later(rated("10", "01-15 00:00", "13")), later(reported("10", "01-15 00:00", "21"))],
)
def test_answers_and_ratings_count_after_the_window_too(late: Happening) -> None:
    assert shown([*STORY, late], NEXT_YEAR)["total"] != shown(STORY, NEXT_YEAR)["total"]


@settings(max_examples=60, deadline=None)
@given(moment=moments)
def test_every_row_stays_within_its_weight_at_every_moment(moment: datetime) -> None:
    found = shown(STORY, moment)

    assert all(0 <= float(row["score"]) <= float(row["weight"]) for row in found["details"])
    assert 0 <= float(found["execution"]["score"]) <= 10


def test_a_period_is_over_with_its_last_day() -> None:
    before = shown(STORY, YEAR_OVER - timedelta(seconds=1))
    with_it = shown(STORY, YEAR_OVER - timedelta(microseconds=1))

    assert "period-open" in before["reasons"]
    assert "period-open" not in with_it["reasons"]


def test_a_budget_cannot_be_adjusted_before_it_is_declared() -> None:
    facts = Facts()
    [(origin, data)] = origins([adjusted("1.00", "01-01 00:00")])

    with pytest.raises(BrokenPromise, match="before it was declared"):
        facts.fold(origin, data)


def test_a_score_is_no_fact() -> None:
    facts = facts_of(*STORY)
    digest = facts.digest()
    updated = ScoreUpdated(
        project="p", version=1, previous=0, total="0.00", grade="poor", final=False, as_of=YEAR_OVER, changed=()
    )

    for origin, data in origins([(YEAR_OVER, updated)]):
        facts.fold(origin, data)

    assert facts.digest() == digest


def test_a_later_declaration_corrects_words_not_amounts() -> None:
    found = shown([declared("150.00"), declared("999.00", unit="新名称")], YEAR_OVER)

    assert found["execution"]["budget"] == "150.00"
