"""Payments: what goes through, what is refused with which figures, and what a reversal frees."""

import itertools

import pytest

from tests.budget.driver import Budget, a_payment, accepted, amended, signed
from tests.support import problem_of


def test_a_payment_is_answered_as_paid_and_found_where_the_answer_says(budget: Budget) -> None:
    answer = budget.post("100.00", payment="p1")

    assert answer.status_code == 201
    assert answer.headers["location"] == "/payments/p1"
    shown = answer.json()
    assert {name: shown[name] for name in a_payment()} == a_payment("100.00")
    assert (shown["payment"], shown["status"], shown["reversed_at"]) == ("p1", "paid", None)
    assert (shown["posted_by"], shown["recorded_at"]) == ("finance", "2018-12-20T04:00:00Z")
    assert budget.get("/payments/p1") == shown


def test_a_payment_without_an_id_gets_one(budget: Budget) -> None:
    first, second = budget.pay(), budget.pay()

    assert first != second
    assert budget.get(f"/payments/{first}")["payment"] == first


def test_a_payment_moves_its_line_and_the_totals(budget: Budget) -> None:
    budget.pay("250.00")
    budget.pay("0.01", line="site")

    view = budget.view()

    assert view["lines"] == [
        {
            "line": "net",
            "name": "NET",
            "initial": "1000.00",
            "adjusted": "1000.00",
            "paid": "250.00",
            "remaining": "750.00",
            "execution_rate": "0.250000",
        },
        {
            "line": "site",
            "name": "SITE",
            "initial": "500.00",
            "adjusted": "500.00",
            "paid": "0.01",
            "remaining": "499.99",
            "execution_rate": "0.000020",
        },
    ]
    assert view["totals"] == {
        "initial": "1500.00",
        "adjusted": "1500.00",
        "paid": "250.01",
        "remaining": "1249.99",
        "execution_rate": "0.166673",
    }
    assert (view["received"], view["surplus"]) == ("1500.00", "1249.99")


def test_the_event_of_a_payment_has_its_figures_and_happens_when_the_day_begins_in_the_project(budget: Budget) -> None:
    budget.pay("100.00", payment="p1", paid_on="2018-12-12")

    event = budget.events()[-1]

    assert event["type"] == "payment.made.v1"
    assert event["time"] == "2018-12-12T00:00:00+08:00"
    assert event["subject"] == "web"
    assert event["data"] == {
        "project": "web",
        "payment": "p1",
        "line": "net",
        "amount": "100.00",
        "paid_on": "2018-12-12",
        "contract": None,
    }


def test_the_event_of_a_payment_names_no_person(budget: Budget) -> None:
    budget.pay(payee="李四", approved_by="王五", purpose="给李四的劳务费")

    raw = budget.running.log()[-1].decode()

    assert not [word for word in ("李四", "王五", "劳务费", "finance") if word in raw]


def test_exactly_what_is_left_of_a_line_can_be_paid(budget: Budget) -> None:
    budget.pay("999.99")

    budget.pay("0.01")

    assert budget.line()["remaining"] == "0.00"


def test_more_than_the_line_has_left_is_refused_with_its_figures(budget: Budget) -> None:
    budget.pay("900.00")
    before = budget.stored()

    answer = budget.post("100.01")

    assert problem_of(answer) == (409, "line-exceeded")
    figures = {name: answer.json()[name] for name in ("line", "limit", "paid", "remaining", "amount")}
    assert figures == {
        "line": "net",
        "limit": "1000.00",
        "paid": "900.00",
        "remaining": "100.00",
        "amount": "100.01",
    }
    assert "also" not in answer.json()
    assert budget.stored() == before


def test_more_than_was_received_is_refused_with_its_figures(budget: Budget) -> None:
    budget.declare({"a": "1000.00", "b": "1000.00"}, project="poor")
    budget.receive("300.00", project="poor")
    budget.pay("200.00", project="poor", line="a")
    before = budget.stored()

    answer = budget.post("100.01", project="poor", line="b")

    assert problem_of(answer) == (409, "funds-not-received")
    figures = {name: answer.json()[name] for name in ("received", "paid", "amount")}
    assert figures == {"received": "300.00", "paid": "200.00", "amount": "100.01"}
    assert "also" not in answer.json()
    assert budget.stored() == before


