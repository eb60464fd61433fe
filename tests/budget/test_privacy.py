"""What a request carries of persons and secrets is not printed."""

import io
import sys

import pytest
import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared.logging import configure
from tests.budget.driver import Budget, a_payment
from tests.support import problem_of

CANARIES = ("canary-payee", "canary-purpose", "canary-approver", "canary-reason", "canary-key")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch):
    """Everything the process writes, with the logs as services have them."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setattr(sys, "stderr", written)
    before = structlog.get_config()
    configure("budget", "debug")
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def a_canary(amount: str = "1.00", **changes: str) -> dict[str, str]:
    return a_payment(amount, payee="canary-payee", purpose="canary-purpose", approved_by="canary-approver", **changes)


def test_neither_names_nor_keys_nor_tokens_of_a_payment_get_into_the_logs(printed: io.StringIO, budget: Budget) -> None:
    headers = {"Idempotency-Key": "canary-key"}

    made = budget.send("POST", "/payments", a_canary(payment="p"), role="finance", headers=headers)
    budget.reverse("p", reason="canary-reason")
    budget.send("POST", "/payments", a_canary("9999.00"), role="finance", headers=headers)
    budget.send("POST", "/payments", a_canary(colour="canary-payee"), role="finance", headers=headers)

    assert made.status_code == 201
    assert "service_started" in printed.getvalue()
    token = budget.running.issuer.bearer("finance").removeprefix("Bearer ")
    assert not [word for word in (*CANARIES, token, token.rpartition(".")[2]) if word in printed.getvalue()]


def test_a_failing_database_does_not_print_what_was_to_be_stored(printed: io.StringIO, budget: Budget) -> None:
    budget.running.write(lambda session: session.connection().exec_driver_sql("DROP TABLE payment"))

    answer = budget.send("POST", "/payments", a_canary(), role="finance", headers={"Idempotency-Key": "canary-key"})

    assert problem_of(answer) == (503, "unavailable")
    assert "statement_refused" in printed.getvalue()
    assert not [word for word in CANARIES if word in printed.getvalue()]
    assert not [word for word in CANARIES if word in answer.text]


def test_a_refused_body_is_not_repeated_in_the_answer(untouched: Budget) -> None:
    body = a_canary() | {"amount": "canary-key", "paid_on": "canary-reason"}

    answer = untouched.post_as_is(body)

    assert problem_of(answer) == (422, "validation")
    assert not [word for word in CANARIES if word in answer.text]


def test_the_error_of_a_database_names_no_value(budget: Budget) -> None:
    def work(session: Session) -> None:
        session.connection().exec_driver_sql("INSERT INTO nowhere VALUES (?)", ("canary-payee",))

    with pytest.raises(DBAPIError) as failed:
        budget.running.write(work)

    assert "nowhere" in str(failed.value)
    assert "canary-payee" not in repr(failed.value) + str(failed.value)
