"""Whole scores: what they add up to, when they are final, and that the order of sources does not matter."""

import json
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.facts import BrokenPromise, Facts
from services.evaluation.rules import document, evaluate, explain, plan_event, read_plan
from shared.events.base import EventData
from tests.evaluation.builders import (
    CHINA,
    MID_YEAR,
    MOF_2020,
    NEXT_YEAR,
    YEAR_OVER,
    Happening,
    a_plan,
    an_indicator,
    answered,
    at,
    closed,
    complained,
    counted,
    declared,
    facts_of,
    inspected,
    maintenance,
    opened,
    origins,
    paid,
    rated,
    received,
    reopened,
    resolved,
    responded,
    reversed_,
    scored,
    signed,
    terminated,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "kashgar-2018" / "project.toml"


def unmarked(value: Any) -> Any:
    """What the example says, without its marks of what is assumed."""
    if isinstance(value, dict):
        return {name: unmarked(member) for name, member in value.items() if name != "assumed"}
    return [unmarked(item) for item in value] if isinstance(value, list) else value


def kashgar_plan() -> Any:
    raw = json.loads(json.dumps(tomllib.loads(EXAMPLE.read_text())["plan"], default=str))
    return read_plan(unmarked(raw), project="ks-gov-web-2018", policies={"mof-2020": MOF_2020})


KASHGAR: list[Happening] = [
    declared("150000.00"),
    received("138125.00"),
    signed("c1", "60000.00", "broadband"),
    signed("c2", "53925.00", "ups-battery", "60"),
    signed("c3", "6000.00", "room-maintenance", government_procurement=False),
    signed("c4", "18200.00", "consumables"),
    inspected("1", "11-30 00:00", "c1", "broadband"),
    inspected("60", "11-20 00:00", "c2", "ups-battery"),
    inspected("1", "10-30 00:00", "c3", "room-maintenance"),
    inspected("1", "11-26 00:00", "c4", "consumables"),
    paid("60000.00", "12-06 00:00", "z1", "broadband", contract="c1"),
    paid("53925.00", "12-05 00:00", "z2", "power", contract="c2"),
    paid("6000.00", "11-06 00:00", "z3", "room", contract="c3"),
    paid("18200.00", "12-04 00:00", "z4", "other", contract="c4"),
    opened("02-11 08:00"),
    responded("02-11 09:00"),
    resolved("02-11 18:00"),
    complained("03-08 10:00"),
    counted(1000),
    answered(100, 88),
    rated("100", code="2.2.1"),
]


def test_the_first_case_ends_at_the_score_its_targets_earn() -> None:
    _, shown = scored(kashgar_plan(), KASHGAR)

    assert (shown["total"], shown["grade_label"], shown["indicators_met"], shown["indicators"]) == (
        "99.21",
        "优",
        16,
        16,
    )
    assert shown["execution"] == {
        "budget": "150000.00",
        "received": "138125.00",
        "spent": "138125.00",
        "surplus": "11875.00",
        "rate": "0.920833",
        "weight": "10",
        "score": "9.21",
    }
    assert [(d["dimension"], d["weight"], d["score"]) for d in shown["dimensions"]] == [
        ("output", "50", "50.00"),
        ("benefit", "30", "30.00"),
        ("satisfaction", "10", "10.00"),
    ]
    assert (shown["final"], shown["reasons"]) == (True, [])


def test_the_shown_rows_add_up_to_the_total() -> None:
    indicators = [
        an_indicator("execution_rate", ">=", "100", code=str(n), weight=w) for n, w in ((1, 30), (2, 30), (3, 30))
    ]

    _, shown = scored(a_plan(*indicators), [declared("3.00"), received("3.00"), paid("1.00")])

    assert [row["score"] for row in shown["details"]] == ["10.00"] * 3
    assert (shown["execution"]["score"], shown["total"]) == ("3.33", "33.33")


def test_an_open_period_and_a_pending_row_keep_a_score_from_being_final() -> None:
    plan = a_plan(an_indicator("satisfaction_rate", ">=", "80"))

    _, shown = scored(plan, [declared()], as_of=MID_YEAR)

    assert (shown["final"], shown["reasons"]) == (False, ["period-open", "pending"])


def test_doubt_about_events_keeps_a_score_from_being_final() -> None:
    score = evaluate(facts_of(declared()), a_plan(), MOF_2020, as_of=YEAR_OVER, parked=True, diverged=True)

    assert (score.is_final, score.reasons) == (False, ("parked-events", "diverged"))


def test_spending_more_than_the_budget_earns_no_more_than_the_weight() -> None:
    _, shown = scored(a_plan(), [declared("1.00"), paid("2.00")])

    assert (shown["execution"]["rate"], shown["execution"]["score"], shown["execution"]["surplus"]) == (
        "2.000000",
        "10.00",
        "-1.00",
    )


def test_without_a_declared_budget_execution_is_zero_not_an_error() -> None:
    _, shown = scored(a_plan(), [paid("2.00")])

    assert (shown["execution"]["budget"], shown["execution"]["rate"]) == ("0.00", "0.000000")


@pytest.mark.parametrize(("measured_hours", "shown"), [(8, "8"), (12, "12"), (0, "0")])
def test_measured_values_are_plain_digits(measured_hours: int, shown: str) -> None:
    plan = a_plan(an_indicator("response_hours", "<=", "8", unit="小时"))

    _, found = scored(plan, [declared(), opened("03-01 08:00"), responded(f"03-01 {8 + measured_hours:02d}:00")])

    assert found["details"][0]["measured"] == shown


SOURCES: dict[str, list[Happening]] = {
    "budget": [
        declared("150.00"),
        received("90.00"),
        paid("60.00"),
        paid("5.00", payment="y"),
        reversed_("5.00", "06-01 00:00", "y"),
    ],
    "procurement": [
        signed("c1", "60.00"),
        signed("c2", "20.00"),
        inspected("1", "05-01 00:00", "c1"),
        inspected("1", "05-02 00:00", "c2", has_passed=False),
        terminated("07-01 00:00", "c2"),
    ],
    "monitoring": [
        opened("02-01 08:00"),
        responded("02-01 09:00"),
        maintenance("02-01 08:30", "02-01 09:00"),
        resolved("02-01 12:00"),
        reopened("02-02 08:00"),
        resolved("02-02 10:00"),
        complained("03-01 08:00"),
        closed("03-02 08:00"),
        counted(50),
        answered(10, 9),
    ],
    "evaluation": [rated("90", "12-01 00:00", "13"), rated("70", "11-01 00:00", "13")],
}
EVERY_MEASURE = [
    ("accepted_quantity", {"item": "i"}),
    ("government_procurement_rate", {}),
    ("acceptance_pass_rate", {}),
    ("fault_rate", {}),
    ("availability", {}),
    ("fault_resolution_rate", {}),
    ("response_hours", {}),
    ("repair_hours", {}),
    ("service_months", {"item": "i"}),
    ("paid_amount", {}),
    ("execution_rate", {}),
    ("complaint_rate", {}),
    ("rating", {}),
    ("complaint_closure_rate", {}),
    ("satisfaction_rate", {}),
]


def plan_of_every_measure() -> Any:
    indicators = [
        an_indicator(measure, "level" if measure == "rating" else ">=", "1", code=str(n), arguments=arguments, weight=6)
        for n, (measure, arguments) in enumerate(EVERY_MEASURE, 1)
    ]
    return a_plan(*indicators)


@st.composite
def interleavings(draw: st.DrawFn) -> list[tuple[Any, EventData]]:
    """The sources' events, each source's in its own order, the sources mixed in any way."""
    queues = {name: origins(happenings) for name, happenings in SOURCES.items()}
    mixed = []
    while any(queues.values()):
        name = draw(st.sampled_from(sorted(name for name, queue in queues.items() if queue)))
        mixed.append(queues[name].pop(0))
    return mixed


@settings(max_examples=100, deadline=None)
@given(mixed=interleavings())
def test_sources_may_interleave_in_any_way(mixed: list[tuple[Any, EventData]]) -> None:
    straight, facts = Facts(), Facts()
    for happenings in SOURCES.values():
        for origin, data in origins(happenings):
            straight.fold(origin, data)

    for origin, data in mixed:
        facts.fold(origin, data)

    plan = plan_of_every_measure()
    shown = [
        json.dumps(document(evaluate(each, plan, MOF_2020, as_of=YEAR_OVER), version=1)) for each in (straight, facts)
    ]
    assert facts.digest() == straight.digest()
    assert shown[0] == shown[1]


def test_once_everything_has_happened_later_moments_change_nothing() -> None:
    everything = [happening for happenings in SOURCES.values() for happening in happenings]
    plan = plan_of_every_measure()

    shown = [scored(plan, everything, as_of=moment)[1] | {"as_of": ""} for moment in (YEAR_OVER, NEXT_YEAR)]

    assert shown[0] == shown[1]


@pytest.mark.parametrize("moment", [at("02-01 10:00"), at("05-01 12:00"), MID_YEAR, YEAR_OVER - timedelta(days=1)])
def test_what_happens_later_does_not_change_an_earlier_score(moment: datetime) -> None:
    everything = [happening for happenings in SOURCES.values() for happening in happenings]
    by_then = [happening for happening in everything if happening[0] <= moment]
    plan = plan_of_every_measure()

    assert scored(plan, everything, as_of=moment)[1] == scored(plan, by_then, as_of=moment)[1]


@pytest.mark.parametrize(
    "story",
    [
        [responded("03-01 08:00")],
        [resolved("03-01 08:00")],
        [reopened("03-01 08:00")],
        [reversed_("1.00", "03-01 08:00")],
        [inspected("1", "03-01 00:00")],
        [terminated("03-01 00:00")],
        [closed("03-01 00:00")],
        [opened("03-01 08:00"), opened("03-01 09:00")],
        [paid("1.00"), paid("1.00")],
        [paid("1.00"), reversed_("1.00", "03-02 00:00"), reversed_("1.00", "03-03 00:00")],
        [signed(), signed()],
        [signed(), terminated("03-01 00:00"), terminated("04-01 00:00")],
    ],
)
def test_an_event_that_contradicts_its_own_source_is_refused_and_changes_nothing(story: list[Happening]) -> None:
    facts = Facts()
    *before, (origin, data) = origins(story)
    for earlier in before:
        facts.fold(*earlier)
    digest = facts.digest()

    with pytest.raises(BrokenPromise):
        facts.fold(origin, data)

    assert facts.digest() == digest


def test_the_plan_of_an_event_is_the_plan_that_was_adopted() -> None:
    plan = kashgar_plan()

    facts = facts_of((at("01-01 00:00"), plan_event(plan, "p")))

    assert facts.plan == plan


@pytest.mark.parametrize(("code", "measure"), [(str(n), m) for n, (m, _) in enumerate(EVERY_MEASURE, 1)])
def test_every_measure_can_be_explained_in_both_languages_with_its_evidence(code: str, measure: str) -> None:
    everything = [happening for happenings in SOURCES.values() for happening in happenings]
    facts, plan = facts_of(*everything), plan_of_every_measure()
    _, shown = scored(plan, everything)

    explanation = explain(facts, plan, MOF_2020, code, as_of=YEAR_OVER)

    row = next(row for row in shown["details"] if row["code"] == code)
    assert explanation.row == row
    assert explanation.steps[-1]["value"] == row["score"]
    assert row["measured"] in {step["value"] for step in explanation.steps}
    assert all(step["zh"] and step["en"] for step in explanation.steps)
    assert explanation.evidence
    places = [(origin.source, origin.sequence) for origin, _ in explanation.evidence]
    assert places == sorted(places)


def test_as_of_is_shown_in_the_projects_zone() -> None:
    _, shown = scored(a_plan(), [declared(time_zone="Asia/Urumqi")], as_of=datetime(2018, 7, 1, tzinfo=CHINA))

    assert shown["as_of"] == "2018-06-30T22:00:00+06:00"
