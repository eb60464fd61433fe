"""
The score stream: an SSE subscriber follows the log of score changes as any consumer does; its watermark is
``Last-Event-ID``.

Frames are made once and shared in a ring: of what the scorer has just put on record, and of the log itself where that
is not all. A subscriber has no queue of its own, only a place; one that falls out of the ring reads on from the log,
and one that takes nothing for a while is cut off.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Final

import msgspec
import structlog
from prometheus_client import Gauge
from sqlmodel import Session
from starlette.types import Receive, Scope, Send

from services.evaluation import store
from services.evaluation.settings import Settings
from shared.access import Caller
from shared.database import Database
from shared.events.base import Envelope, read
from shared.events.evaluation import ScoreUpdated
from shared.feed import Commits

RING_FRAMES: Final = 1_000  # Shared by all subscribers: about a megabyte.
PAGE_FRAMES: Final = 500
SEQ_DIGITS: Final = 18
BACKSTOP_SECONDS: Final = 10.0  # Only the scorer puts scores on record, and says so.
RETRY_MS: Final = 3_000
PARTITION: Final = 0
SCORE: Final = ScoreUpdated.versioned_type()

streams_open = Gauge("scorebus_score_streams", "Score streams open")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Frame:
    """One change of one score, ready to send."""

    seq: int
    project: str
    text: bytes


def frame_of(epoch: str, envelope: Envelope) -> Frame:
    """The frame of a logged ``score.updated``: its data is the very data of the event."""
    seq = envelope.seq
    text = b"id: %s:%d\nevent: score\ndata: %s\n\n" % (epoch.encode(), seq, bytes(envelope.data))
    return Frame(seq, envelope.partitionkey, text)


class Hub:
    """Turns what is committed into frames, once for all subscribers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_behind = asyncio.Event()
        self._ring: deque[Frame] = deque(maxlen=RING_FRAMES)
        self._since = 0  # Every change after this number is in the ring.
        self.epoch = ""
        self.seq = 0  # Changes up to this number are known here.
        self.reset_seq = 0  # Scores of changes up to this number were rebuilt since.
        self.resets = 0
        self.streams = 0  # Open now.
        self.moved = Commits()

    async def open(self) -> None:
        """Begin at the end of the log."""
        self.epoch, self.seq = await self._database.read(partial(store.head, partition=PARTITION))
        self._since = self.seq
        self.reset_seq = await self._database.read(partial(store.last_reset, epoch=self.epoch))

    def reset(self, seq: int) -> None:
        """Scores were rebuilt when the log stood at *seq*: every subscriber begins anew with a snapshot."""
        self.reset_seq = seq
        self.resets += 1
        self.moved.announce()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            self._is_behind.clear()
            await self._follow()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BACKSTOP_SECONDS):
                    await self._is_behind.wait()

    def take(self, published: Sequence[Envelope]) -> None:
        """
        Take what one transaction has put on record, in order, without asking the log for it.

        Where that does not follow what is known here, others have published meanwhile, and the log is read.
        """
        if not published:
            return
        if (published[0].epoch, published[0].seq) != (self.epoch, self.seq + 1):
            self._is_behind.set()
            return
        for envelope in published:
            if envelope.type == SCORE:
                self._add(frame_of(self.epoch, envelope))
        self.seq = published[-1].seq
        self.moved.announce()

    async def _follow(self) -> None:
        while True:
            epoch, rows, end = await self._database.read(self._news)
            if epoch != self.epoch:  # The log was restored: ids of before are of another life.
                self._ring.clear()
                self.epoch, self._since = epoch, self.seq
            for seq, raw in rows:
                if seq > self.seq:  # What was taken during the read is in the ring already.
                    self._add(frame_of(self.epoch, read(raw).envelope))
            full = len(rows) == PAGE_FRAMES
            self.seq = max(rows[-1][0] if full else end, self.seq)
            if rows:
                self.moved.announce()
            if not full:
                return

    def _add(self, frame: Frame) -> None:
        if len(self._ring) == RING_FRAMES:
            self._since = self._ring[0].seq
        self._ring.append(frame)

    def _news(self, session: Session) -> tuple[str, list[tuple[int, bytes]], int]:
        epoch, end = store.head(session, PARTITION)
        return epoch, store.score_events(session, PARTITION, self.seq, PAGE_FRAMES), end

    async def after(self, seq: int) -> tuple[list[Frame], int]:
        """The changes after *seq*, and the number up to which they are complete."""
        if seq >= self._since:
            return self._newer(seq), self.seq
        since = self._since  # Before the read: what is committed during it may be in neither.
        rows = await self._database.read(lambda session: store.score_events(session, PARTITION, seq, PAGE_FRAMES))
        frames = [frame_of(self.epoch, read(raw).envelope) for _, raw in rows]
        last = frames[-1].seq if frames else seq
        return frames, last if len(frames) == PAGE_FRAMES else max(last, since)

    def _newer(self, seq: int) -> list[Frame]:
        """The frames of the ring after *seq*, from its end: mostly there is one, and there are many subscribers."""
        found = list(takewhile(lambda frame: frame.seq > seq, reversed(self._ring)))
        found.reverse()
        return found


