"""How a score came about: every contributing event, and the arithmetic in words and figures."""

from datetime import datetime

import pytest

from services.evaluation import policies
from services.evaluation.model import Indicator, Target
from services.evaluation.rules import Explanation, evaluate, explain
from services.evaluation.rules.showing import points_text
from tests.evaluation.builders import (
    MID_YEAR,
    MOF_2020,
    YEAR_OVER,
    Happening,
    a_plan,
    adjusted,
    amended,
    an_indicator,
    closed,
    complained,
    counted,
    declared,
    facts_of,
    inspected,
    later,
    maintenance,
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

POLICIES = policies.read_all()
HOURS = {"op": "<=", "value": "8", "unit": "小时"}


def explained(indicator: Indicator, *happenings: Happening, as_of: datetime = YEAR_OVER) -> Explanation:
    return explain(facts_of(*happenings), a_plan(indicator), MOF_2020, indicator.code, as_of=as_of)


def evidence(indicator: Indicator, *happenings: Happening) -> list[tuple[str, int, str]]:
    found = explained(indicator, *happenings).evidence
    return [(origin.type, origin.sequence, contribution) for origin, contribution in found]


DOWN = [
    opened("03-01 08:00"),  # 1
    responded("03-01 08:30"),  # 2
    resolved("03-01 10:00"),  # 3
    reopened("03-01 12:00"),  # 4
    resolved("03-01 13:00"),  # 5
    maintenance("03-01 09:30", "03-01 11:00"),  # 6: takes half an hour off.
    maintenance("03-01 08:00", "03-01 20:00", "ups"),  # 7: another asset's.
    later(maintenance("03-01 08:00", "03-01 20:00")),  # 8: after the window.
    opened("04-01 08:00", "small", down=False),  # 9
    later(opened("03-01 08:00", "late")),  # 10
]


def test_downtime_rests_on_what_began_ended_and_excused_it() -> None:
    found = evidence(an_indicator("fault_rate"), *DOWN)

    assert found == [
        ("fault.opened", 1, "2.5"),
        ("fault.resolved", 3, "0"),
        ("fault.reopened", 4, "0"),
        ("fault.resolved", 5, "0"),
        ("maintenance.scheduled", 6, "0"),
    ]


def test_a_response_time_rests_on_the_answer_too() -> None:
    found = evidence(an_indicator("response_hours", **HOURS), *DOWN)

    assert found[:2] == [("fault.opened", 1, "0.5"), ("fault.responded", 2, "0")]


def test_a_repair_rests_on_resolutions_and_reopenings() -> None:
    found = evidence(an_indicator("repair_hours", **HOURS), *DOWN[:5])

    assert found == [
        ("fault.opened", 1, "5"),
        ("fault.resolved", 3, "0"),
        ("fault.reopened", 4, "0"),
        ("fault.resolved", 5, "0"),
    ]


def test_the_share_of_resolved_faults_rests_on_their_resolutions() -> None:
    found = evidence(an_indicator("fault_resolution_rate", ">=", "90"), *DOWN[:3])

    assert found == [("fault.opened", 1, "1"), ("fault.resolved", 3, "0")]


def test_contract_amounts_rest_on_signings_amendments_and_terminations() -> None:
    found = evidence(
        an_indicator("government_procurement_rate", ">=", "80"),
        signed("c1", "10.00"),
        signed("c2", "20.00"),
        signed("c3", "30.00"),
        amended("15.00", "05-01 00:00", "c2"),
        terminated("06-01 00:00", "c3"),
        later(signed("c4"), -1),
    )

    assert found == [
        ("contract.signed", 1, "10"),
        ("contract.signed", 2, "0"),
        ("contract.signed", 3, "0"),
        ("contract.amended", 4, "15"),
        ("contract.terminated", 5, "0"),
    ]


def test_months_of_service_rest_on_the_term_the_acceptance_and_the_termination() -> None:
    found = evidence(
        an_indicator("service_months", "=", "12", unit="月", arguments={"item": "i"}),
        signed("c1"),
        inspected("1", "02-01 00:00", "c1"),
        inspected("1", "03-01 00:00", "c1"),
        terminated("06-30 00:00", "c1"),
        signed("c2", starts_on=datetime(2019, 1, 1).date()),  # noqa: DTZ001  # A day.
        inspected("1", "03-02 00:00", "c2"),
    )

    assert found == [
        ("contract.signed", 1, "6"),
        ("contract.accepted", 2, "0"),
        ("contract.accepted", 3, "0"),
        ("contract.terminated", 4, "0"),
        ("contract.signed", 5, "0"),
        ("contract.accepted", 6, "0"),
    ]


def test_execution_rests_on_payments_reversals_and_the_budget_in_force() -> None:
    indicator = an_indicator("execution_rate", ">=", "90")
    story = [
        declared("100.00"),
        paid("40.00", payment="z1"),
        paid("5.00", payment="z2"),
        reversed_("5.00", "06-01 00:00", "z2"),
    ]

    assert evidence(indicator, *story) == [
        ("project.declared", 1, "100"),
        ("payment.made", 2, "40"),
        ("payment.made", 3, "5"),
        ("payment.reversed", 4, "-5"),
    ]
    assert ("budget.adjusted", 5, "80") in evidence(indicator, *story, adjusted("80.00", "07-01 00:00"))
    assert evidence(indicator, paid("1.00")) == [("payment.made", 1, "1")]


def test_payment_in_time_rests_on_the_acceptance_and_what_was_paid_by_then() -> None:
    found = evidence(
        an_indicator("on_time_payment_rate", ">=", "100"),
        signed("c1", "10.00"),
        inspected("1", "03-01 00:00", "c1"),
        paid("4.00", "03-02 00:00", "z1", contract="c1"),
        paid("6.00", "04-01 00:00", "z2", contract="c1"),
    )

    assert found == [("payment.made", 1, "4"), ("contract.accepted", 2, "0")]


def test_closed_complaints_rest_on_their_closures() -> None:
    found = evidence(
        an_indicator("complaint_closure_rate", ">=", "90"),
        complained("03-01 08:00", "k1"),
        complained("03-02 08:00", "k2"),
        closed("03-03 08:00", "k1"),
        later(closed("03-03 08:00", "k2")),
    )

    assert found == [("complaint.filed", 1, "1"), ("complaint.filed", 2, "0"), ("complaint.closed", 3, "0")]


def test_evidence_is_in_the_order_of_source_and_sequence() -> None:
    found = explained(an_indicator("complaint_rate", "<=", "5"), counted(50), complained("01-02 08:00")).evidence

    assert [(origin.source, origin.sequence) for origin, _ in found] == [("monitoring", 1), ("monitoring", 2)]


def test_the_steps_lead_from_the_counts_to_the_rounded_points() -> None:
    indicator = an_indicator("complaint_rate", "<=", "1")

    steps = explained(indicator, counted(150), complained("03-01 08:00", "k1"), complained("03-02 08:00", "k2")).steps

    # 2 of 150 is 1.333333 %; 1 over 1.333… is 0.75; of 90 points that is 67.5.
    assert [step["value"] for step in steps] == ["2", "150", "1.333333", "", "0.75", "67.50"]
    assert "≤1" in steps[3]["zh"]
    assert "未达成" in steps[3]["zh"]
    assert "missed" in steps[3]["en"]


def test_a_bound_is_shown_as_people_write_it() -> None:
    row = explained(an_indicator("fault_rate", "between", ("0", "0.3"))).row

    assert (row["target"], row["score"]) == ("0–0.3", "90.00")


def test_what_is_pending_says_so_and_earns_nothing() -> None:
    indicator = an_indicator("rating", "level", "稳步运行", unit="", target=Target(op="level", value="稳步运行"))

    found = explained(indicator, rated("90", "12-20 00:00"), as_of=MID_YEAR)

    assert (found.row["status"], found.row["target"], found.evidence) == ("pending", "稳步运行", [])
    assert found.steps[0]["en"] == "nothing to measure yet"
    assert found.steps[-1]["value"] == "0.00"


def test_what_is_vacuously_met_says_why() -> None:
    found = explained(an_indicator("response_hours", **HOURS))

    assert found.row["vacuous_reason"]["zh"] in {step["zh"] for step in found.steps}
    assert found.steps[-1]["value"] == "90.00"


def test_an_indicator_that_the_plan_does_not_have_cannot_be_explained() -> None:
    with pytest.raises(KeyError):
        explain(facts_of(), a_plan(), MOF_2020, "9", as_of=YEAR_OVER)


@pytest.mark.parametrize("name", sorted(POLICIES))
@pytest.mark.parametrize("spent", ["0.01", "61.00", "92.08", "100.00", "102.59"])
def test_budget_execution_is_explained_as_it_is_scored_under_every_policy(name: str, spent: str) -> None:
    facts, plan, policy = facts_of(declared("100.00"), paid(spent)), a_plan(), POLICIES[name]

    found = explain(facts, plan, policy, "execution", as_of=YEAR_OVER)

    scored = evaluate(facts, plan, policy, as_of=YEAR_OVER).execution
    assert (found.row["score"], found.steps[-1]["value"]) == (points_text(scored.score),) * 2
    assert [origin.type for origin, _ in found.evidence] == ["project.declared", "payment.made"]
    assert not {"dimension", "aspect"} & found.row.keys()
    assert "约定" not in str(found.steps)
