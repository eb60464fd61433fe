"""Contracts from signing to their end, used from outside."""

import json
from typing import Any

import pytest

from tests.procurement.driver import CREDIT_CODE, Procurement, a_contract, adjusted, an_acceptance, declared
from tests.support import problem_of


def types(procurement: Procurement) -> list[str]:
    return [event["type"] for event in procurement.events()]


def test_a_signed_contract_is_on_record_with_its_event_on_the_day_it_was_signed(procurement: Procurement) -> None:
    answer = procurement.sign()

    assert (answer.status_code, answer.headers["location"]) == (201, "/contracts/c1")
    shown = procurement.get("/contracts/c1", role="buyer")
    assert (shown["status"], shown["amount"], shown["items"][0]["accepted"]) == ("signed", "600.00", "0")
    [event] = procurement.events()
    assert (event["type"], event["time"]) == ("contract.signed.v1", "2018-01-04T00:00:00+08:00")
    assert event["data"]["supplier_name"] == "电信公司"


def test_the_same_contract_again_is_the_one_on_record_even_after_an_amendment(procurement: Procurement) -> None:
    procurement.sign()
    procurement.amend(amount="700.00")

    again, other = procurement.sign(), procurement.sign(amount="1.00")

    assert (again.status_code, again.json()["amount"]) == (200, "700.00")
    assert problem_of(other) == (409, "already-exists")
    assert types(procurement) == ["contract.signed.v1", "contract.amended.v1"]


def test_a_project_or_line_that_may_still_arrive_is_answered_with_when_to_come_back(procurement: Procurement) -> None:
    project = procurement.sign(project="later")
    line = procurement.sign(line="other")

    assert (problem_of(project), project.headers["retry-after"]) == ((409, "project-unknown"), "1")
    assert (problem_of(line), line.headers["retry-after"]) == ((409, "line-unknown"), "1")
    procurement.learn(adjusted("1000.00", "net", "other"))
    assert procurement.sign(line="other").status_code == 201


def test_contracts_of_a_line_may_not_exceed_it(procurement: Procurement) -> None:
    procurement.sign()

    answer = procurement.sign(contract="c2", amount="400.01")

    assert problem_of(answer) == (409, "line-overcommitted")
    figures = {name: answer.json()[name] for name in ("line", "limit", "committed", "remaining", "amount")}
    assert figures == {
        "line": "net",
        "limit": "1000.00",
        "committed": "600.00",
        "remaining": "400.00",
        "amount": "400.01",
    }
    assert procurement.sign(contract="c2", amount="400.00").status_code == 201


def test_an_adjustment_of_the_budget_moves_the_limit(procurement: Procurement) -> None:
    procurement.learn(adjusted("500.00"))

    assert problem_of(procurement.sign()) == (409, "line-overcommitted")
    procurement.learn(adjusted("600.00"))
    assert procurement.sign().status_code == 201


def test_a_terminated_contract_frees_its_line_unless_something_was_accepted(procurement: Procurement) -> None:
    procurement.sign(contract="empty")
    procurement.terminate(contract="empty")
    procurement.sign(contract="delivered")
    procurement.accept("10", contract="delivered")
    procurement.terminate(contract="delivered")

    answer = procurement.sign(contract="c3", amount="400.01")

    assert (problem_of(answer), answer.json()["committed"]) == ((409, "line-overcommitted"), "600.00")


def test_partial_acceptances_add_up_to_the_contract_and_no_further(procurement: Procurement) -> None:
    procurement.sign()
    procurement.accept("40")
    procurement.accept("15", conclusion="failed")
    procurement.accept("20")

    answer = procurement.accept("0.5")

    assert problem_of(answer) == (422, "above-contract-quantity")
    assert (answer.json()["contracted"], answer.json()["accepted"]) == ("60", "60.5")
    assert procurement.get("/contracts/c1")["items"][0]["accepted"] == "60"
    assert types(procurement) == [
        "contract.signed.v1",
        "contract.accepted.v1",
        "contract.rejected.v1",
        "contract.accepted.v1",
    ]


