"""
The feed: a service's log over HTTP (http-feeds.org), served as the exact bytes and read as such.

Whatever a stream has lost is pulled from here, and a stranger verifies a log with a JSON scanner and SHA-256.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import msgspec
import structlog
from fastapi import APIRouter, Depends, Query, Response
from sqlmodel import Session

from shared import metrics
from shared.access import Caller, require
from shared.database import Database
from shared.events.base import Received, read
from shared.log import EventLog, Head
from shared.problems import NotFound, Problem

MEDIA_TYPE: Final = "application/cloudevents-batch+json"
LIMIT_MAX: Final = 1_000  # Events per answer.
TOLD_MAX: Final = 100  # Alarms of one process about those who ask beyond the log's end; the metric counts all.
TIMEOUT_MAX: Final = 30  # Seconds of long poll.

log = structlog.get_logger()

Readers = Annotated[Caller, Depends(require("events:read"))]


class Diverged(Problem):
    """The asker's history is not this log's."""

    slug, title, status = "diverged", "The histories differ", 409


class Commits:
    """Tells whoever waits that something was committed."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self.are_over = False  # Nothing more is worth waiting for: the service stops.

    def announce(self) -> None:
        """Wake everybody who waits now."""
        self._changed.set()
        self._changed = asyncio.Event()

    def current(self) -> asyncio.Event:
        """What the next announcement sets; take it before looking, wait for it after."""
        return self._changed

    def end(self) -> None:
        """Wake everybody for the last time."""
        self.are_over = True
        self.announce()

    async def wait(self, seconds: float, changed: asyncio.Event | None = None) -> None:
        """Wait for the next announcement, or for the one that sets *changed*, at most *seconds*."""
        try:
            # Not `wait_for`: before Python 3.12 it can swallow a cancellation that comes with the announcement.
            async with asyncio.timeout(seconds):
                await (changed or self._changed).wait()
        except TimeoutError:
            return


