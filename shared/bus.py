"""
The bus: FastStream's Redis broker over streams whose entries hold an event's JSON (``event``) and its MAC (``mac``).

Subscribers read in batches with plain XREAD from the stream's end: no group, no pending list. Position belongs to the
watermark; what came before, and whatever a restart of Redis swallows, is pulled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import RedisBatchStreamMessage
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from shared.relay import LOST, heads_name, stream_name

BATCH: Final = 1_000  # Entries a read; unbounded reads took a whole backlog into memory.
AHEAD: Final = 2  # Batches of a stream under way: one is read and checked while the other is stored.
# Well below the client's socket timeout of 5 s, or every idle read would fail where the machine is busy.
BLOCK_MS: Final = 3_000
RETRY_SECONDS: Final = 1.0
WATCH_SECONDS: Final = 2.0  # Between looks at a Redis that answered; its streams bring what it has all the same.

Deliver = Callable[[Sequence[tuple[bytes, bytes]]], Awaitable[None]]

log = structlog.get_logger()


class Bus:
    """One service's connection to Redis. It may be down at any time, also at the start."""

    def __init__(self, url: str) -> None:
        self.broker = RedisBroker(url, logger=None, apply_types=False)  # type: ignore[arg-type]
        self.is_up = False
        self.server = ""  # Name and version of what answered last.
        self._redis: Redis | None = None
        self._deliveries: set[asyncio.Task[None]] = set()

    def subscribe(self, source: str, partition: int, deliver: Deliver) -> None:
        """Hand what the stream of *source* brings to *deliver*, a batch at a time, in order."""
        self._follow(stream_name(source, partition), b"event", deliver)

    def follow_heads(self, source: str, partition: int, hear: Deliver) -> None:
        """Hand the heartbeats of *source* to *hear*."""
        self._follow(heads_name(source, partition), b"head", hear)

    def _follow(self, name: str, field: bytes, deliver: Deliver) -> None:
        stream = StreamSub(name, batch=True, max_records=BATCH, polling_interval=BLOCK_MS, last_id="$")

        turns = asyncio.Semaphore(AHEAD)

        async def take(entries: list[dict[bytes, bytes]]) -> None:
            try:
                await deliver([(entry.get(field, b""), entry.get(b"mac", b"")) for entry in entries])
            except Exception as error:  # noqa: BLE001  # A bug; what it kept from being applied is pulled.
                log.error("delivery_failed", alarm=True, stream=name, error=repr(error)[:500])
            finally:
                turns.release()

        async def handle(entries: list[dict[bytes, bytes]]) -> None:
            await turns.acquire()  # Batches take their turns in the order in which their tasks begin.
            task = asyncio.create_task(take(entries))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

        subscriber = self.broker.subscriber(stream=stream, parser=_parse, decoder=_decode, no_reply=True)
        subscriber(handle)

    async def client(self) -> Redis:
        """The connection the relays write with; commands fail while Redis is down."""
        if self._redis is None:
            self._redis = await self.broker.connect()
        return self._redis

    async def run(self, started: Callable[[], None]) -> None:
        """Start the subscribers as soon as Redis answers, then watch it, until cancelled."""
        redis = await self.client()
        running = False
        while True:
            try:
                async with asyncio.timeout(RETRY_SECONDS * 2):
                    await self._ping(redis)
                if not self.is_up:
                    self.server = await self._server(redis)
                if not running:
                    await self.broker.start()
                    running = True
                    started()
                self._turn(up=True)
            except (*LOST, TimeoutError) as error:
                self._turn(up=False, reason=type(error).__name__)
            await asyncio.sleep(WATCH_SECONDS if self.is_up else RETRY_SECONDS)

    @staticmethod
    async def _ping(redis: Redis) -> None:
        await redis.ping()

    @staticmethod
    async def _server(redis: Redis) -> str:
        try:
            found = await redis.info("server")
        except ResponseError:  # A user that may not ask.
            return "not told"
        if "valkey_version" in found:
            return f"Valkey {found['valkey_version']}"
        return f"Redis {found.get('redis_version', 'unknown')}"

    def _turn(self, *, up: bool, reason: str = "") -> None:
        if up != self.is_up:
            self.is_up = up
            log.info("bus_up" if up else "bus_down", reason=reason)

    async def close(self) -> None:
        """Stop the subscribers and close the connection; what they have brought is applied first."""
        await self.broker.stop()
        await asyncio.gather(*self._deliveries)


async def _parse(message: Any) -> RedisBatchStreamMessage:
    # The raw entries as they are: parsing headers and a load-dump-load of JSON would be two thirds of the cost.
    return RedisBatchStreamMessage(
        raw_message=message,
        body=message["data"],
        headers={},
        reply_to="",
        content_type=None,
        message_id="",
        correlation_id="",
        consumer=None,  # type: ignore[arg-type]  # Nobody acknowledges without a group.
        group=None,
    )


async def _decode(message: Any) -> Any:
    return message.body
