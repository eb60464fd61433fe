"""What must hold after every fault: O1 to O9 of docs/proof.md."""

import asyncio
import contextlib
import hashlib
import re
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bench.chaos.cluster import Cluster, NotInTime
from bench.chaos.load import CANARY, PROJECTS, Load
from bench.chaos.subscribers import Subscriber
from cli.bearers import MintedBearers
from cli.client import Platform
from cli.folder import SERVICES
from cli.keys import signing_pem
from cli.programs import SOURCES
from cli.verify.findings import Severity
from cli.verify.verifying import verify

LEVEL_SECONDS = 60.0  # L1's bound, generous for a machine that others use too.
RSS_FACTOR = 1.5  # Caches of a growing history included.
RSS_SLACK = 64 * 2**20
DESCRIPTORS_SLACK = 24

_IDENTITY = {
    "payment.made": "payment",
    "payment.reversed": "payment",
    "fault.opened": "fault",
    "fault.responded": "fault",
    "fault.resolved": "fault",
    "reading.recorded": "reading",
    "contract.signed": "contract",
    "contract.accepted": "contract",
}


@dataclass(slots=True)
class Log:
    """One source's log, read on from outside, with its own arithmetic."""

    seq: int = 0
    digest: str = "0" * 64
    facts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, raw: bytes) -> str | None:
        """Count one event; what is wrong with it."""
        event = msgspec.json.decode(raw)
        if int(event["sequence"]) != self.seq + 1 or event["prevhash"] != self.digest:
            return f"{event['source']} {event['sequence']} does not follow {self.seq}"
        self.seq, self.digest = self.seq + 1, hashlib.sha256(raw).hexdigest()
        kind = event["type"].rpartition(".v")[0]
        if kind in _IDENTITY:
            self.facts[kind, event["data"][_IDENTITY[kind]]] += 1
        return None


