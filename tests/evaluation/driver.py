"""Evaluation as it runs, with a real database and three sources whose logs are real, without a bus."""

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlmodel import Session

from shared import log as log_table
from shared.clock import FixedClock
from shared.database import Database
from shared.log import EventLog, Trace
from shared.relay import mac_of
from shared.roles import ROLES
from shared.service import Service
from shared.tokens import issue_token
from tests.evaluation.builders import CHINA, Happening
from tests.shared.mechanism import DirectFeed
from tests.stores import places
from tests.support import active

KEY = bytes(32)
NOW = datetime(2019, 1, 1, 8, tzinfo=CHINA)
SOURCES = ("budget", "procurement", "monitoring")


class Source:
    """A publisher: a log in a database of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.database = Database(f"sqlite:///{folder}/{name}.db", log_table.metadata)
        self.log = EventLog(name, FixedClock(NOW))

    async def record(self, *happenings: Happening) -> list[tuple[bytes, bytes]]:
        """Take events on record; returns what a relay would send."""

        def work(session: Session) -> int:
            before = self.log.head(session, 0).seq
            for when, data in happenings:
                self.log.append(session, data, time=when, trace=Trace(correlation_id="from-the-request"))
            return before

        before = await self.database.write(work)
        rows = await self.database.read(lambda session: self.log.after(session, 0, before, 10_000))
        return [(raw, mac_of(KEY, raw)) for _, raw in rows]


class Evaluation:
    """The service, its sources, and a client that holds tokens."""

    def __init__(self, service: Service, app: Any, client: httpx.AsyncClient, folder: Path, signing_pem: str) -> None:
        self.service = service
        self.app = app
        self.client = client
        self.sources = {name: Source(folder, name) for name in SOURCES}
        self._signing_pem = signing_pem

    def token(self, role: str = "admin", projects: list[str] | None = None, days: float = 1) -> str:
        scopes = ROLES[role]
        now = datetime.now(UTC)
        return issue_token(self._signing_pem, subject=role, scopes=scopes, projects=projects, days=days, now=now)

    async def send(
        self, method: str, path: str, body: Any = None, *, role: str = "admin", projects: list[str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(role, projects)}", "Content-Type": "application/json"}
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.request(method, path, content=content, headers=headers)

    async def get(self, path: str, **others: Any) -> Any:
        answer = await self.send("GET", path, **others)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def happen(self, *happenings: Happening) -> None:
        """Let things happen at their sources and arrive here."""
        for name, source in self.sources.items():
            own = [happening for happening in happenings if happening[1].source == name]
            if own:
                await source.record(*own)
                await self.subscription(name).catch_up()

    def subscription(self, name: str) -> Any:
        return next(each for each in self.service.subscriptions if each.source == name)

    async def score(self, until: Any = None, project: str = "p") -> dict[str, Any]:
        """The score, once *until* holds of it."""
        async with asyncio.timeout(20):
            while True:
                answer = await self.send("GET", f"/projects/{project}/score")
                is_on_record = answer.status_code == 200 and answer.json()["version"] > 0
                if is_on_record and (until is None or until(answer.json())):
                    found: dict[str, Any] = answer.json()
                    return found
                await asyncio.sleep(0.01)


@asynccontextmanager
async def started(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> AsyncIterator[Evaluation]:
    """Evaluation, open and following its sources."""
    keys = folder / "keys"
    keys.mkdir(exist_ok=True)
    key = OKPKey.generate_key("Ed25519")
    (keys / "public.pem").write_bytes(key.as_pem(private=False))
    (keys / "service.token").write_text("unused")
    for name in (*SOURCES, "evaluation"):
        (keys / f"{name}.mac").write_text(KEY.hex())
    environment = {
        "PORT": "1",
        "DATABASE_URL": places.url(folder, "evaluation", "evaluation"),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "KEYS_DIR": str(keys),
        "POLL_SECONDS": "0.05",
        "DOCUMENTS_DIR": str(folder / "documents"),
    } | {f"{name.upper()}_URL": "http://127.0.0.1:1" for name in SOURCES}
    for name, value in (environment | {name.upper(): value for name, value in settings.items()}).items():
        monkeypatch.setenv(f"SCOREBUS_{name}", value)
    sys.modules.pop("services.evaluation.app", None)
    app = importlib.import_module("services.evaluation.app").app
    service: Service = app.state.service
    service.clock.__class__ = FixedClock  # type: ignore[assignment]  # The year is over, whenever this test runs.
    service.clock.moment = NOW  # type: ignore[attr-defined]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://evaluation") as client:
        evaluation = Evaluation(service, app, client, folder, key.as_pem(private=True).decode())
        for name, source in evaluation.sources.items():
            await asyncio.to_thread(source.database.start)
            await source.database.write(source.log.create)
            evaluation.subscription(name)._feed = DirectFeed(source)  # type: ignore[arg-type]
        try:
            async with active(app):
                yield evaluation
        finally:
            for source in evaluation.sources.values():
                await asyncio.to_thread(source.database.close)


class Stream:
    """One open score stream, frame by frame, as an ASGI server would carry it."""

    def __init__(self, evaluation: Evaluation, query: str = "", last_id: str | None = None, **token: Any) -> None:
        headers = [(b"authorization", f"Bearer {evaluation.token(**token)}".encode())]
        headers += [] if last_id is None else [(b"last-event-id", last_id.encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/scores/stream",
            "raw_path": b"/scores/stream",
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
        }
        self.status = 0
        self.ended = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()
        self._gone = asyncio.Event()
        self._frames: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._text = ""
        self._task = asyncio.create_task(self._run(evaluation.app, scope))

    async def _run(self, app: Any, scope: dict[str, Any]) -> None:
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            await self.takes.wait()
            if message["type"] == "http.response.start":
                self.status = message["status"]
                return
            self._take(message.get("body", b"").decode())

        try:
            await app(scope, receive, send)
        finally:
            self.ended.set()

    def _take(self, text: str) -> None:
        self._text += text
        *whole, self._text = self._text.split("\n\n")
        for frame in whole:
            fields = dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line)
            if fields and "retry" not in fields:
                self._frames.put_nowait(fields)

    async def next(self) -> tuple[str, str, dict[str, Any]]:
        """The next frame: id, event, data."""
        async with asyncio.timeout(20):
            fields = await self._frames.get()
        return fields.get("id", ""), fields["event"], json.loads(fields["data"])

    async def cut(self) -> None:
        """Hang up."""
        self._gone.set()
        self.takes.set()
        await self._task
