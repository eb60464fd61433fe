"""Payment requests: three people, each step once, and paid as any payment is."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.budget import rules
from services.budget.model import PaymentRequest, RequestedPayment
from shared.problems import Refusal
from tests.budget.driver import NOW, PROJECT, Budget
from tests.support import problem_of

PEOPLE = st.sampled_from(["张三", "李四", "王五", "zhang", "ZHANG", "ｚhang "])


def a_request(amount: str = "100.00", **changes: Any) -> dict[str, Any]:
    usual = {"project": PROJECT, "line": "net", "amount": amount, "payee": "电信公司", "purpose": "宽带服务"}
    return usual | changes


class Office:
    """Three people and what each of them does."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._keys = 0

    def ask(self, amount: str = "100.00", **changes: Any) -> httpx.Response:
        return self._budget.send("POST", "/payment-requests", a_request(amount, **changes), role="finance")

    def asked(self, amount: str = "100.00", **changes: Any) -> str:
        answer = self.ask(amount, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["payment_request"])

    def step(self, request: str, name: str, role: str, **body: Any) -> httpx.Response:
        self._keys += 1
        headers = {"Idempotency-Key": f"step-{self._keys}"}
        return self._budget.send("POST", f"/payment-requests/{request}/{name}", body, role=role, headers=headers)

    def approve(self, request: str, role: str = "approver") -> httpx.Response:
        return self.step(request, "approval", role)

    def reject(self, request: str, role: str = "approver") -> httpx.Response:
        return self.step(request, "rejection", role, reason="发票不全")

    def pay(self, request: str, role: str = "cashier", **changes: Any) -> httpx.Response:
        return self.step(request, "payment", role, **({"paid_on": "2018-12-12"} | changes))


@pytest.fixture
def office(budget: Budget) -> Office:
    return Office(budget)


def test_three_people_make_a_payment(budget: Budget, office: Office) -> None:
    request = office.asked("100.00", payment_request="r1")
    assert office.approve(request).status_code == 200

    answer = office.pay(request, payment="p1")

    assert answer.status_code == 201
    assert answer.headers["location"] == "/payments/p1"
    shown = answer.json()
    assert (shown["amount"], shown["approved_by"], shown["posted_by"]) == ("100.00", "approver", "cashier")
    assert budget.line()["paid"] == "100.00"
    known = budget.get("/payment-requests/r1")
    assert (known["status"], known["payment"], known["requested_by"]) == ("paid", "p1", "finance")


def test_a_payment_is_published_once_and_a_request_alone_not_at_all(budget: Budget, office: Office) -> None:
    before = budget.head().seq
    request = office.asked()
    office.approve(request)
    assert budget.head().seq == before

    office.pay(request)

    assert budget.head().seq == before + 1
    assert budget.events()[-1]["type"].startswith("payment.made")


@pytest.mark.parametrize("step", ["approval", "rejection"])
def test_who_asked_does_not_decide(budget: Budget, office: Office, step: str) -> None:
    request = budget.send("POST", "/payment-requests", a_request(), role="admin").json()["payment_request"]

    answer = office.step(request, step, "admin", **({"reason": "r"} if step == "rejection" else {}))

    assert problem_of(answer) == (409, "same-person")
    assert answer.json()["person"] == "admin"


def test_who_asked_or_approved_does_not_pay(budget: Budget, office: Office) -> None:
    asked_by_admin = budget.send("POST", "/payment-requests", a_request(), role="admin").json()["payment_request"]
    office.approve(asked_by_admin)
    approved_by_admin = office.asked()
    office.approve(approved_by_admin, role="admin")

    answers = [office.pay(asked_by_admin, role="admin"), office.pay(approved_by_admin, role="admin")]

    assert [problem_of(answer) for answer in answers] == [(409, "same-person")] * 2
    assert budget.line()["paid"] == "0.00"


def test_what_is_not_approved_is_not_paid(budget: Budget, office: Office) -> None:
    waiting, rejected = office.asked(), office.asked()
    office.reject(rejected)

    answers = [office.pay(waiting), office.pay(rejected)]

    assert [problem_of(answer) for answer in answers] == [(409, "request-not-approved")] * 2
    assert budget.get(f"/payment-requests/{rejected}")["rejection_reason"] == "发票不全"


def test_what_is_decided_stays_decided(office: Office) -> None:
    request = office.asked()
    office.approve(request)

    assert problem_of(office.reject(request)) == (409, "request-decided")


def test_a_request_is_paid_once(budget: Budget, office: Office) -> None:
    request = office.asked("100.00")
    office.approve(request)
    office.pay(request)

    assert problem_of(office.pay(request)) == (409, "request-not-approved")
    assert budget.line()["paid"] == "100.00"


def test_a_request_beyond_its_line_is_refused_when_it_is_paid_and_can_be_paid_later(
    budget: Budget, office: Office
) -> None:
    request = office.asked("1000.01")
    office.approve(request)

    answer = office.pay(request)

    assert problem_of(answer) == (409, "line-exceeded")
    assert answer.json()["remaining"] == "1000.00"
    assert budget.get(f"/payment-requests/{request}")["status"] == "approved"


def test_a_request_for_what_is_not_there_names_the_field(office: Office) -> None:
    assert problem_of(office.ask(project="none")) == (422, "unknown-project")
    assert problem_of(office.ask(line="none")) == (422, "unknown-line")


def test_paying_needs_a_key(budget: Budget, office: Office) -> None:
    request = office.asked()
    office.approve(request)

    answer = budget.send("POST", f"/payment-requests/{request}/payment", {"paid_on": "2018-12-12"}, role="cashier")

    assert problem_of(answer) == (400, "idempotency-key-missing")


def test_the_same_request_again_is_the_one_on_record(office: Office) -> None:
    first, second = office.ask(payment_request="r"), office.ask(payment_request="r")
    other = office.ask("7.00", payment_request="r")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert problem_of(other) == (409, "already-exists")


def test_requests_are_listed_by_status_a_page_at_a_time(budget: Budget, office: Office) -> None:
    names = [office.asked(payment_request=f"r{number}") for number in range(3)]
    office.approve(names[1])

    waiting = budget.get("/payment-requests?status=requested&limit=1")
    rest = budget.get(f"/payment-requests?status=requested&limit=1&cursor={waiting['next']}")

    assert [row["payment_request"] for row in waiting["items"] + rest["items"]] == ["r0", "r2"]
    assert rest["next"] is None


def plain(name: str) -> str:
    """One spelling of the names above."""
    return name.replace("ｚ", "z").strip().lower()


@given(requester=PEOPLE, approver=PEOPLE, cashier=PEOPLE)
def test_nobody_takes_two_steps_however_the_name_is_written(requester: str, approver: str, cashier: str) -> None:
    order = RequestedPayment(project="p", line="l", amount=1, payee="x", purpose="y", contract=None)
    request = PaymentRequest(
        payment_request="r",
        order=order,
        requested_by=requester,
        requested_at=NOW,
        status="approved",
        decided_by=approver,
    )

    cashier_is_another = plain(cashier) not in {plain(requester), plain(approver)}

    if not cashier_is_another:
        with pytest.raises(Refusal):
            rules.check_execution(request, cashier)
    else:
        rules.check_execution(request, cashier)
