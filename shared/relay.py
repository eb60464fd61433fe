"""
Step two of the mechanism: the relay copies the log to its stream.

The stream is the fast lane. It may lose, repeat or reorder anything: nothing but latency depends on it, so the cursor
is a cache in memory, there is no "sent" flag, and any number of relays may run.
"""

import asyncio
import hashlib
import hmac
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from shared import metrics
from shared.database import Database
from shared.events.base import GENESIS_HASH, Received, Undecodable, read
from shared.log import Appended, EventLog, Head
from shared.problems import Unavailable

BLOCK_BYTES: Final = 64  # Of SHA-256, to which HMAC fills its key up.
BATCH: Final = 500  # Events per pipeline: large enough to hide the round trip, small enough to stay under 1 MB.
STREAM_LENGTH: Final = 10_000  # Entries kept, roughly; who needs older ones pulls them.
POLL_SECONDS: Final = 1.0  # How often a stream that lost its tail is noticed.
# The log is looked at so often although nothing was committed: a server may have lost commits that it answered.
BACKSTOP_SECONDS: Final = 5.0

# What a lost connection raises. uvloop refuses a write to one that was reset a moment ago with a RuntimeError.
LOST: Final = (RedisError, OSError, RuntimeError)

log = structlog.get_logger()


def stream_name(source: str, partition: int) -> str:
    """The stream of a partition; the hash tag keeps it on one node of a Redis Cluster."""
    return f"events:{{{source}:{partition}}}"


def heads_name(source: str, partition: int) -> str:
    """The stream of a partition's heartbeats: it holds the last head alone."""
    return f"heads:{{{source}:{partition}}}"


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a log ends, as its relay tells it while nothing happens."""

    source: str
    partition: int
    epoch: str
    seq: int
    hash: str


def mac_of(key: bytes, raw: bytes) -> bytes:
    """The HMAC-SHA-256 of an event's bytes, lower-case hex: whoever can write to Redis still cannot forge."""
    begun_inner, begun_outer = _begun(key)
    inner, outer = begun_inner.copy(), begun_outer.copy()
    inner.update(raw)
    outer.update(inner.digest())
    return outer.hexdigest().encode()


