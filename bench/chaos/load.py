"""Load: many callers at once that post facts of a year long past to a few projects, and write down every answer."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Self

import httpx

from bench.chaos.cluster import Cluster
from bench.chaos.journal import Entry, Journal

PROJECTS = ("chaos-a", "chaos-b", "chaos-c")
CALLERS = 4
PAUSE = 0.12  # Seconds between two requests of a caller, on average.
CANARY = "canary-7Q2"  # In every text that must never be logged or published.
YEAR = 2018
LINE = "100000000.00"

_PATIENT = frozenset({409, 429, 503})  # Come again: if `Retry-After` says so.


def declaration(project: str) -> dict[str, Any]:
    return {
        "name": project,
        "unit": "u",
        "department": "d",
        "fiscal_year": YEAR,
        "nature": "new",
        "starts_on": f"{YEAR}-01-01",
        "ends_on": f"{YEAR}-12-31",
        "lines": [{"line": "a", "name": "A", "amount": LINE}, {"line": "small", "name": "B", "amount": "1.00"}],
        "sources": {"fiscal": "100000001.00"},
    }


def plan(project: str) -> dict[str, Any]:
    rows = [
        ("paid_amount", ">=", "1000", "元", "30", {}),
        ("response_hours", "<=", "8", "小时", "20", {}),
        ("fault_resolution_rate", ">=", "90", "%", "20", {}),
        ("acceptance_pass_rate", ">=", "90", "%", "10", {}),
        ("reading", ">=", "1", "%", "10", {"metric": "load", "statistic": "max"}),
    ]
    return {
        "project": project,
        "title": project,
        "fiscal_year": YEAR,
        "from": f"{YEAR}-01-01",
        "to": f"{YEAR}-12-31",
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
                "with": words,
            }
            for number, (measure, op, value, unit, weight, words) in enumerate(rows)
        ],
    }


class Load:
    """The callers of one run. Start and stop it as often as you like: its journal goes on."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster = cluster
        self.journal = Journal()
        self.paused: set[str] = set()  # Services to leave alone.
        self.timeout = 5.0
        self._rng = random.Random(f"load {seed}")
        self._seed = seed
        self._number = 0
        self._next: list[
            Callable[[], Entry]
        ] = []  # What follows from answers: a fault is resolved, a payment reversed.
        self._over = asyncio.Event()
        self._callers: list[asyncio.Task[None]] = []

    async def prepare(self) -> None:
        """Declare the projects and their plans, and something for every indicator to measure."""
        supplier = {"name": CANARY + " supplier", "credit_code": "91653100MA775K3T1A", "small_business": True}
        await self._must("PUT", "procurement", "/suppliers/s", supplier)
        receipt = {"amount": "100000001.00", "source": "fiscal", "received_on": f"{YEAR}-01-02", "reference": "r"}
        for project in PROJECTS:
            await self._must("PUT", "budget", f"/projects/{project}", declaration(project))
            await self._must("POST", "budget", f"/projects/{project}/receipts", receipt)
            await self._must("PUT", "evaluation", f"/projects/{project}/plan", plan(project))
        for project in PROJECTS:
            for make in (self._payment, self._fault, self._reading, self._contract):
                await self.settle(make(project), patience=60)
        while self._next:
            await self.settle(self._next.pop(0)(), patience=60)

    async def _must(self, method: str, service: str, path: str, body: dict[str, Any]) -> None:
        async def done() -> bool:
            return (await self.cluster.call(method, service, path, body)).is_success

        await self.cluster.until(done, f"{method} {path}")

    async def __aenter__(self) -> Self:
        self._over.clear()
        self._callers = [asyncio.create_task(self._call_on()) for _ in range(CALLERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await asyncio.gather(*self._callers)

    async def _call_on(self) -> None:
        while not self._over.is_set():
            entry = self.draw()
            if entry.service not in self.paused:
                await self.attempt(entry)
            else:
                self.journal.entries.remove(entry)
            pause = PAUSE if entry.outcome != "unknown" else PAUSE * 3
            await asyncio.sleep(self._rng.expovariate(1 / pause))

    def draw(self) -> Entry:
        """The next request."""
        for index, make in enumerate(self._next):
            if self._rng.random() < 0.4:
                del self._next[index]
                return make()
            break
        project = self._rng.choice(PROJECTS)
        makers = [self._payment] * 5 + [self._fault] * 2 + [self._reading] * 2 + [self._contract, self._too_much]
        return self._rng.choice(makers)(project)

    def _entry(self, kind: str, service: str, path: str, body: dict[str, Any], project: str, fen: int = 0) -> Entry:
        self._number += 1
        entry = Entry(
            key=f"k{self._seed}-{self._number}",
            kind=kind,
            service=service,
            path=path,
            body=body,
            project=project,
            fen=fen,
        )
        self.journal.entries.append(entry)
        return entry

    def _payment(self, project: str) -> Entry:
        fen = self._rng.randint(1, 9999)
        return self._entry("payment.made", "budget", "/payments", _payment_body(project, "a", fen), project, fen)

    def _too_much(self, project: str) -> Entry:
        """More than its line holds: refused, and never on record."""
        fen = self._rng.randint(1_000, 9_999)
        return self._entry("payment.made", "budget", "/payments", _payment_body(project, "small", fen), project, fen)

    def _fault(self, project: str) -> Entry:
        minute = self._rng.randint(0, 59)
        body = {
            "project": project,
            "severity": "minor",
            "title": CANARY,
            "occurred_at": f"{YEAR}-{self._rng.randint(1, 12):02d}-11T08:{minute:02d}:00+08:00",
            "service_down": False,
        }
        return self._entry("fault.opened", "monitoring", "/faults", body, project)

    def _reading(self, project: str) -> Entry:
        body = {
            "project": project,
            "metric": "load",
            "value": f"{self._rng.randint(1, 99)}.{self._number}",
            "unit": "%",
            "measured_at": f"{YEAR}-05-05T05:05:05+08:00",
        }
        return self._entry("reading.recorded", "monitoring", "/readings", body, project)

    def _contract(self, project: str) -> Entry:
        name = f"c{self._seed}-{self._number}"
        body = {
            "contract": name,
            "project": project,
            "line": "a",
            "supplier": "s",
            "amount": "1.00",
            "method": "single_source",
            "government_procurement": True,
            "signed_on": f"{YEAR}-01-04",
            "starts_on": f"{YEAR}-01-01",
            "ends_on": f"{YEAR}-12-31",
            "items": [{"item": "i", "name": "n", "unit": "个", "quantity": "1"}],
            "signed_by": CANARY,
        }
        return self._entry("contract.signed", "procurement", "/contracts", body, project)

    def _follow(self, entry: Entry) -> None:
        """What a promise makes possible."""
        project, name = entry.project, entry.name
        if entry.kind == "payment.made" and self._rng.random() < 0.2:
            body = {"reason": CANARY, "occurred_at": f"{YEAR}-11-11T11:11:11+08:00"}
            path = f"/payments/{name}/reversal"
            self._next.append(lambda: self._entry("payment.reversed", "budget", path, body, project, entry.fen))
        elif entry.kind == "fault.opened":
            day = entry.body["occurred_at"][:10]
            body = {"responded_at": f"{day}T10:00:00+08:00", "responder": CANARY}
            path = f"/faults/{name}/response"
            self._next.append(lambda: self._entry("fault.responded", "monitoring", path, body, project))
        elif entry.kind == "fault.responded":
            day = entry.body["responded_at"][:10]
            body = {"resolved_at": f"{day}T12:00:00+08:00", "cause": "c", "remedy": "m"}
            path = entry.path.replace("/response", "/resolution")
            self._next.append(lambda: self._entry("fault.resolved", "monitoring", path, body, project))
        elif entry.kind == "contract.signed":
            body = {
                "accepted_on": f"{YEAR}-10-10",
                "items": [{"item": "i", "inspected": "1", "passed": "1"}],
                "conclusion": "passed",
                "inspectors": [CANARY + " inspector"],
            }
            path = f"/contracts/{name}/acceptances"
            self._next.append(lambda: self._entry("contract.accepted", "procurement", path, body, project))

    async def attempt(
        self, entry: Entry, timeout: float | None = None, client: httpx.AsyncClient | None = None
    ) -> None:
        """Send it once, and note what came of it."""
        entry.attempts += 1
        headers = {"Idempotency-Key": entry.key, "Authorization": self.cluster.bearer("admin", "load")}
        url = self.cluster.url(entry.service) + entry.path
        try:
            answer = await (client or self.cluster.client).post(
                url, json=entry.body, headers=headers, timeout=timeout or self.timeout
            )
        except httpx.HTTPError:
            self.journal.statuses[0] += 1
            return
        self.journal.statuses[answer.status_code] += 1
        self._note(entry, answer)

    def _note(self, entry: Entry, answer: httpx.Response) -> None:
        if answer.status_code >= 400 and not _is_problem(answer):
            self.journal.wrong.append(f"{entry.path}: {answer.status_code} is no problem: {answer.text[:120]!r}")
        if answer.is_success:
            name = _name(entry, answer.json())
            if entry.outcome == "promised" and name != entry.name:
                self.journal.wrong.append(f"{entry.key}: promised as {entry.name}, then as {name}")
            if entry.outcome == "refused":
                self.journal.wrong.append(f"{entry.key}: refused for good, then promised")
            is_first = entry.outcome == "unknown"
            entry.outcome, entry.status, entry.name = "promised", answer.status_code, name
            entry.replayed |= "idempotency-replayed" in answer.headers
            if is_first:
                self._follow(entry)
        elif answer.status_code in _PATIENT and ("retry-after" in answer.headers or _is_running(answer)):
            pass
        elif 400 <= answer.status_code < 500:
            if entry.outcome == "promised":
                self.journal.wrong.append(f"{entry.key}: promised, then refused with {answer.status_code}")
            entry.outcome, entry.status = "refused", answer.status_code
            if entry.body.get("line") != "small":
                self.journal.wrong.append(f"{entry.path}: refused with {answer.status_code} {answer.text[:200]}")
        else:
            self.journal.wrong.append(f"{entry.path}: answered {answer.status_code} {answer.text[:200]}")

    async def settle(self, entry: Entry, patience: float = 60.0) -> None:
        """Send it again under its key until it is answered for good."""

        async def settled() -> bool:
            await self.attempt(entry)
            return entry.outcome != "unknown"

        await self.cluster.until(settled, f"an answer to {entry.key}", patience, every=0.1)

    async def settle_all(self) -> int:
        """As a careful caller does after a failure; how many there were."""
        waiting = list(self.journal.unsettled())
        for begin in range(0, len(waiting), 8):
            await asyncio.gather(*(self.settle(entry) for entry in waiting[begin : begin + 8]))
        return len(waiting)


def _payment_body(project: str, line: str, fen: int) -> dict[str, Any]:
    return {
        "project": project,
        "line": line,
        "amount": f"{fen // 100}.{fen % 100:02d}",
        "paid_on": f"{YEAR}-02-01",
        "payee": CANARY,
        "purpose": CANARY,
        "approved_by": CANARY,
    }


def _name(entry: Entry, body: dict[str, Any]) -> str:
    """Under what id a success is on record."""
    if entry.kind == "contract.accepted":
        return entry.path.split("/")[2]
    if entry.kind == "reading.recorded":
        return str(body.get("reading"))
    return str(body.get(entry.kind.partition(".")[0]))


def _is_problem(answer: httpx.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("application/problem+json")


def _is_running(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json().get("type", "").endswith("idempotency-in-progress")
