"""What a request carries of persons stays in the tables: it is neither printed nor published."""

import io
import json
import sys

import pytest
import structlog

from shared.logging import configure
from tests.procurement.driver import Procurement
from tests.support import problem_of

CANARIES = ("canary-signer", "canary-inspector", "canary-remark", "canary-reason", "canary-paper", "canary-key")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch):
    """Everything the process writes, with the logs as services have them."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setattr(sys, "stderr", written)
    before = structlog.get_config()
    configure("procurement", "debug")
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def test_names_reasons_and_remarks_get_neither_into_the_logs_nor_into_events(
    printed: io.StringIO, procurement: Procurement
) -> None:
    paper = [{"name": "canary-paper", "sha256": "ab" * 32}]
    headers = {"Idempotency-Key": "canary-key"}

    procurement.sign()
    procurement.amend(amount="599.00", reason="canary-reason")
    procurement.accept("40", documents=paper)
    procurement.accept("1", documents=paper, conclusion="failed")
    body = {"reason": "canary-reason", "terminated_on": "2018-12-01"}
    ended = procurement.send("POST", "/contracts/c1/termination", body, role="buyer", headers=headers)
    refused = [
        procurement.amend(amount="1.00", reason="canary-reason"),
        procurement.accept("1", inspectors=["canary-signer"]),
        procurement.accept("1", surprise="canary-remark"),
    ]

    assert ended.status_code == 201
    assert [problem_of(answer)[0] for answer in refused] == [409, 409, 422]
    assert "service_started" in printed.getvalue()
    assert len(procurement.events()) == 5
    published = json.dumps(procurement.events())
    refusals = "".join(answer.text for answer in refused)
    assert not [word for word in CANARIES if word in printed.getvalue() + published + refusals]
    assert procurement.get("/contracts/c1")["acceptances"][0]["inspectors"] == ["canary-inspector"]


def test_a_failing_database_does_not_print_what_was_to_be_stored(
    printed: io.StringIO, procurement: Procurement
) -> None:
    procurement.sign()
    procurement.running.write(lambda session: session.connection().exec_driver_sql("DROP TABLE acceptance"))

    answer = procurement.accept()

    assert problem_of(answer)[0] in (500, 503)
    assert not [word for word in CANARIES if word in printed.getvalue() + answer.text]
