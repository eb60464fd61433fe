"""A stand for evaluation: Valkey, the three sources and evaluation as processes, over SQLite in a folder of its own."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import redis

from bench.speed.workload import Workload, plan
from cli.addresses import Addresses
from cli.bearers import mint
from cli.embedded import bus_program, prepare_bus
from cli.folder import SERVICES, make_folder
from cli.keys import ensure_keys, renew_service_token, signing_pem
from cli.ports import HOST, free_port
from cli.programs import Wiring, service_programs
from cli.supervisor import Program
from shared.relay import mac_of, stream_name

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("budget", "procurement", "monitoring")
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.02
FEED_BATCH = 2_000
TICKS = os.sysconf("SC_CLK_TCK")


class Stand:
    """Processes under measurement; `close` ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(folder)
        ensure_keys(self.folder)
        renew_service_token(self.folder)
        self.bus = prepare_bus(self.folder)
        self.redis = redis.Redis.from_url(self.bus.url)
        self.ports = {service: free_port() for service in SERVICES}
        self.addresses = Addresses({service: f"http://{HOST}:{port}" for service, port in self.ports.items()})
        wiring = Wiring(
            folder=self.folder,
            addresses=self.addresses,
            ports=self.ports,
            redis_url=self.bus.url,
            database_urls={},
        )
        self.programs = {program.name: program for program in service_programs(wiring)}
        self.programs["valkey"] = bus_program(self.bus, self.folder)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        token = mint(signing_pem(self.folder), role="admin", subject="bench", projects=None, days=1)
        self.client = httpx.Client(timeout=60, trust_env=False, headers={"Authorization": f"Bearer {token}"})

    def close(self) -> None:
        for name in list(self.running):
            self.stop(name)
        self.client.close()

    def start(self, *names: str) -> None:
        """Start programs, and wait until they answer."""
        for name in names:
            self.running[name] = _started(self.programs[name])
        for name in names:
            until(self._is_answering(name), f"an answer of {name}")

    def _is_answering(self, name: str) -> Callable[[], Any]:
        if name == "valkey":
            return self.redis.ping
        return lambda: self.client.get(self.addresses.of(name) + "/livez").is_success

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    def signal(self, name: str, number: signal.Signals) -> None:
        self.running[name].send_signal(number)

    def cpu_seconds(self, name: str) -> float:
        """What a process has used of the processors since it began."""
        words = Path(f"/proc/{self.running[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def epochs(self) -> dict[str, str]:
        """The epoch in which each source's log is."""
        return {source: str(self._ask(source, "SELECT epoch FROM event_head")) for source in ("budget", "monitoring")}

    def met(self) -> int:
        """How many sources evaluation has been in contact with."""
        return int(self._ask("evaluation", "SELECT count(*) FROM watermark"))

    def applied(self, source: str) -> int:
        """How far evaluation has applied *source*: read from its database, so that it is not kept from its work."""
        return int(self._ask("evaluation", "SELECT seq FROM watermark WHERE s = ?", source) or 0)

    def is_level(self, work: Workload) -> bool:
        """Whether all of *work* is applied."""
        return self.applied("budget") == len(work.budget.events) and self.applied("monitoring") == len(
            work.monitoring.events
        )

    def _ask(self, service: str, query: str, *given: Any) -> Any:
        uri = f"file:{self.folder.database(service)}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
            row = database.execute(query, given).fetchone()
            return None if row is None else row[0]

    def adopt_plans(self, work: Workload) -> None:
        for name in work.projects:
            answer = self.client.put(self.addresses.of("evaluation") + f"/projects/{name}/plan", json=plan(name))
            answer.raise_for_status()

    def fill_streams(self, source: str, events: list[bytes]) -> None:
        """Put *events* on the stream as the relay does, only faster."""
        key = bytes.fromhex((self.folder.keys / f"{source}.mac").read_text().strip())
        stream = stream_name(source, 0)
        for start in range(0, len(events), FEED_BATCH):
            pipeline = self.redis.pipeline(transaction=False)
            for raw in events[start : start + FEED_BATCH]:
                pipeline.xadd(stream, {"event": raw, "mac": mac_of(key, raw)})
            pipeline.execute()

    def is_on_record(self, work: Workload) -> bool:
        """Whether the score of every project that is on disk says what the workload's oracle says."""
        uri = f"file:{self.folder.database('evaluation')}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
            kept = {
                name: _told(json.loads(raw)) for name, raw in database.execute("SELECT project, document FROM score")
            }
        return all(kept.get(name) == work.expected(name) for name in work.projects)

    def is_scored(self, work: Workload) -> bool:
        """Whether every project's score is answered as the workload's oracle says."""
        return all(self.score(name) == work.expected(name) for name in work.projects)

    def score(self, name: str) -> dict[str, Any]:
        answer = self.client.get(self.addresses.of("evaluation") + f"/projects/{name}/score")
        if not answer.is_success:
            return {}
        return _told(answer.json())


def _told(score: dict[str, Any]) -> dict[str, Any]:
    """What the workload's oracle knows of a score."""
    counted = next(each for each in score["details"] if each["code"] == "1.2")
    return {"spent": score["execution"]["spent"], "faults": int(counted["measured"] or 0)}


@contextlib.contextmanager
def a_stand(folder: Path) -> Iterator[Stand]:
    made = Stand(folder)
    try:
        yield made
    finally:
        made.close()


def _started(program: Program) -> subprocess.Popen[bytes]:
    with program.log.open("ab") as out:
        environment = {**os.environ, **program.environment, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            program.command, env=environment, cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )


def until(condition: Callable[[], Any], what: str) -> None:
    """Wait until *condition* holds; failures of the network count as not yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError, redis.RedisError, sqlite3.Error, OSError):
            if condition():
                return
        time.sleep(LOOK_SECONDS)
    raise SystemExit(f"{what} did not come about")