def test_exactly_what_was_received_can_be_paid(budget: Budget) -> None:
    budget.declare({"a": "1000.00"}, project="poor")
    budget.receive("300.00", project="poor")

    budget.pay("300.00", project="poor", line="a")

    assert budget.view("poor")["totals"]["paid"] == "300.00"


@pytest.mark.parametrize("day", ["2017-12-31", "2019-01-01"])
def test_a_day_outside_the_fiscal_year_is_refused(untouched: Budget, day: str) -> None:
    before = untouched.stored()

    answer = untouched.post(paid_on=day)

    assert problem_of(answer) == (409, "outside-fiscal-year")
    assert (answer.json()["date"], answer.json()["fiscal_year"]) == (day, 2018)
    assert untouched.stored() == before


@pytest.mark.parametrize("day", ["2018-01-01", "2018-12-31"])
def test_the_first_and_the_last_day_belong_to_the_fiscal_year(budget: Budget, day: str) -> None:
    payment = budget.pay(paid_on=day)

    assert budget.get(f"/payments/{payment}")["paid_on"] == day


def test_a_contract_of_which_nothing_was_heard_is_refused_for_now(untouched: Budget) -> None:
    before = untouched.stored()

    answer = untouched.post(contract="c1")

    assert problem_of(answer) == (409, "contract-unknown")
    assert answer.json()["contract"] == "c1"
    assert answer.headers["retry-after"] == "1"
    assert untouched.stored() == before


def test_the_contract_of_another_project_is_unknown(budget: Budget) -> None:
    budget.learn(signed(project="other", contract="c1"), accepted("c1"))

    answer = budget.post(contract="c1")

    assert problem_of(answer) == (409, "contract-unknown")


def test_a_signed_contract_is_not_paid_before_its_acceptance(budget: Budget) -> None:
    budget.learn(signed())
    before = budget.stored()

    answer = budget.post("100.00", contract="c1")

    assert problem_of(answer) == (409, "contract-not-accepted")
    assert budget.stored() == before


def test_an_acceptance_releases_the_payment_that_was_refused_before(budget: Budget) -> None:
    budget.learn(signed())
    assert budget.post("100.00", contract="c1", key="the same").status_code == 409

    budget.learn(accepted())

    assert budget.post("100.00", contract="c1", key="the same").status_code == 201


def test_an_advance_is_paid_before_acceptance_and_not_a_fen_more(budget: Budget) -> None:
    budget.learn(signed(amount="800.00", advance="240.00"))
    budget.pay("200.00", contract="c1")

    assert problem_of(budget.post("40.01", contract="c1")) == (409, "contract-not-accepted")
    budget.pay("40.00", contract="c1")
    assert problem_of(budget.post("0.01", contract="c1")) == (409, "contract-not-accepted")


@pytest.mark.parametrize("payee", ["telecom", "电信公司"])
def test_the_supplier_is_paid_by_its_id_or_its_name(budget: Budget, payee: str) -> None:
    budget.learn(signed(), accepted())

    payment = budget.pay(contract="c1", payee=payee)

    assert budget.get(f"/payments/{payment}")["payee"] == payee


@pytest.mark.parametrize("payee", ["移动公司", "Telecom", "电信", "telecom "])
def test_another_payee_than_the_supplier_is_refused(budget: Budget, payee: str) -> None:
    budget.learn(signed(), accepted())
    before = budget.stored()

    answer = budget.post(contract="c1", payee=payee)

    assert problem_of(answer) == (409, "payee-mismatch")
    assert (answer.json()["payee"], answer.json()["supplier"]) == (payee, "telecom")
    assert budget.stored() == before


