"""A stand for evaluation: Valkey, the three sources and evaluation as processes, over SQLite in a folder of its own."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import redis

from bench.speed import calls
from bench.speed.figures import NotSo
from bench.speed.processes import cpu_seconds
from bench.speed.workload import YEAR, Chain, Workload, plan
from cli.addresses import Addresses
from cli.bearers import mint
from cli.embedded import bus_program, prepare_bus
from cli.folder import SERVICES, make_folder
from cli.keys import ensure_keys, renew_service_token, signing_pem
from cli.ports import HOST, free_port
from cli.programs import PREFIX, Wiring, service_programs
from cli.supervisor import Program
from shared.events.base import Envelope, hash_of
from shared.relay import mac_of, stream_name

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("budget", "procurement", "monitoring")
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.02
FEED_BATCH = 2_000
NO_LIMIT = {"REQUESTS_PER_SECOND": "1000000000", "REQUESTS_BURST": "1000000000"}  # Of one token: clients are few here.


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
        self.client = httpx.Client(
            timeout=60, trust_env=False, headers={"Authorization": f"Bearer {self.token('bench')}"}
        )

    def token(self, subject: str) -> str:
        """A token of *subject* that may do everything."""
        return mint(signing_pem(self.folder), role="admin", subject=subject, projects=None, days=1)

    def url(self, service: str) -> str:
        return f"http://{HOST}:{self.ports[service]}"

    def set(self, name: str, **settings: str) -> None:
        """Start a service with other settings than its defaults."""
        program = self.programs[name]
        given = {PREFIX + setting: value for setting, value in settings.items()}
        self.programs[name] = replace(program, environment={**program.environment, **given})

    def add_beside(self, name: str, of: str, module: str) -> None:
        """Let there be a further service, wired as *of* is, with a port and a database of its own."""
        self.ports[name] = free_port()
        program = replace(
            self.programs[of],
            name=name,
            command=(sys.executable, "-m", "shared.serving", module),
            log=self.folder.logs / f"{name}.log",
        )
        self.programs[name] = program
        self.set(name, PORT=str(self.ports[name]), DATABASE_URL=f"sqlite:///{self.folder.database(name)}")

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
        return lambda: self.client.get(self.url(name) + "/livez").is_success

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    def signal(self, name: str, number: signal.Signals) -> None:
        self.running[name].send_signal(number)

    def cpu_seconds(self, name: str) -> float:
        """What a process has used of the processors since it began."""
        return cpu_seconds(self.running[name].pid)

    def epochs(self) -> dict[str, str]:
        """The epoch in which each source's log is."""
        return {source: str(self._ask(source, "SELECT epoch FROM event_head")) for source in ("budget", "monitoring")}

    def met(self) -> int:
        """How many sources evaluation has been in contact with."""
        return int(self._ask("evaluation", "SELECT count(*) FROM watermark"))

    def applied(self, source: str, by: str = "evaluation") -> int:
        """How far a service has applied *source*: read from its database, so that it is not kept from its work."""
        return int(self._ask(by, "SELECT seq FROM watermark WHERE s = ?", source) or 0)

    def is_level_with(self, source: str) -> bool:
        """Whether evaluation has applied all that *source* has put on record."""
        return self.applied(source) == self.own_seq(source)

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

    def rows(self, service: str, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query on a service's SQLite file, which is only read."""
        uri = f"file:{self.folder.database(service)}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
            yield from database.execute(query)

    def adopt_plans(self, names: Sequence[str], year: int = YEAR) -> None:
        for name in names:
            answer = self.client.put(self.url("evaluation") + f"/projects/{name}/plan", json=plan(name, year))
            answer.raise_for_status()

    def fill_log(self, source: str, chain: Chain) -> None:
        """Let the log of a source that has been started once and does not run hold a chain: its feed has it then."""
        rows = (_row(number, raw, chain.epoch) for number, raw in enumerate(chain.events, 1))
        with contextlib.closing(sqlite3.connect(self.folder.database(source))) as database, database:
            columns = "p, seq, epoch, id, type, subject, time, recorded_at, correlation_id, event, hash"
            database.executemany(f"INSERT INTO event_log ({columns}) VALUES (0,?,?,?,?,?,?,?,?,?,?)", rows)
            end = (chain.epoch, len(chain.events), hash_of(chain.events[-1]))
            database.execute("UPDATE event_head SET epoch = ?, seq = ?, hash = ?", end)

    def forget(self, service: str) -> None:
        """Let a service that does not run begin anew, with no database."""
        for place in self.folder.path.glob(f"{service}.db*"):
            place.unlink()

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
        rows = self.rows("evaluation", "SELECT project, document FROM score")
        kept = {name: _told(json.loads(raw)) for name, raw in rows}
        return all(kept.get(name) == work.expected(name) for name in work.projects)

    def empty_streams(self) -> None:
        """Forget what is on the streams: a bus has a bound."""
        for source in SOURCES:
            self.redis.xtrim(stream_name(source, 0), maxlen=0, approximate=False)

    def own_seq(self, service: str = "evaluation") -> int:
        """How many events a service has put on its own record; each new score is one of evaluation's."""
        return int(self._ask(service, "SELECT seq FROM event_head"))

    def is_scored(self, work: Workload) -> bool:
        """Whether every project's score is answered as the workload's oracle says."""
        return all(self.score(name) == work.expected(name) for name in work.projects)

    def score(self, name: str) -> dict[str, Any]:
        answer = self.client.get(self.url("evaluation") + f"/projects/{name}/score")
        if not answer.is_success:
            return {}
        return _told(answer.json())


def _told(score: dict[str, Any]) -> dict[str, Any]:
    """What the workload's oracle knows of a score."""
    counted = next(each for each in score["details"] if each["code"] == "1.2")
    return {"spent": score["execution"]["spent"], "faults": int(counted["measured"] or 0)}


def _row(number: int, raw: bytes, epoch: str) -> tuple[Any, ...]:
    envelope = _envelopes.decode(raw)
    return (
        number,
        epoch,
        envelope.id,
        envelope.type,
        envelope.subject,
        _column(envelope.time),
        _column(envelope.recordedtime),
        envelope.correlationid,
        raw,
        hash_of(raw),
    )


def _column(moment: datetime) -> str:
    """As SQLAlchemy writes a moment into SQLite."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


_envelopes = msgspec.json.Decoder(Envelope)


def declare(stand: Stand, projects: int, year: int = YEAR) -> list[str]:
    """Let budget know *projects* projects that have received their money."""
    names = [f"p{number:05d}" for number in range(projects)]
    for name in names:
        place = f"{stand.url('budget')}/projects/{name}"
        stand.client.put(place, json=calls.declaration(year)).raise_for_status()
        stand.client.post(f"{place}/receipts", json=calls.receipt(year)).raise_for_status()
    return names


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
        with contextlib.suppress(httpx.HTTPError, redis.RedisError, OSError):
            if condition():
                return
        time.sleep(LOOK_SECONDS)
    raise NotSo(f"{what} did not come about")
