"""Plans as they are sent: read exactly, or refused with every fault at once, whatever was sent."""

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.facts import plan_of
from services.evaluation.rules import plan_event, read_plan, warnings
from shared.problems import Invalid
from tests.evaluation.builders import MOF_2020

POLICIES = {"mof-2020": MOF_2020}
PLAN: dict[str, Any] = {
    "project": "p",
    "title": "网站运行维护",
    "fiscal_year": 2018,
    "from": "2018-01-01",
    "to": "2018-12-31",
    "policy": "mof-2020",
    "objective": "全年正常运行。",
    "execution": {"weight": "10"},
    "indicators": [
        {
            "code": "1.1",
            "dimension": "output",
            "aspect": "quality",
            "name": "系统故障率",
            "unit": "%",
            "target": {"op": "<=", "value": "0.3"},
            "weight": "50",
            "measure": "fault_rate",
        },
        {
            "code": "2.1",
            "dimension": "benefit",
            "aspect": "sustainable",
            "name": "稳步运行",
            "target": {"op": "level", "value": "稳步运行"},
            "weight": "40",
            "measure": "rating",
        },
    ],
}
PLACE = "indicators.0"


def read(raw: Any) -> Any:
    return read_plan(raw, project="p", policies=POLICIES)


def a_raw_plan(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(PLAN) | changes


def with_row(**changes: Any) -> dict[str, Any]:
    raw = a_raw_plan()
    raw["indicators"][0] |= changes
    return raw


def faults_of(raw: Any) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        read(raw)
    return {(error["field"], error["code"]) for error in refused.value.facts["errors"]}


def test_an_adopted_plan_is_read_back_from_its_event() -> None:
    plan = read(with_row(target={"op": "between", "value": ["0", Decimal("0.30")]}, **{"with": {"asset": "line"}}))

    assert plan_of(plan_event(plan, "p")) == plan


@pytest.mark.parametrize("weight", ["50", 50, Decimal(50), Decimal("5E+1"), "50.000000"])
def test_numbers_are_read_exactly_however_they_are_written(weight: object) -> None:
    assert read(with_row(weight=weight)).indicators[0].weight == 50


def test_an_objective_may_have_paragraphs() -> None:
    assert read(a_raw_plan(objective="一、线路畅通。\r\n二、\t断电有后备。")).objective.count("\n") == 1


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (None, {("", "type")}),
        (a_raw_plan(objective="a\x00b"), {("objective", "text")}),
        (a_raw_plan(objective="长" * 2001), {("objective", "text")}),
        (a_raw_plan(title="a\nb"), {("title", "text")}),
        (a_raw_plan(title=7), {("title", "text")}),
        (a_raw_plan(policy=["mof-2020"]), {("policy", "unknown_policy")}),
        (a_raw_plan(execution=[]), {("execution", "type")}),
        (a_raw_plan(execution={}), {("execution.weight", "missing")}),
        (
            {name: value for name, value in a_raw_plan().items() if name != "indicators"},
            {("indicators", "missing")},
        ),
        (a_raw_plan(indicators={}), {("indicators", "list")}),
        (a_raw_plan(indicators=["x"]), {("indicators.0", "type")}),
        (a_raw_plan(**{"from": "2018-W01-1"}), {("from", "date")}),
        (a_raw_plan(to="0001-01-01"), {("to", "date")}),
        (a_raw_plan(to=20181231), {("to", "date")}),
        (a_raw_plan(to="2018-02-30"), {("to", "date")}),
        (a_raw_plan(to="2017-12-31", fiscal_year=2017), {("to", "before_start")}),
        (a_raw_plan(fiscal_year=2019), {("fiscal_year", "outside_window")}),
        (a_raw_plan(fiscal_year=True), {("fiscal_year", "type")}),
        (a_raw_plan(project=None), {("project", "mismatch")}),
        (with_row(weight="0"), {(f"{PLACE}.weight", "weight")}),
        (with_row(weight="49.99"), {("indicators", "weights_sum")}),
        (with_row(target={"op": "level", "value": "好"}), {(f"{PLACE}.target.op", "operator")}),
        (with_row(target={"op": "by", "value": "2018-12-31"}), {(f"{PLACE}.target.op", "operator")}),
        (with_row(target={"op": "between", "value": ["2", "1"]}), {(f"{PLACE}.target.value", "bounds")}),
        (with_row(measure="accepted_quantity"), {(f"{PLACE}.with.item", "missing_argument")}),
        (with_row(**{"with": {"colour": "red"}}), {(f"{PLACE}.with.colour", "unknown_argument")}),
        (
            with_row(measure="response_hours", **{"with": {"statistic": "median"}}),
            {(f"{PLACE}.with.statistic", "unknown_statistic")},
        ),
        (with_row(code=1), {(f"{PLACE}.code", "id")}),
        (with_row(code="1 1"), {(f"{PLACE}.code", "id")}),
        (with_row(unit=None), {(f"{PLACE}.unit", "text")}),
        (with_row(target="x"), {(f"{PLACE}.target", "type")}),
        (with_row(target={"op": "<="}), {(f"{PLACE}.target.value", "missing")}),
        (with_row(target={"op": "~", "value": "1"}), {(f"{PLACE}.target.op", "unknown_operator")}),
        (with_row(target={"op": "between", "value": "12"}), {(f"{PLACE}.target.value", "bounds")}),
        (with_row(target={"op": "between", "value": ["1", {}]}), {(f"{PLACE}.target.value.1", "number")}),
        (with_row(measure="rating", target={"op": "level", "value": ""}), {(f"{PLACE}.target.value", "text")}),
        (with_row(**{"with": None}), {(f"{PLACE}.with", "type")}),
        (with_row(**{"with": {"asset": 1}}), {(f"{PLACE}.with.asset", "id")}),
        (with_row(measure="paid_amount", unit="美元"), {(f"{PLACE}.unit", "unit")}),
        (with_row(scoring={"method": "steps"}), {(f"{PLACE}.scoring.steps", "missing")}),
    ],
)
def test_each_fault_is_named_where_it_is(raw: Any, faults: set[tuple[str, str]]) -> None:
    assert faults_of(raw) == faults


