"""Payments that share a commit, and with it what they look up, are judged as if each had come alone."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlmodel import Session

from services.budget import handlers
from services.budget.model import PaymentOrder, Receipt
from services.budget.store import Store, expected_of
from shared.log import Trace
from shared.problems import Problem
from tests.budget.driver import NOW, PROJECT, Budget, accepted, signed
from tests.support import PATIENCE_SECONDS

Act = tuple[Callable[[Store], object], Any]  # What a unit does, and what it says that it will look up.


def pay(payment: str, yuan: int, **changes: Any) -> Act:
    usual = {"project": PROJECT, "line": "net", "paid_on": date(2018, 12, 12), "payee": "电信公司", "purpose": "宽带"}
    order = PaymentOrder(
        **{"payment": payment, "amount": yuan * 100, "contract": None, "approved_by": "张三"} | usual | changes
    )
    return lambda store: handlers.post_payment(order, store, now=NOW, by="finance")[1], expected_of(order)


def reverse(payment: str) -> Act:
    def work(store: Store) -> None:
        known = store.payment(payment)
        assert known is not None
        handlers.reverse_payment(known, "重复", store, at=NOW, by="finance")

    return work, ()


def receive(yuan: int) -> Act:
    receipt = Receipt(
        receipt="r", project=PROJECT, amount=yuan * 100, source="fiscal", received_on=date(2018, 5, 1), reference="r"
    )
    return lambda store: handlers.record_receipt(receipt, store, by="finance") and None, ()


def then_refuse(act: Act) -> Act:
    work, expects = act

    def refused(store: Store) -> None:
        work(store)
        raise Problem("refused after all")

    return refused, expects


def together(budget: Budget, *acts: Act) -> list[Any]:
    """What came of *acts*, which share a commit, in order: the value, or a refusal's slug and facts."""
    service = budget.running.service
    begun, gate = threading.Event(), threading.Event()
    held = service.database.submit(lambda _: begun.set() or gate.wait(PATIENCE_SECONDS))
    assert begun.wait(PATIENCE_SECONDS)

    def unit(work: Callable[[Store], object]) -> Callable[[Session], object]:
        return lambda session: work(Store(session, service.publisher(session, Trace(correlation_id="c"))))

    futures = [service.database.submit(unit(work), expects) for work, expects in acts]
    gate.set()
    held.result(PATIENCE_SECONDS)
    outcomes: list[Any] = []
    for future in futures:
        try:
            outcomes.append(future.result(PATIENCE_SECONDS))
        except Problem as problem:
            outcomes.append((problem.slug, problem.document().get("remaining") or problem.document().get("paid")))
    return outcomes


def test_each_sees_what_those_before_it_have_paid(budget: Budget) -> None:
    outcomes = together(budget, pay("p1", 600), pay("p2", 500), pay("p3", 400), pay("p4", 1))

    assert outcomes == [True, ("line-exceeded", "400.00"), True, ("line-exceeded", "0.00")]
    assert budget.line()["paid"] == "1000.00"
    assert len(budget.running.log()) == 4, "the declaration, the receipt and two payments"


def test_a_refused_one_gives_back_what_it_took(budget: Budget) -> None:
    outcomes = together(budget, pay("p1", 100), then_refuse(pay("p2", 900)), pay("p3", 900), pay("p2", 1, line="site"))

    assert outcomes == [True, ("internal", None), True, True]
    assert budget.line()["paid"] == "1000.00"
    assert budget.line("site")["paid"] == "1.00"


def test_the_same_payment_is_known_again_and_another_by_its_id_refused(budget: Budget) -> None:
    outcomes = together(budget, pay("p1", 100), pay("p1", 100), pay("p1", 200), pay("p2", 50))

    assert outcomes == [True, False, ("already-exists", None), True]
    assert budget.line()["paid"] == "150.00"


def test_reversals_and_receipts_between_them_count(budget: Budget) -> None:
    outcomes = together(
        budget,
        pay("p1", 1000),
        pay("p2", 300),
        reverse("p1"),
        pay("p3", 300),
        receive(1),
        then_refuse(reverse("p3")),
        pay("p4", 800),
        pay("p5", 700),
    )

    assert outcomes == [
        True,
        ("line-exceeded", "0.00"),
        None,
        True,
        None,
        ("internal", None),
        ("line-exceeded", "700.00"),
        True,
    ]
    assert budget.line()["paid"] == "1000.00"
    assert budget.view()["received"] == "1501.00"


def test_payments_of_a_contract_see_one_another(budget: Budget) -> None:
    budget.learn(signed(amount="250.00"), accepted())

    outcomes = together(
        budget, *(pay(f"p{number}", 100, contract="c1") for number in range(3)), pay("p9", 50, contract="c1")
    )

    assert outcomes == [True, True, ("contract-exceeded", "200.00"), True]
