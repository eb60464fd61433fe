"""Declaring a project, adjusting it, and the money that arrives."""

import pytest

from tests.budget.driver import Budget, a_declaration, a_receipt
from tests.support import problem_of


def put(budget: Budget, body: object, project: str = "web"):
    return budget.send("PUT", f"/projects/{project}", body, role="planner")


def test_a_project_is_made_once_and_the_same_declaration_again_changes_nothing(budget: Budget) -> None:
    first = put(budget, a_declaration(), "new")
    before = budget.stored()

    again = put(budget, a_declaration(), "new")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert budget.stored() == before


def test_a_project_is_shown_as_it_was_declared(budget: Budget) -> None:
    sources = {"fiscal": "0.01", "self_raised": "1.00", "carry_over": "2.00", "other": "3.00"}

    put(budget, a_declaration({"b": "6.00", "a": "0.01"}, sources=sources, time_zone="Asia/Urumqi"), "new")

    view = budget.view("new")
    assert [(line["line"], line["adjusted"]) for line in view["lines"]] == [("b", "6.00"), ("a", "0.01")]
    assert (view["sources"], view["time_zone"]) == (sources, "Asia/Urumqi")
    assert (view["received"], view["surplus"]) == ("0.00", "6.01")


def test_the_event_of_a_declaration_happens_when_the_project_begins(budget: Budget) -> None:
    put(budget, a_declaration(starts_on="2017-07-01"), "new")

    event = budget.events()[-1]

    assert (event["type"], event["time"]) == ("project.declared.v1", "2017-07-01T00:00:00+08:00")
    assert event["data"]["amount"] == "1500.00"
    assert event["data"]["sources"]["fiscal"] == "1500.00"


def test_an_adjustment_keeps_the_initial_amounts_beside_the_new_ones(budget: Budget) -> None:
    budget.pay("300.00")

    answer = put(budget, a_declaration({"net": "600.00", "site": "500.00", "new": "400.00"}, reason="调剂"))

    assert answer.status_code == 200
    lines = answer.json()["lines"]
    assert [(line["line"], line["initial"], line["adjusted"], line["paid"]) for line in lines] == [
        ("net", "1000.00", "600.00", "300.00"),
        ("site", "500.00", "500.00", "0.00"),
        ("new", "0.00", "400.00", "0.00"),
    ]
    assert lines[0]["execution_rate"] == "0.500000"
    totals = answer.json()["totals"]
    assert (totals["initial"], totals["adjusted"]) == ("1500.00", "1500.00")


def test_a_second_adjustment_still_knows_the_first_amounts(budget: Budget) -> None:
    put(budget, a_declaration({"net": "600.00", "site": "900.00"}, reason="one"))

    put(budget, a_declaration({"net": "700.00", "site": "800.00"}, reason="two"))

    assert (budget.line()["initial"], budget.line()["adjusted"]) == ("1000.00", "700.00")


def test_the_event_of_an_adjustment_happens_when_the_planner_says(budget: Budget) -> None:
    when = "2018-06-30T09:00:00+08:00"

    put(budget, a_declaration({"net": "600.00", "site": "900.00"}, reason="张三要求", occurred_at=when))

    event = budget.events()[-1]
    assert (event["type"], event["time"]) == ("budget.adjusted.v1", when)
    assert [(line["line"], line["initial"], line["amount"]) for line in event["data"]["lines"]] == [
        ("net", "1000.00", "600.00"),
        ("site", "500.00", "900.00"),
    ]
    assert "张三" not in budget.running.log()[-1].decode()


def test_an_adjustment_happens_now_unless_the_planner_says_otherwise(budget: Budget) -> None:
    put(budget, a_declaration({"net": "600.00", "site": "900.00"}, reason="r"))

    assert budget.events()[-1]["time"] == "2018-12-20T04:00:00Z"


def test_an_adjusted_line_is_the_limit_of_payments(budget: Budget) -> None:
    put(budget, a_declaration({"net": "600.00", "site": "900.00"}, reason="r"))

    answer = budget.post("600.01")

    assert problem_of(answer) == (409, "line-exceeded")
    assert answer.json()["limit"] == "600.00"


@pytest.mark.parametrize(
    "body",
    [
        a_declaration({"net": "999.99", "site": "500.00"}),
        a_declaration({"net": "1000.00"}),
        a_declaration({"net": "1000.00", "site": "500.00", "more": "1.00"}),
        a_declaration(sources={"fiscal": "1000.00", "other": "500.00"}),
    ],
    ids=["amount", "line left out", "line added", "sources"],
)
def test_amounts_do_not_change_without_a_reason(untouched: Budget, body: object) -> None:
    before = untouched.stored()

    answer = put(untouched, body)

    assert problem_of(answer) == (422, "validation")
    assert answer.json()["errors"] == [
        {"field": "reason", "code": "missing", "message": "say why the amounts change"},
    ]
    assert untouched.stored() == before


