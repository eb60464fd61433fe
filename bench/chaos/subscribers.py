"""Dashboards that look on all the time, and note whether what they are told hangs together (invariant 7)."""

import asyncio
import json
from typing import Any

import httpx
from httpx_sse import EventSource, SSEError

from bench.chaos.cluster import Cluster


class Subscriber:
    """One dashboard: it comes back after every break with the last id it saw."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self.versions: dict[str, int] = {}
        self.wrong: list[str] = []
        self.told = self.breaks = self.resets = 0
        self._cluster = cluster
        self._last_id = ""
        self._may_start_again = True
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._look_on())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look_on(self) -> None:
        async with httpx.AsyncClient(timeout=httpx.Timeout(5.0, read=20.0), trust_env=False) as client:
            while True:
                try:
                    await self._connected(client)
                except (httpx.HTTPError, SSEError):
                    self.breaks += 1
                await asyncio.sleep(0.2)

    async def _connected(self, client: httpx.AsyncClient) -> None:
        headers = {"Authorization": self._cluster.bearer("viewer")}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        else:
            self._may_start_again = True
        url = self._cluster.url("evaluation") + "/scores/stream"
        async with client.stream("GET", url, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                await answer.aread()
                if answer.status_code < 500:
                    self.wrong.append(f"{self.name}: the stream answered {answer.status_code}")
                return
            async for event in EventSource(answer).aiter_sse():
                if event.id:
                    self._last_id = event.id
                if event.data:
                    self._hear(event.event, json.loads(event.data))
        self.breaks += 1

    def _hear(self, kind: str, data: Any) -> None:
        if kind == "reset":
            self.resets += 1
            self._may_start_again = True
        elif kind == "snapshot":
            if not self._may_start_again:
                self.wrong.append(f"{self.name}: a snapshot without a reset")
            self.versions = {score["project"]: score["version"] for score in data["projects"]}
            self._may_start_again = False
        elif kind == "score":
            self.told += 1
            known = self.versions.get(data["project"], 0)
            if data["previous"] != known or data["version"] <= known:
                self.wrong.append(
                    f"{self.name}: {data['project']} {data['version']} after {known}, names {data['previous']}"
                )
            self.versions[data["project"]] = data["version"]
