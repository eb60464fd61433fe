"""A Docker engine as the agent sees it, through the docker SDK."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import docker  # type: ignore[import-untyped]
import requests
from docker.errors import DockerException  # type: ignore[import-untyped]

from cli.agent.containers import Place, Seen, Sign

ASSET: Final = "scorebus.asset"
PROJECT: Final = "scorebus.project"
RETRY_SECONDS: Final = 2.0
TIMEOUT_SECONDS: Final = 30
UNKNOWN: Final = "0001-01-01"  # How the engine writes a moment that has not come.

_SIGNS: Final[Mapping[str, Sign]] = {
    "start": Sign.STARTED,
    "die": Sign.DIED,
    "oom": Sign.OOM,
    "destroy": Sign.REMOVED,
    "health_status: healthy": Sign.HEALTHY,
    "health_status: unhealthy": Sign.UNHEALTHY,
}
TROUBLES: Final = (DockerException, requests.RequestException, OSError)


class Gone(Exception):
    """The engine does not answer."""


class Engine:
    """What is seen of labelled containers; connects again by itself."""

    def __init__(self, project: str | None) -> None:
        """Watch containers labelled with an asset; *project* is theirs where their labels name none."""
        self._project = project
        self._seen: queue.Queue[tuple[Seen, str] | Gone | None] = queue.Queue()
        self._stop = threading.Event()
        self._client: Any = None

    def start(self, cursor: str | None) -> None:
        """Begin to watch, with what has happened since *cursor* as far as the engine remembers it."""
        threading.Thread(target=self._run, args=(cursor,), name="engine", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()
        with contextlib.suppress(*TROUBLES):
            if self._client is not None:
                self._client.close()

    def next(self, seconds: float) -> tuple[Seen, str] | Gone | None:
        """What is seen next, with the cursor behind it; None if nothing is for *seconds*."""
        try:
            return self._seen.get(timeout=seconds)
        except queue.Empty:
            return None

    def _run(self, cursor: str | None) -> None:
        while not self._stop.is_set():
            try:
                self._client = docker.from_env(timeout=TIMEOUT_SECONDS)
                cursor = self._follow(cursor)
            except TROUBLES as error:
                if not self._stop.is_set():
                    self._seen.put(Gone(str(error)[:200]))
            self._stop.wait(RETRY_SECONDS)

    def _follow(self, cursor: str | None) -> str:
        # What has happened up to now, how things stand now, and what happens from then on: in this order, for an old
        # start after a new end would look like a recovery. What is seen twice does no harm.
        now = datetime.now(UTC)
        since = f"{now.timestamp():.9f}"
        if cursor is not None and float(cursor) < float(since):
            for found in self._events(cursor, until=since):
                self._seen.put(found)
        for seen in self._standing(now):
            self._seen.put((seen, since))
        cursor = since
        for happened, cursor in self._events(since):
            self._seen.put((happened, cursor))
        return cursor

    def _events(self, since: str, until: str | None = None) -> Iterator[tuple[Seen, str]]:
        words = {"decode": True, "filters": {"type": "container", "label": ASSET}}
        for event in self._client.events(since=since, until=until, **words):
            if self._stop.is_set():
                break
            cursor = f"{event['timeNano'] // 10**9}.{event['timeNano'] % 10**9:09d}"
            happened = self._event(event)
            if happened is not None:
                yield happened, cursor

    def _standing(self, now: datetime) -> Iterator[Seen]:
        """What the containers that are there look like, *now* at the earliest."""
        for container in self._client.containers.list(all=True, filters={"label": ASSET}, ignore_removed=True):
            place = self._place(container.labels)
            if place is not None:
                yield from _standing(container.name, place, container.attrs["State"], now)

    def _event(self, event: Mapping[str, Any]) -> Seen | None:
        attributes = event["Actor"]["Attributes"]
        sign, place = _SIGNS.get(event["Action"]), self._place(attributes)
        if sign is None or place is None:
            return None
        code = attributes.get("exitCode")
        return Seen(
            container=attributes["name"],
            place=place,
            sign=sign,
            at=datetime.fromtimestamp(event["timeNano"] / 10**9, UTC),
            exit_code=int(code) if code is not None else None,
            has_health_check=sign is Sign.STARTED and self._has_health_check(event["Actor"]["ID"]),
        )

    def _has_health_check(self, container: str) -> bool:
        try:
            return "Health" in self._client.api.inspect_container(container)["State"]
        except TROUBLES:  # It is gone again already.
            return False

    def _place(self, labels: Mapping[str, str]) -> Place | None:
        project, asset = labels.get(PROJECT) or self._project, labels.get(ASSET)
        return Place(project=project, asset=asset) if project and asset else None


def _standing(name: str, place: Place, state: Mapping[str, Any], now: datetime) -> Iterator[Seen]:
    health = state.get("Health", {}).get("Status")
    if state["Running"]:
        has_health_check = health is not None
        at = _moment(state["StartedAt"])
        yield Seen(container=name, place=place, sign=Sign.STARTED, at=at, has_health_check=has_health_check)
        if health == "healthy":
            yield Seen(container=name, place=place, sign=Sign.HEALTHY, at=now)
        elif health == "unhealthy":
            yield Seen(container=name, place=place, sign=Sign.UNHEALTHY, at=now)
    elif not state["FinishedAt"].startswith(UNKNOWN):
        if state.get("OOMKilled"):
            yield Seen(container=name, place=place, sign=Sign.OOM, at=_moment(state["FinishedAt"]))
        at = _moment(state["FinishedAt"])
        yield Seen(container=name, place=place, sign=Sign.DIED, at=at, exit_code=state["ExitCode"])


def _moment(text: str) -> datetime:
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}+00:00")