def router(database: Database, event_log: EventLog, commits: Commits) -> APIRouter:
    """The calls ``GET /events`` and ``GET /events/head`` of a service."""
    routes = APIRouter(tags=["feed"])
    told: set[int] = set()  # A consumer asks the same every few seconds.

    def asked_beyond(after: int, seq: int) -> None:
        metrics.askers_ahead.labels(event_log.source).inc()
        if after not in told and len(told) < TOLD_MAX:
            told.add(after)
            log.error("asker_ahead", alarm=True, seq=seq, asked=after)

    @routes.get("/events/head")
    async def head(caller: Readers) -> dict[str, Any]:
        """Where each partition of the log ends."""
        heads = await database.read(event_log.heads)
        ends = [{"partition": end.partition, "seq": end.seq, "hash": end.hash} for end in heads]
        return {"epoch": heads[0].epoch, "partitions": ends}

    @routes.get("/events", response_class=Response)
    async def events(
        caller: Readers,
        partition: Annotated[int, Query(ge=0)] = 0,
        epoch: Annotated[str | None, Query(max_length=36)] = None,
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        hash_: Annotated[str | None, Query(alias="hash", max_length=64)] = None,
        last_event_id: Annotated[str | None, Query(alias="lastEventId", max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_MAX,
        timeout: Annotated[float, Query(ge=0, le=TIMEOUT_MAX)] = 0,  # noqa: ASYNC109  # A long poll, as the name says.
    ) -> Response:
        """The events after a position, in sequence, each as the bytes that were published."""

        def page(session: Session) -> list[bytes]:
            start = _start(session, event_log, partition, after, last_event_id)
            _check(session, event_log, partition, epoch, start, hash_)
            return [raw for _, raw in event_log.after(session, partition, start, limit)]

        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        while True:
            changed = commits.current()
            try:
                found = await database.read(page)
            except Diverged as problem:
                if epoch == problem.facts["epoch"] and after > problem.facts["seq"]:
                    asked_beyond(after, problem.facts["seq"])
                raise
            left = until - loop.time()
            if found or left <= 0 or commits.are_over:
                break
            await commits.wait(left, changed)  # Not every commit appends: look again until the time is up.
        return Response(b"[" + b",".join(found) + b"]", media_type=MEDIA_TYPE)

    return routes


def _start(session: Session, event_log: EventLog, partition: int, after: int, last_event_id: str | None) -> int:
    if partition >= event_log.partitions:
        raise NotFound(f"there is no partition {partition}")
    if last_event_id is None:
        return after
    # PostgreSQL takes no NUL, not even in a question.
    seq = event_log.seq_of(session, partition, last_event_id) if last_event_id.isprintable() else None
    if seq is None:
        raise NotFound("there is no event with that id in this partition")
    return seq


def _check(
    session: Session, event_log: EventLog, partition: int, epoch: str | None, after: int, known: str | None
) -> None:
    head = event_log.head(session, partition)
    if epoch is not None and epoch != head.epoch:
        raise Diverged("this log is in another epoch", epoch=head.epoch, seq=head.seq)
    if known is not None and event_log.hash_at(session, partition, after) != known:
        raise Diverged(f"this log has no event {after} with that hash", epoch=head.epoch, seq=head.seq)


class FeedUnreachable(Exception):
    """The source gave no usable answer: ask again later."""


class FeedDiverged(Exception):
    """The source does not know our history."""

    def __init__(self, epoch: str, detail: str) -> None:
        super().__init__(detail)
        self.epoch = epoch  # The source's present epoch.


class TokenFile:
    """A token in a file that somebody else renews."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token = ""
        self._changed = 0.0

    def __call__(self) -> str:
        changed = self._path.stat().st_mtime
        if changed != self._changed:
            self._token, self._changed = self._path.read_text().strip(), changed
        return self._token


def _diverged(answer: httpx.Response) -> Exception:
    try:
        body = answer.json()
        return FeedDiverged(str(body["epoch"]), str(body.get("detail", "")))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # Somebody between us answers, not the source.
        return FeedUnreachable("answered 409 without an epoch")


class FeedReader:
    """Reads the feed of one source."""

    def __init__(self, client: httpx.AsyncClient, token: Callable[[], str]) -> None:
        self._client = client
        self._token = token

    async def head(self, partition: int) -> Head:
        """
        Where the source's log ends.

        Raises:
            FeedUnreachable: If there is no usable answer.
        """
        answer = await self._get("/events/head", {})
        try:
            body = answer.json()
            end = next(end for end in body["partitions"] if end["partition"] == partition)
            return Head(partition=partition, epoch=str(body["epoch"]), seq=int(end["seq"]), hash=str(end["hash"]))
        except (ValueError, KeyError, TypeError, StopIteration, RecursionError) as error:
            raise FeedUnreachable("the head cannot be read") from error

    async def after(self, at: Head, limit: int = LIMIT_MAX) -> list[Received]:
        """
        The events that follow *at*, which both sides must know.

        Raises:
            FeedUnreachable: If there is no usable answer.
            FeedDiverged: If the source does not know the event at that number by that hash, or that epoch.
        """
        query = {"partition": at.partition, "epoch": at.epoch, "after": at.seq, "hash": at.hash, "limit": limit}
        answer = await self._get("/events", query)
        if answer.status_code == httpx.codes.CONFLICT:
            raise _diverged(answer)
        try:
            # Raw slices keep the very bytes: what is hashed here is what the source hashed.
            return [read(bytes(raw)) for raw in msgspec.json.decode(answer.content, type=list[msgspec.Raw])]
        except Exception as error:
            raise FeedUnreachable(f"the feed cannot be read: {type(error).__name__}") from error

    async def _get(self, path: str, query: dict[str, Any]) -> httpx.Response:
        try:
            answer = await self._client.get(path, params=query, headers={"Authorization": f"Bearer {self._token()}"})
        # anyio asks a socket that was reset a moment ago for its peer, and meets None; uvloop refuses to write to it.
        except (httpx.HTTPError, OSError, AttributeError, RuntimeError) as error:
            raise FeedUnreachable(f"{type(error).__name__}") from error
        if answer.status_code not in (httpx.codes.OK, httpx.codes.CONFLICT):
            raise FeedUnreachable(f"answered {answer.status_code}")
        return answer