def test_who_signed_the_contract_does_not_inspect_it(procurement: Procurement) -> None:
    procurement.sign()

    answer = procurement.accept(inspectors=["another", "canary-signer"])

    assert problem_of(answer) == (409, "same-person")


def test_a_terminated_contract_stays_as_it_is(procurement: Procurement) -> None:
    procurement.sign()
    procurement.terminate("2018-11-30")

    refused = [
        procurement.terminate("2018-12-02"),
        procurement.amend(amount="1.00"),
        procurement.accept(accepted_on="2018-12-01"),
    ]

    assert {problem_of(answer) for answer in refused} == {(409, "contract-terminated")}
    assert procurement.accept(accepted_on="2018-11-30").status_code == 201
    assert procurement.get("/contracts/c1")["status"] == "terminated"


def test_an_amendment_publishes_the_whole_new_terms_at_its_own_time(procurement: Procurement) -> None:
    procurement.sign()

    answer = procurement.amend(ends_on="2019-03-31", occurred_at="2018-10-01T09:00:00+08:00")

    assert answer.status_code == 201
    event = procurement.events()[-1]
    assert event["time"] == "2018-10-01T09:00:00+08:00"
    assert (event["data"]["amount"], event["data"]["ends_on"]) == ("600.00", "2019-03-31")
    assert event["data"]["items"][0]["quantity"] == "60"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, (422, "validation")),
        ({"amount": "1000.01"}, (409, "line-overcommitted")),
        ({"ends_on": "2017-12-31"}, (422, "validation")),
        ({"occurred_at": "2018-01-03T00:00:00+08:00", "amount": "1.00"}, (422, "validation")),
        (
            {"items": [{"item": "battery", "name": "b", "unit": "组", "quantity": "39"}]},
            (422, "above-contract-quantity"),
        ),
        ({"items": [{"item": "other", "name": "b", "unit": "组", "quantity": "60"}]}, (422, "above-contract-quantity")),
    ],
)
def test_an_amendment_that_cannot_hold_is_refused(
    procurement: Procurement, changes: dict[str, Any], problem: tuple[int, str]
) -> None:
    procurement.sign()
    procurement.accept("40")
    before = procurement.stored()

    answer = procurement.amend(**changes)

    assert problem_of(answer) == problem
    assert procurement.stored() == before


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"supplier": "nobody"}, (422, "unknown-supplier")),
        ({"amount": "0"}, (422, "validation")),
        ({"amount": "-1"}, (422, "validation")),
        ({"amount": "1.001"}, (422, "validation")),
        ({"amount": "9" * 30}, (422, "validation")),
        ({"method": "by_friendship"}, (422, "validation")),
        ({"signed_on": "2018-02-30"}, (422, "validation")),
        ({"ends_on": "2017-12-31"}, (422, "validation")),
        ({"starts_on": "2016-01-01", "ends_on": "2018-01-03"}, (422, "validation")),
        ({"starts_on": "2019-01-01", "ends_on": "2019-12-31"}, (409, "outside-fiscal-year")),
        ({"advance_amount": "600.01"}, (422, "validation")),
        ({"payment_days": 366}, (422, "validation")),
        ({"items": []}, (422, "validation")),
        ({"items": a_contract()["items"] * 2}, (422, "validation")),
        ({"items": a_contract()["items"] * 1001}, (422, "validation")),
        ({"items": [{"item": "b", "name": "b", "unit": "u", "quantity": "0"}]}, (422, "validation")),
        ({"items": [{"item": "b", "name": "b", "unit": "u", "quantity": "NaN"}]}, (422, "validation")),
        ({"government_procurement": "yes"}, (422, "validation")),
        ({"surprise": 1}, (422, "validation")),
        ({"contract": "no spaces"}, (422, "validation")),
    ],
)
def test_a_contract_that_cannot_be_is_refused_and_leaves_no_trace(
    procurement: Procurement, changes: dict[str, Any], problem: tuple[int, str]
) -> None:
    before = procurement.stored()

    answer = procurement.sign(**changes)

    assert problem_of(answer) == problem
    assert procurement.stored() == before


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"items": [{"item": "battery", "inspected": "1", "passed": "2"}]}, (422, "validation")),
        ({"items": [{"item": "ghost", "inspected": "1", "passed": "1"}]}, (422, "unknown-item")),
        ({"items": an_acceptance("1")["items"] * 2}, (422, "validation")),
        ({"items": []}, (422, "validation")),
        ({"inspectors": []}, (422, "validation")),
        ({"accepted_on": "2018-01-03"}, (422, "validation")),
        ({"conclusion": "perhaps"}, (422, "validation")),
        ({"documents": [{"name": "n", "sha256": "short"}]}, (422, "validation")),
        ({"remarks": "a\u0000b"}, (422, "validation")),
    ],
)
def test_an_acceptance_that_cannot_be_is_refused_and_leaves_no_trace(
    procurement: Procurement, changes: dict[str, Any], problem: tuple[int, str]
) -> None:
    procurement.sign()
    before = procurement.stored()

    answer = procurement.accept(**changes)

    assert problem_of(answer) == problem
    assert procurement.stored() == before


