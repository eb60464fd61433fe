"""Where a plan departs from its policy: read exactly, every fault named, told with the event, and said in the score."""

import copy
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation import policies
from services.evaluation.facts import plan_of
from services.evaluation.model import Target
from services.evaluation.rules import explain, plan_event, read_plan, told_value, warnings
from shared.events.evaluation import PlanAdopted
from shared.problems import Invalid
from tests.evaluation.builders import (
    MOF_2020,
    YEAR_OVER,
    Happening,
    a_plan,
    an_indicator,
    answered,
    declared,
    facts_of,
    paid,
    rated,
    received,
    reported,
    scored,
)
from tests.evaluation.steps import again
from tests.evaluation.test_planning import PLACE, a_raw_plan, faults_of, with_row

OVERRIDES = "policy_overrides"
STEPS = {"method": "steps", "steps": [["100", "1"], ["80", "0.6"]]}
PER_UNIT = {"method": "per_unit_missing", "deduct": "0.5", "per": 1, "count": "started", "tolerance": Decimal("0.5")}
MORE = {"op": ">=", "value": "100"}
ALL_OVERRIDES = {
    "rounding": {"mode": "down", "digits": 0, "place": "total"},
    "weights": {"output": "60", "benefit": "20", "satisfaction": "10", "execution": "10"},
    "execution": {"method": "intervals", "steps": [["100", "10"], ["80", "7"]], "out_of": "10"},
    "over_achievement": {"above": "130", "per": "10", "deduct_share": "0.05"},
}


def read(raw: Any) -> Any:
    return read_plan(raw, project="p", policies=policies.read_all())


@pytest.mark.parametrize(
    ("scoring", "target"),
    [
        (STEPS, MORE),
        (STEPS | {"full_when_met": True}, MORE),
        ({"method": "steps", "steps": [[1, 1], [2, "0.5"]]}, {"op": "<=", "value": "1"}),
        ({"method": "intervals", "steps": [["90", "5"], ["0", "1"]], "out_of": "5"}, MORE),
        (PER_UNIT, MORE),
        ({"method": "per_point_missing", "deduct_share": "0.05"}, MORE),
        ({"method": "proportional", "floor": "0.6"}, MORE),
        ({"method": "all_or_nothing"}, {"op": ">", "value": "1"}),
        ({"method": "zero_tolerance"}, {"op": "<=", "value": "0"}),
    ],
)
def test_an_indicators_own_scoring_is_read_and_told(scoring: Any, target: Any) -> None:
    plan = read(with_row(scoring=scoring, target=target))

    told = msgspec.json.decode(msgspec.json.encode(plan_event(plan, "p")), type=PlanAdopted)
    assert plan.indicators[0].scoring.method == scoring["method"]
    assert plan_of(told) == plan


def test_what_a_plan_refines_is_read_and_told() -> None:
    plan = read(a_raw_plan(policy_overrides=ALL_OVERRIDES))

    told = msgspec.json.decode(msgspec.json.encode(plan_event(plan, "p")), type=PlanAdopted)
    assert msgspec.to_builtins(plan.policy_overrides) == ALL_OVERRIDES | {
        "execution": ALL_OVERRIDES["execution"] | {"steps": (("100", "10"), ("80", "7"))}
    }
    assert plan_of(told) == plan


def test_a_plan_that_was_told_before_plans_could_refine_is_still_read() -> None:
    event = msgspec.to_builtins(plan_event(read(a_raw_plan()), "p"))
    del event["policy_overrides"]
    for row in event["indicators"]:
        del row["scoring"]

    assert plan_of(msgspec.convert(event, PlanAdopted)) == read(a_raw_plan())


