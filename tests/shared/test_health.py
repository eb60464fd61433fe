"""Health says whether the process answers, whether it may be used, and which part is wrong."""

import json
import sqlite3
from importlib.metadata import version
from pathlib import Path

import pytest
from jsonschema_rs import validator_for

from shared.events import ALL
from shared.events.budget import PaymentMade
from shared.problems import Unavailable
from tests.budget.driver import Budget, a_budget
from tests.shared.small import Valkey, a_service
from tests.support import Running, eventually, problem_of


def test_the_process_answers_whatever_else_is_down(service: Running) -> None:
    assert service.get("/livez", role=None) == {"status": "alive", "service": "budget"}


@pytest.mark.parametrize("path", ["/readyz", "/healthz"])
def test_without_a_bus_a_service_says_so(service: Running, path: str) -> None:
    answer = service.send("GET", path, role=None)

    assert problem_of(answer) == (503, "not-ready")
    assert answer.json()["checks"] == {"database": "ok", "bus": "down; events are pulled instead"}
    assert answer.json()["detail"] == "not ready: bus"


def test_with_all_its_parts_a_service_is_ready(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        eventually(lambda: service.send("GET", "/readyz", role=None).is_success, "readiness")

        answer = service.get("/readyz", role=None)

        assert answer.pop("store") == {
            "version": f"SQLite {sqlite3.sqlite_version}",
            "synchronous": "full",
            "journal_mode": "wal",
        }
        versions = answer.pop("versions")
        assert versions["bus"].startswith(("Valkey ", "Redis "))
        assert (versions["program"], versions["schema"]) == (version("scorebus"), "without revisions")
        assert answer == {"status": "ready", "service": "budget", "checks": {"database": "ok", "bus": "ok"}}


def test_a_database_that_does_not_answer_is_named(fresh_service: Running) -> None:
    service = fresh_service

    async def broken(_: object) -> None:
        raise Unavailable("the database cannot take this now")

    service.service.database.read = broken  # type: ignore[method-assign, assignment]

    answer = service.send("GET", "/readyz", role=None)

    assert problem_of(answer) == (503, "not-ready")
    assert answer.json()["checks"]["database"] == "the database cannot take this now"
    assert service.send("GET", "/livez", role=None).status_code == 200


def watermark_of(budget: Budget) -> str:
    checks = budget.send("GET", "/readyz", role=None).json()["checks"]
    return str(checks["watermark.procurement.0"])


def test_a_source_is_level_once_it_was_reached(tmp_path: Path) -> None:
    with a_budget(tmp_path) as budget:
        budget.learn()

        assert watermark_of(budget) == "ok"


def test_a_source_that_is_silent_for_long_is_named(tmp_path: Path) -> None:
    with a_budget(tmp_path, poll_seconds=60) as budget:
        budget.learn()
        [subscription] = budget.running.service.subscriptions

        def is_named() -> bool:  # Again and again: the first pull of all may still be under way.
            assert subscription.level_at is not None
            subscription.level_at -= 1_000
            return watermark_of(budget).startswith("not level for ")

        assert eventually(is_named, "the silence of a source")


def test_a_source_that_diverged_is_named(tmp_path: Path) -> None:
    with a_budget(tmp_path, poll_seconds=60) as budget:
        budget.learn()
        [subscription] = budget.running.service.subscriptions

        async def diverge() -> None:
            await subscription._diverge("another history")

        budget.running.run(diverge)

        assert watermark_of(budget) == "diverged: another history"


def test_metrics_count_requests_by_status(service: Running) -> None:
    service.send("GET", "/nowhere")

    answer = service.send("GET", "/metrics", role=None)

    assert answer.headers["content-type"].startswith("text/plain")
    assert 'scorebus_http_requests_total{method="GET",status="404"}' in answer.text


def test_the_schema_of_an_event_is_open_and_fits_the_event(service: Running) -> None:
    schema = service.get("/schemas/funds.received.v1", role=None)
    service.send("POST", "/things", {"receipt": "r"})

    check = validator_for(schema)

    assert check.is_valid(service.events()[0]["data"])
    assert not check.is_valid(service.events()[0]["data"] | {"amount": "1"})


@pytest.mark.parametrize("name", ["nothing.v1", "funds.received", "funds.received.v2", "x" * 5_000, "%00"])
def test_the_schema_of_nothing_is_not_found(service: Running, name: str) -> None:
    assert problem_of(service.send("GET", f"/schemas/{name}", role=None)) == (404, "not-found")


@pytest.mark.parametrize("event_type", sorted(ALL.by_type))
def test_every_contract_has_a_schema(service: Running, event_type: str) -> None:
    assert service.get(f"/schemas/{event_type}", role=None)["$ref"]


def test_the_documents_describe_calls_and_streams(service: Running) -> None:
    calls = service.get("/openapi.json", role=None)
    streams = service.get("/asyncapi.json", role=None)

    assert {"/events", "/events/head", "/things"} <= set(calls["paths"])
    assert streams["asyncapi"].startswith("3.")
    assert "events:{budget:0}" in json.dumps(streams)
    assert PaymentMade.versioned_type() in streams["components"]["messages"]
