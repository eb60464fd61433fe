"""Somebody who watches the scores, and notices when they are told wrong (I7)."""

import asyncio
import json
import time
from typing import Any

from services.evaluation.stream import Subscriber
from shared.access import Caller
from tests.proof.parts import Evaluation

WATCHER = Caller(subject="watcher", scopes=frozenset(), projects=None, expires=time.time() + 10**8)


class Watcher:
    """A subscriber that comes back with the last id it has seen."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.totals: dict[str, str] = {}
        self.faults: list[str] = []
        self.frames = 0
        self.resets = 0
        self._last_id: str | None = None
        self._needs_snapshot = True  # After a reset, and at the very first, nothing else may come.
        self._text = ""
        self._gone: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        return self._task is not None and not self._task.done()

    def connect(self, evaluation: Evaluation) -> None:
        self._text = ""
        self._gone = asyncio.Event()
        service = evaluation.service
        stream = Subscriber(
            evaluation.hub,
            service.database,
            evaluation.settings,
            service.stopping,
            WATCHER,
            None,
            self._last_id,
        )
        self._task = asyncio.create_task(stream({"type": "http"}, self._receive, self._send))

    async def cut(self) -> None:
        if self._task is not None and self._gone is not None:
            self._gone.set()
            await self._task
            self._task = None

    async def _receive(self) -> dict[str, Any]:
        assert self._gone is not None
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self._text += message.get("body", b"").decode()
        *whole, self._text = self._text.split("\n\n")
        for frame in whole:
            self._take(dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line))

    def _take(self, fields: dict[str, str]) -> None:
        if "event" not in fields:
            return
        self.frames += 1
        data = json.loads(fields["data"])
        self._last_id = fields.get("id", self._last_id)
        if fields["event"] == "reset":
            self.resets += 1
            self._needs_snapshot = True
            return
        if fields["event"] == "snapshot":
            self._needs_snapshot = False
            self.versions = {each["project"]: each["version"] for each in data["projects"]}
            self.totals = {each["project"]: each["total"] for each in data["projects"]}
            return
        self._move(data)

    def _move(self, data: dict[str, Any]) -> None:
        project, version, previous = data["project"], data["version"], data["previous"]
        known = self.versions.get(project, 0)
        if self._needs_snapshot:
            self.faults.append(f"version {version} came before a snapshot")
        if version <= known:
            self.faults.append(f"version {version} came after {known}")
        if previous != known:
            self.faults.append(f"version {version} follows {previous}, the one before was {known}")
        self.versions[project] = version
        self.totals[project] = data["total"]