SCORING_FAULTS: list[tuple[Any, set[tuple[str, str]]]] = [
    ("steps", {("", "type")}),
    ({}, {("method", "missing")}),
    ({"method": "magic"}, {("method", "unknown_method")}),
    ({"method": "all_or_nothing", "wish": 1}, {("wish", "unknown_member")}),
    ({"method": "all_or_nothing", "floor": "0.5"}, {("floor", "unknown_member")}),
    ({"method": "steps"}, {("steps", "missing")}),
    ({"method": "steps", "steps": []}, {("steps", "list")}),
    ({"method": "steps", "steps": [["1", "1"]] * 21}, {("steps", "list")}),
    ({"method": "steps", "steps": [["1", "1"], ["2"]]}, {("steps.1", "list")}),
    ({"method": "steps", "steps": [["a", "b"]]}, {("steps.0.0", "number"), ("steps.0.1", "number")}),
    ({"method": "steps", "steps": [["1", "2"]]}, {("steps", "bounds")}),
    ({"method": "steps", "steps": [["1", "-1"]]}, {("steps", "bounds")}),
    ({"method": "steps", "steps": [["1", "1"], ["2", "1"]]}, {("steps", "order")}),
    ({"method": "steps", "steps": [["2", "0.5"], ["1", "1"]]}, {("steps", "order")}),
    ({"method": "steps", "steps": [["1", "0"]], "out_of": "0"}, {("out_of", "bounds")}),
    ({"method": "steps", "steps": [["1", "1"]], "full_when_met": "yes"}, {("full_when_met", "type")}),
    ({"method": "per_unit_missing"}, {("deduct", "missing")}),
    ({"method": "per_unit_missing", "deduct": "1", "deduct_share": "1"}, {("deduct", "missing")}),
    ({"method": "per_unit_missing", "deduct": "-1"}, {("deduct", "bounds")}),
    ({"method": "per_unit_missing", "deduct": "1", "per": "0"}, {("per", "bounds")}),
    ({"method": "per_unit_missing", "deduct": "1", "count": "twice"}, {("count", "unknown_count")}),
    ({"method": "proportional", "floor": "60"}, {("floor", "bounds")}),
    ({"method": "bands"}, {("method", "operator")}),
    ({"method": "zero_tolerance"}, {("method", "operator")}),
    ({"method": "date"}, {("method", "operator")}),
    (
        {"method": "magic", "steps": "x", "count": 1, "per": [], "wish": 1},
        {
            ("method", "unknown_method"),
            ("steps", "list"),
            ("count", "unknown_count"),
            ("per", "number"),
            ("wish", "unknown_member"),
        },
    ),
]


@pytest.mark.parametrize(("scoring", "faults"), SCORING_FAULTS)
def test_each_fault_of_a_scoring_is_named_where_it_is(scoring: Any, faults: set[tuple[str, str]]) -> None:
    place = f"{PLACE}.scoring"

    found = faults_of(with_row(scoring=scoring, target=MORE))

    assert found == {(f"{place}.{field}" if field else place, code) for field, code in faults}


@pytest.mark.parametrize(
    "scoring", [{"method": "steps", "steps": [["2", "1"], ["1", "0.5"]]}, {"method": "zero_tolerance"}]
)
def test_a_scoring_has_to_go_with_its_target(scoring: Any) -> None:
    [(field, _)] = faults_of(with_row(scoring=scoring, target={"op": "<=", "value": "5"}))

    assert field.startswith(f"{PLACE}.scoring.")


def test_a_scoring_beside_a_target_that_cannot_be_read_is_no_second_fault() -> None:
    assert faults_of(with_row(scoring=STEPS, target="x")) == {(f"{PLACE}.target", "type")}