def test_more_than_the_contract_is_refused_with_its_figures(budget: Budget) -> None:
    budget.learn(signed(amount="800.00"), accepted())
    budget.pay("700.00", contract="c1")
    before = budget.stored()

    answer = budget.post("100.01", contract="c1")

    assert problem_of(answer) == (409, "contract-exceeded")
    figures = {name: answer.json()[name] for name in ("contract", "contract_amount", "paid", "amount")}
    assert figures == {"contract": "c1", "contract_amount": "800.00", "paid": "700.00", "amount": "100.01"}
    assert budget.stored() == before


def test_an_amendment_moves_the_limit_of_a_contract(budget: Budget) -> None:
    budget.learn(signed(amount="100.00"), accepted(), amended("150.00"))

    budget.pay("150.00", contract="c1")

    assert problem_of(budget.post("0.01", contract="c1")) == (409, "contract-exceeded")


def test_payments_without_the_contract_do_not_use_it_up(budget: Budget) -> None:
    budget.learn(signed(amount="100.00"), accepted())
    budget.pay("500.00")

    budget.pay("100.00", contract="c1")

    assert budget.line()["paid"] == "600.00"


ORDER = (
    "outside-fiscal-year",
    "contract-not-accepted",
    "payee-mismatch",
    "contract-exceeded",
    "line-exceeded",
    "funds-not-received",
)


def test_several_refusals_are_told_in_the_promised_order(budget: Budget) -> None:
    budget.learn(signed(amount="800.00"))
    before = budget.stored()

    answer = budget.post("9999.00", contract="c1", payee="nobody", paid_on="2019-06-01")

    assert problem_of(answer) == (409, ORDER[0])
    also = answer.json()["also"]
    assert [each["type"] for each in also] == [f"/problems/{slug}" for slug in ORDER[1:]]
    assert all(each["status"] == 409 and each["title"] and each["detail"] for each in also)
    assert also[3] == {
        "type": "/problems/line-exceeded",
        "title": "The budget line is exceeded",
        "status": 409,
        "detail": "line net has 1000.00 left",
        "line": "net",
        "limit": "1000.00",
        "paid": "0.00",
        "remaining": "1000.00",
        "amount": "9999.00",
    }
    assert budget.stored() == before


def test_an_unknown_contract_comes_after_the_date_and_before_the_money(untouched: Budget) -> None:
    answer = untouched.post("9999.00", contract="c9", paid_on="2019-06-01")

    slugs = [answer.json()["type"], *(each["type"] for each in answer.json()["also"])]
    assert slugs == [
        f"/problems/{slug}"
        for slug in ("outside-fiscal-year", "contract-unknown", "line-exceeded", "funds-not-received")
    ]


