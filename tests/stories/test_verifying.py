"""`scorebus verify` against real services: true while they work, and no row can be changed by hand without a trace."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stories.platform import EXAMPLE, PROJECT, ROOT, Platform, a_platform, eventually

pytestmark = pytest.mark.story

PROJECTS = ("busy-a", "busy-b")
ROUNDS = 4  # Verifications under load.


def verify(platform: Platform, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and verdict of the command."""
    command = [sys.executable, "-m", "cli.main", "verify", "--data", str(platform.data), "--json", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=300, check=False)
    assert done.stdout, done.stderr.decode()
    verdict: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, verdict


def places(verdict: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["code"], each["where"]) for each in verdict["findings"] if each["severity"] == "difference"}


def change(platform: Platform, service: str, statement: str) -> None:
    """Change rows behind a service's back."""
    with contextlib.closing(sqlite3.connect(platform.data / f"{service}.db", timeout=30)) as database, database:
        assert database.execute(statement).rowcount == 1


def test_the_example_is_true_while_it_plays_and_after_and_no_row_changes_unseen(tmp_path: Path) -> None:
    with a_platform(tmp_path / "data", "--play", str(EXAMPLE), "--speed", "6") as platform:
        eventually(lambda: platform.score()["version"] >= 1, "a first score")
        while not platform.played():
            code, verdict = verify(platform)
            assert (code, places(verdict)) == (0, set()), verdict["findings"]

        code, verdict = verify(platform)

        assert (code, verdict["outcome"], verdict["findings"]) == (0, "true", [])
        assert (verdict["checked"]["indicators"], verdict["checked"]["payments"]) == (16, 4)
        token = platform.token("auditor")
        assert verify(platform, "--token", token)[0] == 0
        note = tmp_path / "note"
        note.write_text("\n".join("{source} {partition} {epoch} {seq} {hash}".format(**tip) for tip in verdict["tips"]))
        assert verify(platform, "--against", str(note))[0] == 0

        payment = "UPDATE payment SET amount = amount {} 100 WHERE line = 'room'"
        change(platform, "budget", payment.format("-"))
        code, verdict = verify(platform)
        name = next(item["payment"] for item in platform.get("budget", "/payments")["items"] if item["line"] == "room")
        assert (code, places(verdict)) == (1, {("answer-differs", f"budget /payments/{name} amount")})
        change(platform, "budget", payment.format("+"))

        score = "UPDATE score SET document = CAST(replace(CAST(document AS TEXT), '{}', '{}') AS BLOB)"
        right, wrong = '"total":"99.21"', '"total":"99.99"'
        change(platform, "evaluation", score.format(right, wrong))
        code, verdict = verify(platform, "--patience", "2")
        assert (code, ("score-differs", f"evaluation {PROJECT} total") in places(verdict)) == (1, True)
        change(platform, "evaluation", score.format(wrong, right))

        event = (
            "UPDATE event_log SET event = CAST(replace(CAST(event AS TEXT), '60000.00', '61000.00') AS BLOB) "
            "WHERE seq = (SELECT seq FROM event_log "
            "WHERE type = 'payment.made.v1' AND CAST(event AS TEXT) LIKE '%60000.00%')"
        )
        change(platform, "budget", event)
        code, verdict = verify(platform, "--patience", "2")
        assert code == 1
        assert verdict["findings"][0]["code"] in ("hash-mismatch", "head-mismatch")
        assert verdict["findings"][0]["where"].startswith("budget 0 ")
        assert verify(platform, "--source", "budget", "--against", str(note))[0] == 1


def declare(platform: Platform, project: str) -> None:
    budget = {
        "name": project,
        "unit": "u",
        "department": "d",
        "fiscal_year": 2026,
        "nature": "new",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "lines": [{"line": "a", "name": "A", "amount": "1000.00"}],
        "sources": {"fiscal": "1000.00"},
    }
    rows = [
        ("paid_amount", "<=", "1000", "元", "40"),
        ("response_hours", "<=", "8", "小时", "30"),
        ("fault_rate", "<=", "1", "%", "20"),
    ]
    plan = {
        "project": project,
        "title": project,
        "fiscal_year": 2026,
        "from": "2026-01-01",
        "to": "2026-12-31",
        "policy": "mof-2020",
        "objective": "o",
        "execution": {"weight": "10"},
        "indicators": [
            {
                "code": f"1.{number}",
                "dimension": "output",
                "aspect": "quality",
                "name": measure,
                "unit": unit,
                "target": {"op": op, "value": value},
                "weight": weight,
                "measure": measure,
            }
            for number, (measure, op, value, unit, weight) in enumerate(rows)
        ],
    }
    receipt = {"amount": "1000.00", "source": "fiscal", "received_on": "2026-01-02", "reference": "r"}
    for method, service, path, body in (
        ("PUT", "budget", f"/projects/{project}", budget),
        ("POST", "budget", f"/projects/{project}/receipts", receipt),
        ("PUT", "evaluation", f"/projects/{project}/plan", plan),
    ):
        platform.call(method, service, path, "admin", json=body).raise_for_status()


def happenings() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Calls that move the scores of every project, for ever."""
    number = 0
    while True:
        for project in PROJECTS:
            number += 1
            yield (
                "budget",
                "/payments",
                {
                    "payment": f"z{number}",
                    "project": project,
                    "line": "a",
                    "amount": "0.01",
                    "paid_on": "2026-02-01",
                    "payee": "p",
                    "purpose": "q",
                    "approved_by": "b",
                },
            )
            fault = {"fault": f"f{number}", "project": project, "severity": "minor", "title": "t"}
            yield "monitoring", "/faults", fault | {"occurred_at": "2026-02-01T08:00:00+08:00", "service_down": True}
            response = {"responded_at": f"2026-02-01T09:{number % 60:02d}:00+08:00", "responder": "r"}
            yield "monitoring", f"/faults/f{number}/response", response
            resolution = {"resolved_at": "2026-02-01T11:00:00+08:00", "cause": "c", "remedy": "m"}
            yield "monitoring", f"/faults/f{number}/resolution", resolution
            yield "budget", f"/payments/z{number}/reversal", {"reason": "r"}


def test_a_platform_at_work_is_never_accused(tmp_path: Path) -> None:
    with a_platform(tmp_path / "data") as platform:
        for project in PROJECTS:
            declare(platform, project)
            eventually(lambda p=project: platform.get("evaluation", f"/projects/{p}/score"), "a score")
        stopping, answered, refused = threading.Event(), [0], []

        def work() -> None:
            for number, (service, path, body) in enumerate(happenings()):
                if stopping.is_set():
                    return
                headers = {"Idempotency-Key": f"w{number}"}
                answer = platform.call("POST", service, path, "admin", json=body, headers=headers)
                answered[0] += answer.is_success
                refused.extend([] if answer.is_success or "retry-after" in answer.headers else [answer.text])

        worker = threading.Thread(target=work)
        worker.start()
        try:
            for _ in range(ROUNDS):
                before = answered[0]
                code, verdict = verify(platform)
                assert (code, places(verdict)) == (0, set()), verdict["findings"]
                assert answered[0] > before
        finally:
            stopping.set()
            worker.join()

        code, verdict = verify(platform)

        assert (code, verdict["findings"], refused) == (0, [], [])
        assert verdict["checked"]["projects"] == len(PROJECTS)
