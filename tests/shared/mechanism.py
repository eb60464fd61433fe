"""Builders for tests of the mechanism: a source with a real log, and a consumer with a real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session

from shared import log as log_table
from shared import received
from shared.clock import FixedClock
from shared.database import Database
from shared.events import ALL
from shared.events.base import Received, read
from shared.events.budget import FundsReceived
from shared.feed import FeedDiverged, FeedUnreachable
from shared.log import EventLog, Head, Trace
from shared.relay import mac_of
from shared.subscription import Happened, Poison, Subscription
from tests.stores import places

KEY = b"k" * 32
POLL_SECONDS = 0.05
NOW = datetime(2018, 6, 1, tzinfo=UTC)


def funds(receipt: str, amount: str = "1.00") -> FundsReceived:
    return FundsReceived(project="p", receipt=receipt, amount=amount, origin="fiscal", received_on=date(2018, 6, 1))


class Source:
    """A publishing service: its database and its log."""

    def __init__(self, folder: Path, name: str = "source") -> None:
        self.clock = FixedClock(NOW)
        self.database = Database(places.url(folder, name), log_table.metadata)
        self.log = EventLog("budget", self.clock)
        self.count = 0

    async def append(self, events: int = 1) -> None:
        def work(session: Session) -> None:
            for _ in range(events):
                self.count += 1
                self.log.append(session, funds(f"r{self.count}"), time=NOW, trace=Trace(correlation_id="c"))

        await self.database.write(work)

    async def entries(self) -> list[tuple[bytes, bytes]]:
        """The whole log as the relay would send it."""
        rows = await self.database.read(lambda session: self.log.after(session, 0, 0, 10**6))
        return [(raw, mac_of(KEY, raw)) for _, raw in rows]


class DirectFeed:
    """The feed's contract without HTTP: the same checks over the same log."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.is_up = True
        self.pulled = 0

    async def head(self, partition: int) -> Head:
        self._check()
        return await self.source.database.read(lambda session: self.source.log.head(session, partition))

    async def after(self, at: Head, limit: int = 1_000) -> list[Received]:
        self._check()
        head = await self.head(at.partition)
        known = await self.source.database.read(lambda s: self.source.log.hash_at(s, at.partition, at.seq))
        if at.epoch != head.epoch or known != at.hash:
            raise FeedDiverged(head.epoch, "unknown")
        rows = await self.source.database.read(lambda s: self.source.log.after(s, at.partition, at.seq, limit))
        self.pulled += len(rows)
        return [read(raw) for _, raw in rows]

    def _check(self) -> None:
        if not self.is_up:
            raise FeedUnreachable("down")


class Consumer:
    """An applying service that keeps, in memory and in step with its database, what it was told."""

    def __init__(self, folder: Path, source: Source, feed: DirectFeed | None = None, name: str = "consumer") -> None:
        self.database = Database(places.url(folder, name), received.metadata)
        self.feed = feed or DirectFeed(source)
        self.poison: set[str] = set()
        self.applied: list[str] = []
        self.folds = 0
        self.subscription = self.subscribe()

    def subscribe(self) -> Subscription:
        return Subscription(
            consumer="consumer",
            source="budget",
            partition=0,
            database=self.database,
            clock=FixedClock(NOW),
            contracts=ALL,
            fold=self.fold,
            feed=self.feed,  # type: ignore[arg-type]  # The same contract, without HTTP.
            key=KEY,
            poll_seconds=POLL_SECONDS,
            applied=lambda events: self.applied.extend(receipt_of(event) for event in events),
        )

    def fold(self, session: Session, happened: Sequence[Happened]) -> None:
        self.folds += 1
        for event in happened:
            if receipt_of(event) in self.poison:
                raise Poison("the test says so")

    async def stored(self) -> list[int]:
        """The numbers of what is stored, in order of storing."""
        query = select(received.received_event.c.seq).order_by(received.received_event.c.position)
        return await self.database.read(lambda session: list(session.execute(query).scalars()))

    async def parked(self) -> list[tuple[str, int]]:
        query = select(received.parked_event.c.reason, received.parked_event.c.attempts)
        return await self.database.read(lambda session: [tuple(row) for row in session.execute(query)])

    async def mark(self) -> received.Watermark | None:
        return await self.database.read(lambda session: received.watermark(session, source="budget", partition=0))


def receipt_of(event: Happened) -> str:
    assert isinstance(event.data, FundsReceived)
    return event.data.receipt


@asynccontextmanager
async def open_databases(*databases: Database) -> AsyncIterator[None]:
    for database in databases:
        await asyncio.to_thread(database.start)
    try:
        yield
    finally:
        for database in databases:
            await asyncio.to_thread(database.close)


@asynccontextmanager
async def a_source_and_a_consumer(folder: Path, events: int = 0) -> AsyncIterator[tuple[Source, Consumer]]:
    source = Source(folder)
    consumer = Consumer(folder, source)
    async with open_databases(source.database, consumer.database):
        await source.database.write(source.log.create)
        if events:
            await source.append(events)
        yield source, consumer
