"""Contracts from signing to their end, used from outside."""

from datetime import UTC, datetime

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


def test_lines_of_two_projects_that_share_a_name_do_not_share_a_limit(procurement: Procurement) -> None:
    procurement.learn(declared(project="mail"))
    procurement.sign(amount="1000.00")

    assert procurement.sign(contract="m1", project="mail", amount="1000.00").status_code == 201


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


def test_a_line_that_was_cut_below_its_contracts_takes_no_raise_but_lets_them_be_lowered_and_extended(
    procurement: Procurement,
) -> None:
    procurement.sign()
    procurement.learn(adjusted("500.00"))

    lowered, extended = procurement.amend(amount="599.00"), procurement.amend(ends_on="2019-01-31")
    raised = procurement.amend(amount="599.01")

    assert (lowered.status_code, extended.status_code) == (201, 201)
    assert problem_of(raised) == (409, "line-overcommitted")
    assert (raised.json()["remaining"], raised.json()["amount"]) == ("500.00", "599.01")


def test_what_is_accepted_late_takes_the_line_again_and_only_the_next_contract_is_refused(
    procurement: Procurement,
) -> None:
    procurement.sign(contract="ended")
    procurement.terminate(contract="ended")
    procurement.sign(contract="full", amount="1000.00")

    late = procurement.accept("10", contract="ended")
    further = procurement.sign(contract="further", amount="0.01")

    assert late.status_code == 201
    assert (problem_of(further), further.json()["remaining"]) == ((409, "line-overcommitted"), "-600.00")


@pytest.mark.parametrize("moment", ["2018-01-03T16:00:00Z", "2018-01-04T00:00:00+08:00"])
def test_an_amendment_may_happen_from_the_first_moment_of_the_day_of_signing_where_the_project_is(
    procurement: Procurement, moment: str
) -> None:
    procurement.sign()

    assert procurement.amend(amount="1.00", occurred_at=moment).status_code == 201


def test_a_contract_signed_today_can_be_amended_before_the_day_has_begun_in_utc(procurement: Procurement) -> None:
    procurement.set_time(datetime(2018, 12, 19, 23, 0, tzinfo=UTC))  # Seven in the morning of the 20th in Shanghai.
    procurement.sign(signed_on="2018-12-20")

    assert procurement.amend(amount="1.00").status_code == 201


def test_days_begin_where_the_project_is(procurement: Procurement) -> None:
    procurement.learn(declared(project="far", time_zone="America/New_York"))
    procurement.sign(project="far", contract="far")
    procurement.accept(contract="far")
    procurement.terminate("2018-12-01", contract="far")

    assert [event["time"] for event in procurement.events()] == [
        "2018-01-04T00:00:00-05:00",
        "2018-11-20T00:00:00-05:00",
        "2018-12-01T00:00:00-05:00",
    ]


def test_an_acceptance_answers_with_itself_and_is_shown_with_its_contract(procurement: Procurement) -> None:
    procurement.sign()

    answer = procurement.accept("40")

    assert (answer.status_code, answer.headers["location"]) == (201, "/contracts/c1")
    shown = procurement.get("/contracts/c1")
    assert (shown["status"], shown["items"][0]["accepted"]) == ("accepted", "40")
    assert shown["acceptances"] == [answer.json()]
    assert answer.json() == an_acceptance("40") | {"contract": "c1", "acceptance": answer.json()["acceptance"]}
    event = procurement.events()[-1]
    assert (event["type"], event["time"]) == ("contract.accepted.v1", "2018-11-20T00:00:00+08:00")
    assert event["data"]["items"] == [{"item": "battery", "inspected": "40", "passed": "40"}]


def test_what_may_be_left_out_has_its_default(procurement: Procurement) -> None:
    left_out = {"advance_amount", "payment_days"}
    body = {name: value for name, value in a_contract().items() if name not in left_out}
    accepted = {name: value for name, value in an_acceptance().items() if name not in ("remarks", "documents")}

    contract = procurement.send("POST", "/contracts", body, role="buyer").json()
    acceptance = procurement.send("POST", "/contracts/c1/acceptances", accepted, role="inspector").json()

    assert (contract["advance_amount"], contract["payment_days"], contract["purchase"]) == ("0.00", 30, None)
    assert (acceptance["remarks"], acceptance["documents"]) == ("", [])


def test_paper_that_comes_late_is_taken(procurement: Procurement) -> None:
    answer = procurement.sign(signed_on="2019-02-01")

    assert answer.status_code == 201
    assert procurement.accept(accepted_on="2019-02-01").status_code == 201


def test_a_term_over_several_years_is_taken_if_it_touches_the_fiscal_year(procurement: Procurement) -> None:
    answer = procurement.sign(signed_on="2016-12-01", starts_on="2017-01-01", ends_on="2019-12-31")

    assert answer.status_code == 201
    assert problem_of(procurement.amend(ends_on="2017-12-31")) == (409, "outside-fiscal-year")


def test_a_purchase_is_kept_though_purchases_are_not_there_yet(procurement: Procurement) -> None:
    procurement.sign(purchase="p-1")

    assert procurement.get("/contracts/c1")["purchase"] == "p-1"
    assert {problem_of(procurement.send("GET", path))[0] for path in ("/purchases", "/ocds/releases")} == {404}


def test_several_refusals_are_named_together(procurement: Procurement) -> None:
    answer = procurement.sign(amount="2000.00", starts_on="2019-01-01", ends_on="2019-12-31")

    assert problem_of(answer) == (409, "outside-fiscal-year")
    assert [problem["type"] for problem in answer.json()["also"]] == ["/problems/line-overcommitted"]


def test_an_amendment_publishes_the_whole_new_terms_at_its_own_time(procurement: Procurement) -> None:
    procurement.sign()

    answer = procurement.amend(ends_on="2019-03-31", occurred_at="2018-10-01T09:00:00+08:00")

    assert answer.status_code == 201
    event = procurement.events()[-1]
    assert event["time"] == "2018-10-01T09:00:00+08:00"
    assert (event["data"]["amount"], event["data"]["ends_on"]) == ("600.00", "2019-03-31")
    assert event["data"]["items"][0]["quantity"] == "60"


def test_a_supplier_is_registered_once_and_stays_after_that(procurement: Procurement) -> None:
    answers = [procurement.supplier("new"), procurement.supplier("new")]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert procurement.get("/suppliers/new")["credit_code"] == CREDIT_CODE


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


def test_the_same_key_gives_the_same_acceptance(procurement: Procurement) -> None:
    procurement.sign()
    key = {"Idempotency-Key": '"a-1"'}

    answers = [
        procurement.send("POST", "/contracts/c1/acceptances", an_acceptance("10"), headers=key) for _ in range(3)
    ]

    assert len({answer.json()["acceptance"] for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert procurement.get("/contracts/c1")["items"][0]["accepted"] == "10"
