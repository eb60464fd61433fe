"""What `event_count` counts: conditions are read in both forms alike, or refused where they stand in the plan."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.rules.conditions import CONDITIONS_MAX
from tests.evaluation.test_planning import PLACE, faults_of, read, with_row

WHERE = f"{PLACE}.with.where"
MEMBERS = ("asset", "fault", "project", "service_down", "severity")
VALUES = st.text(st.characters(exclude_characters=",=", exclude_categories=("Cc", "Cs")), max_size=40)


def counting(where: Any, event: str = "fault.opened") -> dict[str, Any]:
    return with_row(measure="event_count", unit="次", **{"with": {"type": event, "where": where}})


def where_of(raw: dict[str, Any]) -> str:
    return dict(read(raw).indicators[0].arguments)["where"]


@given(st.dictionaries(st.sampled_from(MEMBERS), VALUES, min_size=1))
def test_both_forms_say_the_same(conditions: dict[str, str]) -> None:
    written = ",".join(f"{name}={value}" for name, value in conditions.items())

    assert where_of(counting(conditions)) == where_of(counting(written))
    assert set(where_of(counting(conditions)).split(",")) == set(written.split(","))


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (None, ""), (7, "7"), ("critical", "critical")]
)
def test_values_are_compared_as_events_write_them(value: object, text: str) -> None:
    assert where_of(counting({"severity": value})) == f"severity={text}"


@pytest.mark.parametrize(
    ("where", "event"),
    [
        ({}, "fault.opened"),
        (7, "fault.opened"),
        ("severity", "fault.opened"),
        ("severity=a=b", "fault.opened"),
        ("Severity=major", "fault.opened"),
        ({"severity": ["major"]}, "fault.opened"),
        ({"severity": {}}, "fault.opened"),
        ({"severity": "x" * 201}, "fault.opened"),
        ({"severity": "a\x00"}, "fault.opened"),
        ("colour=red", "fault.opened"),
        ("severity=major", "payment.made"),
        (",".join(["severity=major"] * (CONDITIONS_MAX + 1)), "fault.opened"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_at_its_place(where: object, event: str) -> None:
    assert faults_of(counting(where, event)) == {(WHERE, "conditions")}


def test_of_an_unknown_type_of_event_only_the_type_is_told() -> None:
    assert faults_of(counting("colour=red", "fault.vanished")) == {(f"{PLACE}.with.type", "unknown_event_type")}


def test_scores_cannot_be_counted_into_scores() -> None:
    assert faults_of(counting("project=p", "score.updated")) == {(f"{PLACE}.with.type", "unknown_event_type")}