def test_the_same_payment_again_is_the_one_on_record(budget: Budget) -> None:
    first = budget.post("100.00", payment="p1")
    before = budget.stored()

    again = budget.post("100.00", payment="p1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in again.headers
    assert budget.stored() == before | {"idempotency": before["idempotency"] + 1}


@pytest.mark.parametrize(
    "other",
    [
        {"amount": "100.01"},
        {"line": "site"},
        {"paid_on": "2018-12-13"},
        {"payee": "someone"},
        {"purpose": "else"},
        {"approved_by": "李四"},
        {"contract": "c1"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_id_of_a_payment_is_not_taken_twice_by_different_content(untouched: Budget, other: dict[str, str]) -> None:
    before = untouched.stored()

    answer = untouched.post_as_is(a_payment("1.00", payment="paid") | other)

    assert problem_of(answer) == (409, "already-exists")
    assert answer.json()["payment"] == "paid"
    assert untouched.stored() == before


def test_a_payment_on_record_is_repeated_even_where_it_would_be_refused_now(budget: Budget) -> None:
    budget.pay("1000.00", payment="p1")

    again = budget.post("1000.00", payment="p1")

    assert again.status_code == 200


def test_a_reversal_keeps_the_payment_and_frees_line_and_funds(budget: Budget) -> None:
    budget.pay("1000.00", payment="p1")

    answer = budget.reverse("p1")

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["status"], shown["reversal_reason"]) == ("reversed", "重复支付")
    assert (shown["amount"], shown["reversed_at"]) == ("1000.00", "2018-12-20T04:00:00Z")
    assert budget.get("/payments/p1") == shown
    assert budget.view()["totals"]["paid"] == "0.00"
    assert budget.pay("1000.00") != "p1"


def test_a_reversal_frees_its_contract(budget: Budget) -> None:
    budget.learn(signed(amount="800.00"), accepted())
    budget.pay("800.00", contract="c1", payment="p1")
    assert problem_of(budget.post("800.00", contract="c1"))[1] == "contract-exceeded"

    budget.reverse("p1")

    budget.pay("800.00", contract="c1")


def test_the_event_of_a_reversal_has_the_amount_of_its_payment(budget: Budget) -> None:
    budget.learn(signed(), accepted())
    budget.pay("70.00", payment="p1", contract="c1")

    budget.reverse("p1", occurred_at="2018-12-15T10:30:00+08:00", reason="李四的错")

    event = budget.events()[-1]
    assert (event["type"], event["time"]) == ("payment.reversed.v1", "2018-12-15T10:30:00+08:00")
    assert event["data"] == {"project": "web", "payment": "p1", "line": "net", "amount": "70.00", "contract": "c1"}
    assert "李四" not in budget.running.log()[-1].decode()


def test_a_payment_is_reversed_once(budget: Budget) -> None:
    budget.pay("100.00", payment="p1")
    budget.reverse("p1")
    before = budget.stored()

    answer = budget.reverse("p1")

    assert problem_of(answer) == (409, "already-reversed")
    assert answer.json()["payment"] == "p1"
    assert answer.json()["reversed_at"].startswith("2018-12-20T04:00:00")
    assert budget.stored() == before


def test_a_reversal_does_not_happen_before_its_payment(untouched: Budget) -> None:
    before = untouched.stored()

    answer = untouched.reverse("paid", occurred_at="2018-12-11T23:59:59+08:00")

    assert problem_of(answer) == (422, "validation")
    assert answer.json()["errors"][0]["field"] == "occurred_at"
    assert untouched.stored() == before


def test_a_payment_that_was_reversed_is_told_as_reversed_when_it_is_posted_again(budget: Budget) -> None:
    budget.pay("100.00", payment="p1")
    budget.reverse("p1")

    again = budget.post("100.00", payment="p1")

    assert (again.status_code, again.json()["status"]) == (200, "reversed")
    assert budget.line()["paid"] == "0.00"


def test_a_second_signing_of_a_contract_is_parked_and_changes_nothing(budget: Budget) -> None:
    budget.learn(signed(amount="100.00"), accepted())

    budget.learn(signed(amount="900.00"))

    assert problem_of(budget.post("100.01", contract="c1")) == (409, "contract-exceeded")


def test_what_happens_to_a_contract_never_signed_is_parked_and_the_rest_goes_on(budget: Budget) -> None:
    budget.learn(accepted("ghost"), signed("c2"), accepted("c2"))

    assert problem_of(budget.post(contract="ghost")) == (409, "contract-unknown")
    assert budget.post(contract="c2").status_code == 201


def test_payments_are_listed_oldest_first_and_page_by_page(budget: Budget) -> None:
    posted = [budget.pay("1.00") for _ in range(5)]

    pages, cursor = [], ""
    for _ in itertools.repeat(None, 10):
        page = budget.get(f"/payments?project=web&limit=2{cursor}")
        pages.append([payment["payment"] for payment in page["items"]])
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert pages == [posted[:2], posted[2:4], posted[4:]]


def test_payments_are_listed_by_line_and_by_contract(budget: Budget) -> None:
    budget.learn(signed(), accepted())
    one = budget.pay("1.00", line="site")
    two = budget.pay("2.00", contract="c1")

    by_line = budget.get("/payments?project=web&line=site")["items"]
    by_contract = budget.get("/payments?contract=c1")["items"]
    by_both = budget.get("/payments?line=site&contract=c1")["items"]

    assert [payment["payment"] for payment in by_line] == [one]
    assert [payment["payment"] for payment in by_contract] == [two]
    assert by_both == []
