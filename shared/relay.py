"""
Step two of the mechanism: the relay copies the log to its stream.

The stream is the fast lane. It may lose, repeat or reorder anything: nothing but latency depends on it, so the cursor
is a cache in memory, there is no "sent" flag, and any number of relays may run.
"""

import asyncio
import hmac
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import metrics
from shared.database import Database
from shared.events.base import Undecodable, read
from shared.log import EventLog
from shared.problems import Unavailable

BATCH: Final = 500  # Events per pipeline: large enough to hide the round trip, small enough to stay under 1 MB.
STREAM_LENGTH: Final = 10_000  # Entries kept, roughly; who needs older ones pulls them.
POLL_SECONDS: Final = 1.0  # Backstop, and how often a stream that lost its tail is noticed.

log = structlog.get_logger()


def stream_name(source: str, partition: int) -> str:
    """The stream of a partition; the hash tag keeps it on one node of a Redis Cluster."""
    return f"events:{{{source}:{partition}}}"


def mac_of(key: bytes, raw: bytes) -> bytes:
    """The HMAC-SHA-256 of an event's bytes, lower-case hex: whoever can write to Redis still cannot forge."""
    return hmac.digest(key, raw, "sha256").hex().encode()


class Relay:
    """Copies one partition of *event_log* to its stream, woken by each commit."""

    def __init__(self, database: Database, event_log: EventLog, partition: int, key: bytes) -> None:
        self._database = database
        self._log = event_log
        self._partition = partition
        self._key = key
        self._stream = stream_name(event_log.source, partition)
        self._wake = asyncio.Event()
        self._cursor: int | None = None  # The last number known to be on the stream.

    def wake(self) -> None:
        """Look at the log now."""
        self._wake.set()

    async def run(self, redis: Redis) -> None:
        """Copy until cancelled, over every failure of Redis and of the database."""
        while True:
            self._wake.clear()
            try:
                self._cursor = await self._last_on_stream(redis)
                while await self._send(redis):
                    pass
            except (RedisError, OSError, Unavailable) as error:
                log.warning("relay_waits", stream=self._stream, error=type(error).__name__)
                await asyncio.sleep(POLL_SECONDS)
                continue
            await self._idle(redis)

    async def _idle(self, redis: Redis) -> None:
        """Send what is committed until nothing was for a while; then the stream itself is looked at again."""
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                return
            self._wake.clear()
            try:
                while await self._send(redis):
                    pass
            except (RedisError, OSError, Unavailable):
                return

    async def _last_on_stream(self, redis: Redis) -> int:
        """Where to go on: after the stream's last entry if the log knows it, else so that the stream fills up."""
        entries = await redis.xrevrange(self._stream, count=1)
        head = await self._database.read(lambda session: self._log.head(session, self._partition))
        fallback = max(0, head.seq - STREAM_LENGTH)
        if not entries:
            return fallback
        fields: dict[Any, Any] = entries[0][1] or {}
        raw = fields.get(b"event", b"")
        try:
            last = read(raw)
        except Undecodable:
            return fallback
        seq = last.envelope.seq
        known = await self._database.read(lambda session: self._log.hash_at(session, self._partition, seq))
        return seq if known == last.hash else fallback

    async def _send(self, redis: Redis) -> bool:
        """Send the next batch; tell whether there may be more."""
        cursor = self._cursor or 0
        events = await self._database.read(lambda session: self._log.after(session, self._partition, cursor, BATCH))
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
