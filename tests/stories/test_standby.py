"""Two processes of one service on one database: one works, the other stands by and takes its place."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import httpx
import psycopg
import pytest

from shared.claim import ADVISORY_LOCK
from tests.budget.driver import a_declaration, a_receipt
from tests.stores import Server, Store
from tests.stories.platform import ROOT, eventually
from tests.support import NOBODY, Issuer

pytestmark = pytest.mark.story


class Worker:
    """Budget as a process of its own."""

    def __init__(self, folder: Path, issuer: Issuer, url: str, name: str) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._token = issuer.bearer("admin")
        self._log = folder / f"{name}.log"
        settings = {
            "PORT": str(port),
            "DATABASE_URL": url,
            "REDIS_URL": f"redis://{NOBODY}",
            "KEYS_DIR": str(issuer.folder),
            "PROCUREMENT_URL": f"http://{NOBODY}",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SCOREBUS_")}
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shared.serving", "services.budget.app"],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env=kept | {f"SCOREBUS_{name}": value for name, value in settings.items()},
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def role(self) -> str:
        """What the process says it is: ``standby`` or ``active``."""
        answer = httpx.get(f"{self.url}/readyz", timeout=5).json()
        return str(answer.get("role", "active"))

    def call(self, method: str, path: str, body: object = None, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": self._token} | ({"Idempotency-Key": key} if key else {})
        return httpx.request(method, self.url + path, json=body, headers=headers, timeout=10)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


Workers = Callable[[str], Worker]


@pytest.fixture
def begin(tmp_path: Path, store: Store) -> Iterator[Workers]:
    """Starts a worker by a name; all of them share one database."""
    issuer = Issuer(tmp_path / "keys")
    url = store.database("budget")
    begun: list[Worker] = []

    def started(name: str) -> Worker:
        begun.append(Worker(tmp_path, issuer, url, name))
        return begun[-1]

    try:
        yield started
    except BaseException:
        sys.stderr.write("\n".join(worker.said for worker in begun)[-6_000:])
        raise
    finally:
        for worker in begun:
            worker.end()


def active_and_standby(begin: Workers) -> tuple[Worker, Worker]:
    active = begin("one")
    eventually(lambda: active.role() == "active", "the active one")
    assert active.call("PUT", "/projects/web", a_declaration()).status_code == 201
    standby = begin("two")
    eventually(lambda: standby.role() == "standby", "the standby")
    return active, standby


def receipts_on_record(worker: Worker) -> list[str]:
    """The receipts in the log, in its order, every one as often as it is there; checks that no number is missing."""
    events = worker.call("GET", "/events?limit=1000").json()
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
    return [event["data"]["receipt"] for event in events if event["type"].startswith("funds.received")]


class Poster:
    """A caller that posts receipts to whichever worker takes them, and keeps what was answered 201."""

    def __init__(self, *workers: Worker) -> None:
        self.acknowledged: list[str] = []
        self._workers = workers
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._post, daemon=True)

    def _post(self) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            self._post_one(f"key-{number}")

    def _post_one(self, key: str) -> None:
        while not self._over.is_set():
            for worker in self._workers:
                try:
                    answer = worker.call("POST", "/projects/web/receipts", a_receipt("0.01"), key=key)
                except httpx.HTTPError:
                    continue
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json()["receipt"])
                    return
                # One that froze and thaws may still be at the first request with this key.
                is_at_it = answer.json()["type"] == "/problems/idempotency-in-progress"
                assert answer.status_code == (409 if is_at_it else 503), answer.text
                assert "retry-after" in answer.headers
            time.sleep(0.02)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def posts_more(self) -> None:
        """Wait until more was acknowledged than now."""
        now = len(self.acknowledged)
        eventually(lambda: len(self.acknowledged) > now + 5, "further receipts")


def test_a_standby_lives_writes_nothing_and_takes_over_from_one_that_was_killed(begin: Workers) -> None:
    active, standby = active_and_standby(begin)

    assert httpx.get(f"{standby.url}/livez").is_success
    assert httpx.get(f"{standby.url}/readyz").status_code == 503
    refused = standby.call("PUT", "/projects/other", a_declaration())
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")

    with Poster(active, standby) as poster:
        poster.posts_more()
        active.signal(signal.SIGKILL)
        eventually(lambda: standby.role() == "active", "the takeover")
        poster.posts_more()

    on_record = receipts_on_record(standby)
    assert set(poster.acknowledged) <= set(on_record)
    assert len(set(on_record)) == len(on_record)
    assert standby.call("GET", "/projects/other/budget").status_code == 404


def test_one_that_stops_in_order_hands_over_and_comes_back_as_the_standby(begin: Workers) -> None:
    active, standby = active_and_standby(begin)

    active.signal(signal.SIGTERM)
    eventually(lambda: standby.role() == "active", "the takeover")
    again = begin("three")
    eventually(lambda: again.role() == "standby", "the new standby")

    assert active.process.wait(20) in (0, -signal.SIGTERM)
    assert "unclean_stop_found" not in standby.said


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_one_that_froze_is_replaced_and_ends_when_it_thaws(begin: Workers) -> None:
    active, standby = active_and_standby(begin)

    with Poster(active, standby) as poster:
        poster.posts_more()
        active.signal(signal.SIGSTOP)
        eventually(lambda: standby.role() == "active", "the takeover")
        active.signal(signal.SIGCONT)
        poster.posts_more()

        assert eventually(active.process.poll, "the end of the one that was replaced") == 1

    on_record = receipts_on_record(standby)
    assert set(poster.acknowledged) <= set(on_record)
    assert len(set(on_record)) == len(on_record)


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_whoever_has_the_claim_after_sessions_were_ended_nothing_is_lost_or_doubled(
    begin: Workers, postgresql_server: Server
) -> None:
    active, standby = active_and_standby(begin)
    database = postgresql_server._made[-1]
    query = f"""
        SELECT count(pg_terminate_backend(pid)) FROM pg_locks
        WHERE locktype = 'advisory' AND objid = {ADVISORY_LOCK} AND granted
    """

    with Poster(active, standby) as poster, psycopg.connect(postgresql_server.url(database), autocommit=True) as other:
        for _ in range(10):
            other.execute(query)
            poster.posts_more()
            if active.process.poll() is not None or standby.process.poll() is not None:
                break

    survivor = standby if standby.role() == "active" else active
    on_record = receipts_on_record(survivor)
    assert set(poster.acknowledged) <= set(on_record)
    assert len(set(on_record)) == len(on_record)