def test_names_and_remarks_stay_out_of_the_log(procurement: Procurement) -> None:
    procurement.sign()
    procurement.accept()

    assert "canary" not in json.dumps(procurement.events())


def test_a_supplier_is_registered_once_and_corrected_later(procurement: Procurement) -> None:
    answers = [procurement.supplier("new"), procurement.supplier("new")]
    wrong = procurement.send(
        "PUT", "/suppliers/x", {"name": "n", "credit_code": "91653100MAIOSVZ000", "small_business": True}
    )

    assert [answer.status_code for answer in answers] == [201, 200]
    assert procurement.get("/suppliers/new")["credit_code"] == CREDIT_CODE
    assert problem_of(wrong) == (422, "validation")


def test_contracts_are_listed_by_project_and_page_for_those_who_may_see_them(procurement: Procurement) -> None:
    procurement.learn(declared(project="mail"))
    for number in range(3):
        procurement.sign(contract=f"c{number}", amount="100.00")
    procurement.sign(contract="m1", project="mail")

    first = procurement.get("/contracts?project=web&limit=2")
    rest = procurement.get(f"/contracts?project=web&limit=2&cursor={first['next']}")
    own = procurement.get("/contracts", role="buyer", projects=["mail"])

    assert [each["contract"] for each in [*first["items"], *rest["items"]]] == ["c0", "c1", "c2"]
    assert rest["next"] is None
    assert [each["contract"] for each in own["items"]] == ["m1"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/contracts/c1", None),
        ("GET", "/contracts?project=web", None),
        ("POST", "/contracts", a_contract(contract="c9")),
        ("POST", "/contracts/c1/amendments", {"reason": "r", "amount": "1.00"}),
        ("POST", "/contracts/c1/termination", {"reason": "r", "terminated_on": "2018-12-01"}),
        ("POST", "/contracts/c1/acceptances", an_acceptance()),
    ],
)
def test_a_foreign_project_is_not_found_and_too_little_scope_is_forbidden(
    procurement: Procurement, method: str, path: str, body: Any
) -> None:
    procurement.sign()
    before = procurement.stored()

    foreign = procurement.send(method, path, body, projects=["mail"])
    scopeless = procurement.send(method, path, body, role="viewer")
    nobody = procurement.send(method, path, body, role=None)

    assert (problem_of(foreign), problem_of(scopeless)[0], nobody.status_code) == ((404, "not-found"), 403, 401)
    assert procurement.stored() == before


def test_the_same_key_gives_the_same_acceptance(procurement: Procurement) -> None:
    procurement.sign()
    key = {"Idempotency-Key": '"a-1"'}

    answers = [
        procurement.send("POST", "/contracts/c1/acceptances", an_acceptance("10"), headers=key) for _ in range(3)
    ]

    assert len({answer.json()["acceptance"] for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert procurement.get("/contracts/c1")["items"][0]["accepted"] == "10"


def test_what_is_out_of_scope_is_not_there(procurement: Procurement) -> None:
    for path in ("/purchases", "/ocds/releases"):
        assert problem_of(procurement.send("GET", path))[0] == 404