@pytest.mark.parametrize(
    ("overrides", "faults"),
    [
        ([], {("", "type")}),
        ({"grades": {}}, {("grades", "unknown_member")}),
        ({"rounding": {}}, {("rounding", "type")}),
        ({"rounding": 2}, {("rounding", "type")}),
        (
            {"rounding": {"mode": "x", "digits": 7, "place": 1, "when": "now"}},
            {
                ("rounding.mode", "unknown_mode"),
                ("rounding.digits", "bounds"),
                ("rounding.place", "unknown_place"),
                ("rounding.when", "unknown_member"),
            },
        ),
        ({"rounding": {"digits": True}}, {("rounding.digits", "bounds")}),
        ({"rounding": {"digits": "2"}}, {("rounding.digits", "bounds")}),
        ({"weights": {"output": "50"}}, {("weights", "weights_sum")}),
        ({"weights": {"output": "110", "benefit": "-10"}}, {("weights.benefit", "weight")}),
        ({"weights": {"output": "100", "luck": "0"}}, {("weights.luck", "unknown_member")}),
        ({"execution": {"method": "date"}}, {("execution.method", "operator")}),
        ({"over_achievement": {"per": "1"}}, {("over_achievement.above", "missing")}),
        (
            {"over_achievement": {"above": "99", "per": "0", "deduct_share": "-1"}},
            {
                ("over_achievement.above", "bounds"),
                ("over_achievement.per", "bounds"),
                ("over_achievement.deduct_share", "bounds"),
            },
        ),
    ],
)
def test_each_fault_of_what_a_plan_refines_is_named_where_it_is(overrides: Any, faults: set[tuple[str, str]]) -> None:
    found = faults_of(a_raw_plan(policy_overrides=overrides))

    assert found == {(f"{OVERRIDES}.{field}" if field else OVERRIDES, code) for field, code in faults}


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.decimals(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@given(
    scoring=st.dictionaries(st.sampled_from(["method", "steps", "out_of", "per", "count", "deduct", "x"]), anything),
    overrides=st.dictionaries(st.sampled_from(["rounding", "weights", "execution", "over_achievement"]), anything),
)
def test_whatever_is_sent_is_read_or_refused(scoring: Any, overrides: Any) -> None:
    raw = with_row(scoring=scoring) | {OVERRIDES: overrides}
    try:
        plan = read(raw)
    except Invalid:
        return
    assert plan_of(plan_event(plan, "p")) == plan


def test_weights_that_a_plan_refines_are_what_it_is_warned_by() -> None:
    raw = a_raw_plan(policy_overrides={"weights": {"output": "50", "benefit": "40", "execution": "10"}})

    assert warnings(read(raw), MOF_2020) == []
    assert warnings(read(a_raw_plan()), MOF_2020) != []


def test_a_policy_that_leaves_weights_open_warns_of_what_it_names_alone() -> None:
    plan = read(a_raw_plan(policy="hubei-2020"))

    found = warnings(plan, policies.read_all()["hubei-2020"])

    assert [(each["dimension"], each["weight"], each["policy_weight"]) for each in found] == [("execution", "10", "20")]


# The score and its explanation say so.


def by_plan(overrides: Any, *happenings: Happening, **row: Any) -> Any:
    raw = copy.deepcopy(with_row(**row)) | ({OVERRIDES: overrides} if overrides else {})
    plan = read(raw)
    score, shown = scored(plan, [declared("100.00"), received("100.00"), *happenings])
    explanation = explain(facts_of(declared("100.00"), *happenings), plan, MOF_2020, "1.1", as_of=YEAR_OVER)
    known = again(explanation.steps)
    assert known["score"] == Fraction(shown["details"][0]["score"])
    assert known["share"] == score.rows[0].share
    return shown, explanation


SATISFACTION = {"measure": "satisfaction_rate", "unit": "%", "target": {"op": ">=", "value": "90"}}


def test_the_score_says_what_its_plan_refines_and_is_made_so() -> None:
    shown, explanation = by_plan(ALL_OVERRIDES, answered(3, 2), rated("90", code="2.1"), paid("85.00"), **SATISFACTION)

    assert shown["policy_overrides"]["rounding"] == {"mode": "down", "digits": 0, "place": "total"}
    # 50 x (2/3) / 0.9 is 37.037…, 90 % of 40 is 36, 85 % of the budget earns 7 of 10: 80.037…, cut.
    assert [row["score"] for row in shown["details"]] == ["37.0370", "36.0000"]
    assert (shown["execution"]["score"], shown["total"], shown["grade"]) == ("7.0000", "80.00", "good")
    assert "按绩效目标表的约定" in explanation.steps[-1]["zh"]
    assert "as the plan says" in explanation.steps[-1]["en"]


def test_a_plan_that_refines_nothing_says_nothing_of_it() -> None:
    shown, explanation = by_plan(None, answered(3, 2), **SATISFACTION)

    assert shown["policy_overrides"] is None
    assert shown["details"][0]["scoring"] is None
    assert not any("约定" in step["zh"] for step in explanation.steps)


def test_an_indicators_own_steps_score_it_and_are_shown() -> None:
    shown, explanation = by_plan(None, answered(100, 85), **SATISFACTION, scoring=STEPS)

    row = shown["details"][0]
    assert (row["score"], row["status"]) == ("30.00", "missed")
    assert row["scoring"] == {"method": "steps", "steps": (("100", "1"), ("80", "0.6"))}
    share = next(step for step in explanation.steps if step.get("name") == "share")
    assert "≥80 得 0.6/1" in share["zh"]
    assert share["en"].endswith("(as the plan says)")


def test_over_achievement_is_always_reported() -> None:
    shown, _ = by_plan(None, reported("150", code="1.1"), measure="reported", unit="TB", target=MORE)

    assert shown["details"][0]["over_achievement"] == {
        "percent": "150",
        "above": None,
        "exceeded": False,
        "share_lost": "0",
    }
    assert shown["details"][0]["score"] == "50.00"


def test_over_achievement_costs_what_a_plan_says_and_each_step_shows_it() -> None:
    overrides = {"over_achievement": ALL_OVERRIDES["over_achievement"]}
    shown, explanation = by_plan(overrides, reported("150", code="1.1"), measure="reported", unit="TB", target=MORE)

    assert shown["details"][0]["over_achievement"]["exceeded"]
    assert shown["details"][0]["over_achievement"]["share_lost"] == "0.1"
    assert shown["details"][0]["score"] == "45.00"
    assert {"earned", "achievement", "share"} <= {step.get("name") for step in explanation.steps}


def test_a_day_told_by_hand_is_shown_as_a_day() -> None:
    target = {"op": "by", "value": "2018-12-10"}
    told = told_value("2018-12-12", Target(op="by", value="2018-12-10"))
    row = {"measure": "reported", "unit": "", "target": target}

    on_time, _ = by_plan(None, reported("17871", code="1.1"), **row)
    late, explanation = by_plan(None, reported(told, code="1.1"), **row, scoring={"method": "date", "deduct": "1"})
    nowhere, _ = by_plan(None, reported("999999999", code="1.1"), **row)

    assert (on_time["details"][0]["measured"], on_time["details"][0]["score"]) == ("2018-12-06", "50.00")
    assert (late["details"][0]["measured"], late["details"][0]["score"]) == ("2018-12-12", "48.00")
    assert late["details"][0]["target"] == "2018-12-10"
    assert any("2018-12-12" in step["zh"] for step in explanation.steps)
    assert (nowhere["details"][0]["measured"], nowhere["details"][0]["score"]) == ("999999999", "0.00")


@pytest.mark.parametrize(("told", "op"), [("2018-12-10", ">="), ("5", "by"), ("-5", "by")])
def test_a_day_is_told_where_the_target_is_one(told: str, op: Any) -> None:
    with pytest.raises(Invalid):
        told_value(told, Target(op=op, value="2018-12-10" if op == "by" else "1"))


def test_a_number_is_told_as_it_stands() -> None:
    assert told_value("-5.50", Target(op=">=", value="1")) == "-5.50"


def test_a_target_that_is_a_day_is_read() -> None:
    plan = read(with_row(measure="reported", unit="", target={"op": "by", "value": "2018-12-10"}))

    assert plan.indicators[0].target == Target(op="by", value="2018-12-10")
    bad = with_row(measure="reported", unit="", target={"op": "by", "value": "10 December"})
    assert faults_of(bad) == {(f"{PLACE}.target.value", "date")}


def test_a_plan_of_its_own_making_is_scored_by_its_own_rounding() -> None:
    plan = a_plan(an_indicator("satisfaction_rate", ">=", "90"))
    _, shown = scored(plan, [declared(), answered(3, 2)])

    assert shown["details"][0]["score"] == "66.67"