def test_words_change_without_a_reason_and_are_declared_anew(budget: Budget) -> None:
    before = budget.head().seq

    answer = put(budget, a_declaration(name="另一个名字"))

    assert (answer.status_code, answer.json()["name"]) == (200, "另一个名字")
    assert [event["type"] for event in budget.events()[before:]] == ["project.declared.v1"]


def test_a_line_does_not_fall_below_what_is_paid_from_it(budget: Budget) -> None:
    budget.pay("300.00")
    before = budget.stored()

    answer = put(budget, a_declaration({"net": "299.99", "site": "1200.01"}, reason="r"))

    assert problem_of(answer) == (409, "line-below-paid")
    figures = {name: answer.json()[name] for name in ("line", "paid", "amount")}
    assert figures == {"line": "net", "paid": "300.00", "amount": "299.99"}
    assert budget.stored() == before


def test_a_line_may_fall_to_exactly_what_is_paid_from_it(budget: Budget) -> None:
    budget.pay("300.00")

    answer = put(budget, a_declaration({"net": "300.00", "site": "1200.00"}, reason="r"))

    assert answer.status_code == 200
    assert budget.line()["remaining"] == "0.00"


def test_every_line_that_would_fall_below_is_named(budget: Budget) -> None:
    budget.pay("300.00")
    budget.pay("200.00", line="site")

    answer = put(budget, a_declaration({"other": "1500.00"}, reason="r"))

    assert (answer.json()["line"], [each["line"] for each in answer.json()["also"]]) == ("net", ["site"])
    assert answer.json()["amount"] == "0.00"


def test_a_line_left_out_falls_to_zero_and_stays_in_sight(budget: Budget) -> None:
    put(budget, a_declaration({"net": "1500.00"}, reason="r"))

    site = budget.line("site")
    assert (site["initial"], site["adjusted"], site["execution_rate"]) == ("500.00", "0.00", "0.000000")


def test_the_fiscal_year_of_a_declared_project_stays(untouched: Budget) -> None:
    answer = put(untouched, a_declaration(fiscal_year=2019, ends_on="2019-12-31", reason="r"))

    assert problem_of(answer) == (422, "validation")
    assert [each["field"] for each in answer.json()["errors"]] == ["fiscal_year"]


def test_a_declaration_is_refused_with_every_fault_at_once(untouched: Budget) -> None:
    before = untouched.stored()
    twice = [{"line": "a", "name": "A", "amount": "1.00"}] * 2

    answer = put(untouched, a_declaration(lines=None, fiscal_year=2020) | {"lines": twice}, "new")

    assert problem_of(answer) == (422, "validation")
    faults = {(each["field"], each["code"]) for each in answer.json()["errors"]}
    assert faults == {
        ("lines.1.line", "duplicate"),
        ("fiscal_year", "outside_project"),
        ("sources", "sum_mismatch"),
    }
    assert untouched.stored() == before


def test_a_budget_beyond_what_an_event_can_carry_is_refused(untouched: Budget) -> None:
    most = "9999999999999.99"

    body = a_declaration({"a": most, "b": most}, sources={"fiscal": most, "other": most})

    assert problem_of(put(untouched, body, "new")) == (422, "validation")


def test_the_largest_budget_is_declared_received_and_paid_to_the_fen(budget: Budget) -> None:
    most = "9999999999999.99"
    put(budget, a_declaration({"a": most}), "vast")
    budget.receive(most, project="vast")

    budget.pay(most, project="vast", line="a")

    assert budget.view("vast")["totals"]["paid"] == most
    assert budget.events()[-1]["data"]["amount"] == most


def test_a_receipt_adds_to_what_was_received(budget: Budget) -> None:
    answer = budget.send("POST", "/projects/web/receipts", a_receipt("0.05", source="other"), role="finance")

    assert answer.status_code == 201
    assert answer.headers["location"] == "/projects/web/budget"
    assert answer.json() == a_receipt("0.05", source="other") | {
        "project": "web",
        "receipt": answer.json()["receipt"],
    }
    assert budget.view()["received"] == "1500.05"


def test_the_event_of_a_receipt_has_its_figures_and_no_reference(budget: Budget) -> None:
    budget.send("POST", "/projects/web/receipts", a_receipt("0.05", reference="给张三"), role="finance")

    event = budget.events()[-1]

    assert (event["type"], event["time"]) == ("funds.received.v1", "2018-03-01T00:00:00+08:00")
    assert event["data"] | {"receipt": ""} == {
        "project": "web",
        "receipt": "",
        "amount": "0.05",
        "origin": "fiscal",
        "received_on": "2018-03-01",
    }
    assert "张三" not in budget.running.log()[-1].decode()


def test_a_receipt_of_another_year_is_refused(untouched: Budget) -> None:
    before = untouched.stored()

    answer = untouched.send("POST", "/projects/web/receipts", a_receipt("1.00", received_on="2019-01-01"))

    assert problem_of(answer) == (409, "outside-fiscal-year")
    assert untouched.stored() == before


def test_the_receipt_of_an_unknown_project_is_not_found(untouched: Budget) -> None:
    answer = untouched.send("POST", "/projects/nowhere/receipts", a_receipt("1.00"))

    assert problem_of(answer) == (404, "not-found")