@lru_cache(maxsize=64)
def _begun(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """
    The inner and outer hash of RFC 2104 with the key taken in.

    A copy of them costs half of what `hmac.digest` does, which prepares key and algorithm anew for each event.
    """
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK_BYTES else key).ljust(BLOCK_BYTES, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    return inner, outer


class Fresh:
    """
    The events that were committed last, in memory: mostly they are all that the stream lacks, and need not be read.

    Of a backlog nothing is kept, and nothing across a failure: then the log says what was committed.
    """

    def __init__(self) -> None:
        self._events: deque[tuple[int, bytes]] = deque()

    def add(self, events: Iterable[Appended]) -> None:
        """Keep *events*, as they follow one another in the log."""
        for event in events:
            if (self._events and event.seq != self._events[-1][0] + 1) or len(self._events) == BATCH:
                self._events.clear()
            self._events.append((event.seq, event.raw))

    def after(self, seq: int) -> list[tuple[int, bytes]]:
        """Number and bytes of those after *seq*, if the next one is among them."""
        while self._events and self._events[0][0] <= seq:
            self._events.popleft()
        return list(self._events) if self._events and self._events[0][0] == seq + 1 else []

    def clear(self) -> None:
        """Forget them."""
        self._events.clear()


class Relay:
    """Copies one partition of *event_log* to its stream, woken by each commit."""

    def __init__(
        self,
        database: Database,
        event_log: EventLog,
        partition: int,
        key: bytes,
        restored: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """
        Wire a relay.

        Args:
            database: The service's.
            event_log: The log to copy.
            partition: The partition of it.
            key: What entries are signed with.
            restored: Told when the stream proves that the log has lost events: it begins another epoch.
        """
        self._restored = restored
        self._database = database
        self._log = event_log
        self._partition = partition
        self._key = key
        self._stream = stream_name(event_log.source, partition)
        self._heads = heads_name(event_log.source, partition)
        self._trouble: str | None = None  # What Redis refuses now; told once.
        self._wake = asyncio.Event()
        self._cursor: int | None = None  # The last number known to be on the stream.
        self._fresh = Fresh()
        self._end: Head | None = None  # Of the log, as read at `_end_read_at`, if nothing was committed since.
        self._end_read_at = float("-inf")

    def wake(self, told: Sequence[Appended] = ()) -> None:
        """Look at the log now: something was committed, of which events were *told*."""
        self._end = None
        self._fresh.add(each for each in told if each.partition == self._partition)
        self._wake.set()

    async def run(self, redis: Redis) -> None:
        """Copy until cancelled, over every failure of Redis and of the database."""
        is_quiet = False
        while True:
            self._wake.clear()
            try:
                self._cursor, end = await self._last_on_stream(redis, is_quiet=is_quiet)
                is_behind = self._cursor < end  # What is committed from now on wakes us.
                while is_behind:
                    is_behind = await self._send(redis)
            except (*LOST, Unavailable) as error:
                self._fresh.clear()
                await self._wait(redis, error)
                is_quiet = False
                continue
            self._trouble = None
            is_quiet = await self._idle(redis)

    async def _wait(self, redis: Redis, error: Exception) -> None:
        """Try again after a while. That Redis is away is expected; a refusal wants somebody to look."""
        reason = type(error).__name__
        metrics.relay_failures.labels(self._log.source, reason).inc()
        if isinstance(error, ResponseError):
            if reason != self._trouble:
                log.error("relay_refused", alarm=True, stream=self._stream, error=str(error)[:200])
            await self._make_room(redis)
        elif reason != self._trouble:
            log.warning("relay_waits", stream=self._stream, error=reason)
        self._trouble = reason
        await asyncio.sleep(POLL_SECONDS)

    async def _make_room(self, redis: Redis) -> None:
        """Remove what is no stream but stands under a stream's name: nothing there is believed or needed."""
        try:
            for name in (self._stream, self._heads):
                if await redis.type(name) not in (b"stream", b"none"):
                    await redis.delete(name)
                    log.error("foreign_key_removed", alarm=True, stream=name)
        except LOST:
            return

    async def _idle(self, redis: Redis) -> bool:
        """
        Send what is committed until nothing was for a while, or sending fails; then the stream is looked at again.

        Returns:
            Whether nothing was: then a heartbeat is due.
        """
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                return True
            self._wake.clear()
            try:
                while await self._send(redis):
                    pass
            except (*LOST, Unavailable):
                self._fresh.clear()
                return False

    async def _last_on_stream(self, redis: Redis, *, is_quiet: bool) -> tuple[int, int]:
        """
        Where to go on: after the stream's last entry if the log knows it, else so that the stream fills up.

        With it, where the log ends; which consumers are told while it *is_quiet*, when nothing else tells them.
        """
        head = self._known_end() or await self._read_end()
        last = await self._look(redis, head if is_quiet else None)
        end = (0, GENESIS_HASH) if last is None else (last.seq, last.hash)
        if end == (head.seq, head.hash):  # Mostly; a rest must cost no second look at the log.
            return head.seq, head.seq
        head = await self._read_end()
        fallback = max(0, head.seq - STREAM_LENGTH)
        if last is None:
            return fallback, head.seq
        seq = last.seq
        known = await self._database.read(lambda session: self._log.hash_at(session, self._partition, seq))
        if known == last.hash:
            return seq, head.seq
        if last.envelope.epoch == head.epoch and self._restored is not None:
            # The head was read after the stream, too: what was sent before is in a log that has lost nothing.
            await self._restored(f"the stream holds event {seq} of this epoch; the log ends at {head.seq} without it")
        return fallback, head.seq

    def _genuine(self, fields: dict[Any, Any]) -> Received | None:
        raw = fields.get(b"event", b"")
        if not hmac.compare_digest(mac_of(self._key, raw), fields.get(b"mac", b"")):
            return None
        try:
            last = read(raw)
        except Undecodable:
            return None
        return last if last.envelope.partition == self._partition else None

    def _known_end(self) -> Head | None:
        age = asyncio.get_running_loop().time() - self._end_read_at
        return self._end if age < BACKSTOP_SECONDS else None

    async def _read_end(self) -> Head:
        head = await self._database.read(lambda session: self._log.head(session, self._partition))
        if not self._wake.is_set():  # Else the log may have moved on while it was read.
            self._end, self._end_read_at = head, asyncio.get_running_loop().time()
        return head

    async def _read_after(self, cursor: int) -> list[tuple[int, bytes]]:
        return await self._database.read(lambda session: self._log.after(session, self._partition, cursor, BATCH))

    async def _look(self, redis: Redis, head: Head | None) -> Received | None:
        """The stream's last entry, if it is genuine. On the way *head* is told, so that a lost tail is learned of."""
        pipeline = redis.pipeline(transaction=False)
        if head is not None:
            beat = Heartbeat(
                source=self._log.source, partition=head.partition, epoch=head.epoch, seq=head.seq, hash=head.hash
            )
            raw = msgspec.json.encode(beat)
            pipeline.xadd(self._heads, {"head": raw, "mac": mac_of(self._key, raw)}, maxlen=1, approximate=False)
        pipeline.xrevrange(self._stream, count=1)
        *_, entries = await pipeline.execute(raise_on_error=False)
        if isinstance(entries, Exception):  # That a heartbeat alone is refused harms nobody.
            raise entries
        return self._genuine(entries[0][1] or {}) if entries else None

    async def _send(self, redis: Redis) -> bool:
        """Send the next batch; tell whether there may be more."""
        cursor = self._cursor or 0
        events = self._fresh.after(cursor) or await self._read_after(cursor)
        if not events:
            return False
        pipeline = redis.pipeline(transaction=False)
        for _, raw in events:
            entry = ("event", raw, "mac", mac_of(self._key, raw))
            pipeline.execute_command("XADD", self._stream, "MAXLEN", "~", STREAM_LENGTH, "*", *entry)
        await pipeline.execute()
        self._cursor = events[-1][0]
        metrics.events_relayed.labels(self._log.source).inc(len(events))
        return len(events) == BATCH