class Subscriber:
    """One open stream: an ASGI application that sends frames until either side ends it."""

    def __init__(
        self,
        hub: Hub,
        database: Database,
        settings: Settings,
        stopping: asyncio.Event,
        caller: Caller,
        projects: frozenset[str] | None,
        last_event_id: str | None,
    ) -> None:
        self._hub = hub
        self._database = database
        self._settings = settings
        self._stopping = stopping
        self._caller = caller
        self._projects = projects  # None: every one the caller may see.
        self._last_event_id = last_event_id
        self._seq = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        self._hub.streams += 1
        streams_open.inc()
        gone = asyncio.create_task(_disconnected(receive))
        sending = asyncio.create_task(self._send_all(headers, send))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.streams -= 1
            streams_open.dec()
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    async def _send_all(self, headers: list[tuple[bytes, bytes]], send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        stall = self._settings.stream_stall_seconds
        try:
            async for text in self._frames():
                message = {"type": "http.response.body", "body": text, "more_body": True}
                async with asyncio.timeout(stall):
                    await send(message)
        except TimeoutError:
            log.info("slow_reader_cut_off", subject=self._caller.subject)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _frames(self) -> AsyncIterator[bytes]:
        yield b"retry: %d\n\n" % RETRY_MS
        resets = self._hub.resets
        async for text in self._opening():
            yield text
        while not self._stopping.is_set() and time.time() < self._caller.expires:
            moved = self._hub.moved.current()
            if resets != self._hub.resets:
                resets = self._hub.resets
                async for text in self._anew("the scores were rebuilt"):
                    yield text
            frames, end = await self._hub.after(self._seq)
            self._seq = max(self._seq, end)  # A snapshot may be ahead of the hub for a moment.
            text = b"".join(frame.text for frame in frames if self._wants(frame.project))
            if text:
                yield text
            if self._seq < self._hub.seq:
                continue  # Still behind: the rest of the log first.
            if not await self._wait(moved):
                yield b":\n\n"

    async def _opening(self) -> AsyncIterator[bytes]:
        known = self._resume()
        if known is not None:
            self._seq = known
            return
        if self._last_event_id is not None:
            yield _reset("the last event id is not of this log, or the scores were rebuilt since")
        yield await self._snapshot_frame()

    async def _anew(self, reason: str) -> AsyncIterator[bytes]:
        yield _reset(reason)
        yield await self._snapshot_frame()

    async def _snapshot_frame(self) -> bytes:
        documents, self._seq = await self._database.read(self._snapshot)
        return b'id: %s:%d\nevent: snapshot\ndata: {"projects":[%s]}\n\n' % (
            self._hub.epoch.encode(),
            self._seq,
            b",".join(documents),
        )

    def _resume(self) -> int | None:
        """The number to go on after; None if that is not possible."""
        epoch, _, seq = (self._last_event_id or "").rpartition(":")
        if epoch != self._hub.epoch or not seq.isdecimal() or len(seq) > SEQ_DIGITS:
            return None
        number = int(seq)
        was_rebuilt = self._hub.reset_seq > 0 and number <= self._hub.reset_seq
        return None if was_rebuilt or number > self._hub.seq else number

    def _snapshot(self, session: Session) -> tuple[list[bytes], int]:
        _, seq = store.head(session, PARTITION)
        projects = self._projects if self._projects is not None else self._caller.projects
        rows = store.scores(session, projects=None if projects is None else sorted(projects))
        return [row.document for row in rows], seq

    def _wants(self, project: str) -> bool:
        return project in self._projects if self._projects is not None else self._caller.may_see(project)

    async def _wait(self, moved: asyncio.Event) -> bool:
        """Wait for news or for the end; False when nothing came for so long that a comment is due."""
        if self._stopping.is_set():
            return True
        try:
            async with asyncio.timeout(self._settings.stream_idle_seconds):
                await moved.wait()
        except TimeoutError:
            return False
        return True


def _reset(reason: str) -> bytes:
    # With an id that is of no log: whose line breaks before the snapshot comes back with it, and is given one.
    return b"id: reset\nevent: reset\ndata: %s\n\n" % msgspec.json.encode({"reason": reason})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