class Oracles:
    """Asked after each fault; what they find is a list of violations, empty if all holds."""

    def __init__(self, cluster: Cluster, load: Load, subscribers: list[Subscriber]) -> None:
        self.cluster = cluster
        self.load = load
        self.subscribers = subscribers
        self.level_seconds = 0.0
        self.asked: Counter[str] = Counter()
        self._logs: dict[str, Log] = {source: Log() for source in SERVICES}
        self._read_to: dict[str, int] = {}
        self._base: dict[str, tuple[int, int]] = {}

    async def ask(self, *, thoroughly: bool = True) -> list[str]:
        """Every oracle, in order; load is at rest and unknown outcomes are settled."""
        found: list[str] = []
        try:
            await self._be_level()
        except NotInTime as late:
            return [f"O6 {late}", *self._wrong_answers()]
        for name, oracle in (
            ("O1", self._once),
            ("O2", self._sums),
            ("O4", self._received),
            ("O5", self._subscribers),
            ("O7", self._quiet),
            ("O8", self._resources),
            ("O9", self._intact),
        ):
            self.asked[name] += 1
            try:
                found += [f"{name} {each}" for each in await oracle()]
            except NotInTime as late:
                found.append(f"{name} {late}")
        if thoroughly:
            self.asked["O3"] += 1
            found += [f"O3 {each}" for each in await self._recomputed()]
        return found

    async def _be_level(self) -> None:
        """O6: once faults have ended, every watermark reaches its head."""
        began = time.monotonic()
        self.asked["O6"] += 1
        await self.cluster.until(self.is_level, "every watermark at its head", LEVEL_SECONDS)
        self.level_seconds = time.monotonic() - began

    async def is_level(self) -> bool:
        for consumer in SERVICES:
            if SOURCES[consumer] and not (await self.cluster.get(consumer, "/reconciliation"))["level"]:
                return False
        return True

    async def _once(self) -> list[str]:
        """Each promise is on record exactly once, and nothing else is."""
        found: list[str] = []
        facts: Counter[tuple[str, str]] = Counter()
        for source, log in self._logs.items():
            found += await self._read_on(source, log)
            facts += log.facts
        journal = self.load.journal
        promised = Counter((entry.kind, entry.name) for entry in journal.entries if entry.outcome == "promised")
        found += [f"{kind} {name} promised {n} times" for (kind, name), n in promised.items() if n > 1]
        found += [f"{kind} {name} on record {n} times" for (kind, name), n in facts.items() if n > 1]
        lost, unasked = promised.keys() - facts.keys(), facts.keys() - promised.keys()
        found += [f"promised, not on record: {' '.join(each)}" for each in sorted(lost)[:5]]
        found += [f"on record, never promised: {' '.join(each)}" for each in sorted(unasked)[:5]]
        return found + self._wrong_answers()

    def _wrong_answers(self) -> list[str]:
        wrong, self.load.journal.wrong = self.load.journal.wrong, []
        return wrong[:5]

    async def _read_on(self, source: str, log: Log) -> list[str]:
        while True:
            path = f"/events?after={log.seq}&limit=1000"
            answer = await self.cluster.call("GET", source, path, timeout=20.0)
            answer.raise_for_status()
            events = msgspec.json.decode(answer.content, type=list[msgspec.Raw])
            for raw in events:
                wrong = log.take(bytes(raw))
                if wrong is not None:
                    return [wrong]
            if len(events) < 1000:
                return []

    async def _sums(self) -> list[str]:
        """Journal, ledger and score agree on the money, to the fen."""
        found = []
        for project in PROJECTS:
            spent = self.load.journal.spent(project)
            yuan = f"{spent // 100}.{spent % 100:02d}"
            budget = await self.cluster.get("budget", f"/projects/{project}/budget")
            if budget["totals"]["paid"] != yuan:
                found.append(f"{project}: journal {yuan}, ledger {budget['paid']}")

            async def scored(project: str = project, yuan: str = yuan) -> bool:
                score = await self.cluster.get("evaluation", f"/projects/{project}/score")
                return bool(score["execution"]["spent"] == yuan and score["final"])

            await self.cluster.until(scored, f"a final score of {project} with {yuan} spent", LEVEL_SECONDS)
        return found

    async def _recomputed(self) -> list[str]:
        """Scores and ledgers computed again from the feeds alone, by other code."""

        def run() -> list[str]:
            with Platform(self.cluster.addresses, MintedBearers(signing_pem(self.cluster.folder))) as platform:
                verdict = verify(platform, patience_seconds=20.0)
            return [
                f"{each.code} {each.where}: expected {each.expected}, found {each.found}"
                for each in verdict.findings.kept
                if each.severity is Severity.DIFFERENCE
            ]

        return (await asyncio.to_thread(run))[:5]

    async def _received(self) -> list[str]:
        """A consumer holds 1 to its watermark, each once, with the hashes of the log."""
        found = []
        for consumer in SERVICES:
            rows = await asyncio.to_thread(self._rows, consumer, _RECEIVED)
            held = {source: figures for source, *figures in rows}
            for source in SOURCES[consumer]:
                seq = self._logs[source].seq
                if held.get(source, [0, 0, 1, 0]) != [seq, seq, 1, seq]:
                    found.append(f"{consumer} holds {held.get(source)} of {source}, whose log ends at {seq}")
        return found

    def _rows(self, service: str, query: str) -> list[tuple[Any, ...]]:
        postgres = self.cluster.postgres
        if postgres is not None and service in ("budget", "evaluation"):
            with postgres.connect(service) as connection:
                return connection.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]
        path = self.cluster.folder.database(service)
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(query).fetchall()

    async def _subscribers(self) -> list[str]:
        """Dashboards heard a chain of versions, and end with what is true."""

        async def settled() -> bool:
            for project in PROJECTS:
                score = await self.cluster.get("evaluation", f"/projects/{project}/score")
                if any(each.versions.get(project) != score["version"] for each in self.subscribers):
                    return False
            return True

        await self.cluster.until(settled, "every dashboard at the last version", LEVEL_SECONDS)
        found = [wrong for each in self.subscribers for wrong in each.wrong]
        for each in self.subscribers:
            each.wrong = []
        return found[:5]

    async def _quiet(self) -> list[str]:
        """No trace of a stack, no secret and no name in any log."""
        return await asyncio.to_thread(self._read_logs)

    def _read_logs(self) -> list[str]:
        secrets = [path.read_text().strip() for path in self.cluster.folder.keys.glob("*.mac")]
        secrets += [(self.cluster.folder.keys / "service.token").read_text().strip(), self.cluster.valkey.password]
        found = []
        for file in self.cluster.folder.logs.glob("*.log"):
            with file.open(errors="replace") as lines:
                lines.seek(self._read_to.get(file.name, 0))
                text = lines.read()
                self._read_to[file.name] = lines.tell()
            traces = {trace[1][:200]: trace[0][-900:] for trace in _TRACE.finditer(text) if _AT_START not in trace[1]}
            found += [f"{file.name}: a stack trace: {says}\n{trace}" for says, trace in traces.items()]
            if CANARY in text:
                found.append(f"{file.name}: a text that is nobody's business: {_around(text, CANARY)!r}")
            found += [f"{file.name}: a secret" for secret in secrets if secret in text]
            if "background_work_failed" in text or "this should not have happened" in text:
                found.append(f"{file.name}: {_around(text, 'background_work_failed')!r}")
        return found

    async def _resources(self) -> list[str]:
        """Memory and descriptors go back to about where they were."""
        found = []
        for service in SERVICES:
            pid = await self.cluster.pid(service)
            base = self._base.get(f"{service} {pid}")
            if base is None:
                self._base[f"{service} {pid}"] = _used(pid)
                continue

            def back(pid: int = pid, base: tuple[int, int] = base) -> bool:
                memory, descriptors = _used(pid)
                return memory <= base[0] * RSS_FACTOR + RSS_SLACK and descriptors <= base[1] * 1.1 + DESCRIPTORS_SLACK

            try:
                await self.cluster.until(back, "resources given back", 20.0)
            except NotInTime:
                found.append(f"{service} uses {_used(pid)} bytes and descriptors; at first {base}")
        return found

    async def _intact(self) -> list[str]:
        """The files of databases are whole."""
        found = []
        for service in SERVICES:
            if self.cluster.postgres is not None and service in ("budget", "evaluation"):
                continue
            rows = await asyncio.to_thread(self._rows, service, "PRAGMA integrity_check")
            if rows != [("ok",)]:
                found.append(f"{service}.db: {rows[:3]}")
        return found


_AT_START = "file is not a database"  # A start that fails may say where; the alarm before it says why.
_TRACE = re.compile(r"Traceback \(most recent call last\):\n(?: .*\n)+(.*)")
_RECEIVED = "SELECT s, count(*), count(DISTINCT seq), min(seq), max(seq) FROM received_event GROUP BY s"


def _used(pid: int) -> tuple[int, int]:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _around(text: str, needle: str) -> str:
    at = text.find(needle)
    return text[max(0, at - 150) : at + 150]