@pytest.mark.parametrize(
    "number",
    [
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1e-999999999999999"),  # Written out, it would need a petabyte.
        Decimal("1e999999999999999"),
        10**30,
        0.5,
        False,
        "1e1",
        "１０",
        "",
        None,
    ],
)
def test_what_is_no_exact_number_of_sane_length_is_refused(number: object) -> None:
    assert faults_of(with_row(weight=number)) == {(f"{PLACE}.weight", "number")}


def test_every_fault_is_named_at_once() -> None:
    raw = with_row(weight="x", measure="magic", target={"op": "<=", "value": "many"})
    raw["indicators"][1] |= {"code": "1.1", "colour": "red"}
    del raw["objective"]

    assert faults_of(raw) == {
        ("objective", "missing"),
        (f"{PLACE}.weight", "number"),
        (f"{PLACE}.measure", "unknown_measure"),
        (f"{PLACE}.target.value", "number"),
        ("indicators.1.code", "duplicate"),
        ("indicators.1.colour", "unknown_member"),
    }


def test_a_plan_off_the_policys_weights_is_taken_with_a_warning() -> None:
    found = warnings(read(PLAN), MOF_2020)

    assert [(each["dimension"], each["weight"], each["policy_weight"]) for each in found] == [
        ("benefit", "40", "30"),
        ("satisfaction", "0", "10"),
    ]


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["10", "2018-01-01", "fault_rate", "between", "rating", "level"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a value, where something else could stand."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(places(PLAN)), value=anything)
def test_whatever_stands_in_a_plan_it_is_read_or_refused(place: tuple[Any, ...], value: Any) -> None:
    raw: Any = {"plan": copy.deepcopy(PLAN)}
    parent, *path = ("plan", *place)
    holder = raw
    for step in path:
        holder, parent = holder[parent], step
    holder[parent] = value

    try:
        plan = read(raw["plan"])
    except Invalid:
        return

    assert sum((row.weight for row in plan.indicators), plan.execution_weight) == 100
    assert plan_of(plan_event(plan, "p")) == plan
