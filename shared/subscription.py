"""
Step three of the mechanism: the watermark.

A consumer keeps, in its own database, the number up to which it has applied a source, and moves it by compare-and-set
in the transaction of the effect. What it already has it drops; what is missing it pulls from the source's feed. So
each event is applied exactly once, whatever the stream does.
"""

import asyncio
import contextlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Final

import msgspec
import structlog
from sqlmodel import Session

from shared import metrics, received
from shared.clock import Clock
from shared.database import Database
from shared.events.base import GENESIS_HASH, Contracts, EventData, Received, Undecodable, read
from shared.feed import LIMIT_MAX, FeedDiverged, FeedReader, FeedUnreachable
from shared.log import Head
from shared.problems import Unavailable
from shared.relay import Heartbeat, mac_of

CAREFUL_EVENTS: Final = 1_000  # Applied with attempts counted after an unclean stop, so that a deadly one is found.
ALARM_SECONDS: Final = 1.0  # Between two alarms of a source about refused entries.
# Of a source that last had nothing new, while its heartbeats agree with the watermark: each says what a poll would.
# They may be as old as whoever can write to Redis likes, so the source itself is asked all the same, but less often.
AGREED_POLL_SECONDS: Final = 15.0
ATTEMPTS_MAX: Final = 3  # Then an event that kills the process is parked unread.

_SEQ: Final = attrgetter("seq")

log = structlog.get_logger()


class Poison(Exception):
    """An event that can never be applied: its source broke a promise. It is parked with this reason."""


class Stale(Exception):
    """The watermark is elsewhere than we thought: somebody else applied, or the log was rolled back."""


class Happened(msgspec.Struct, frozen=True, gc=False):
    """An event on its way into the projections of a consumer."""

    source: str
    received: Received
    data: EventData


class _Arrived(msgspec.Struct, frozen=True, gc=False):
    """An event that came in, and what it says, or why that cannot be read."""

    received: Received
    happened: Happened | None
    trouble: str = ""


Fold = Callable[[Session, Sequence[Happened]], None]


class Subscription:
    """One source's partition, applied in order by one consumer."""

    def __init__(
        self,
        *,
        consumer: str,
        source: str,
        partition: int,
        database: Database,
        clock: Clock,
        contracts: Contracts,
        fold: Fold,
        feed: FeedReader,
        key: bytes,
        poll_seconds: float,
        applied: Callable[[Sequence[Happened]], None] = lambda _: None,
    ) -> None:
        """
        Wire a subscription.

        Args:
            consumer: The applying service.
            source: The publishing service.
            partition: The partition of its log.
            database: Where watermark, received events and projections live, together.
            clock: Tells when the watermark moved.
            contracts: What can be decoded.
            fold: Applies a batch to the projections in the caller's transaction; raises `Poison` for an event that
                never can be.
            feed: The source's feed.
            key: The key that the source signs stream entries with.
            poll_seconds: How often the source is asked when nothing else calls for it: the bound on noticing a lost
                tail. Less often while its heartbeats agree with the watermark.
            applied: Told after the commit what was applied, on the event loop.
        """
        self.consumer = consumer
        self.source = source
        self.partition = partition
        self._path = f"/{source}"
        self._database = database
        self._clock = clock
        self._contracts = contracts
        self._fold = fold
        self._feed = feed
        self._key = key
        self._poll_seconds = poll_seconds
        self._applied = applied
        self._mark: received.Watermark | None = None
        self._careful = 0
        self._counted: tuple[int, int] | None = None  # The event whose attempt was counted last, and which it was.
        self._lock = asyncio.Lock()
        self._nudged = asyncio.Event()
        self._labels = (consumer, source)
        self._refused_at = float("-inf")
        self._agreed_at = float("-inf")  # Loop time of the last heartbeat that named our watermark.
        self.head: Head | None = None  # Where the source ended when it last said so itself.
        self.head_seq = 0
        self.level_at: float | None = None  # Loop time when we last knew that nothing was missing.

    @property
    def mark(self) -> received.Watermark | None:
        """The watermark as last read or moved; None before the source was first reached."""
        return self._mark

    def be_careful(self) -> None:
        """Count attempts at the next events: the process did not stop cleanly, and one of them may be why."""
        self._careful = CAREFUL_EVENTS

    def announce(self, happened: Sequence[Happened]) -> None:
        """Tell whoever listens that *happened* counts from now on; nothing means: anything may have changed."""
        self._applied(happened)

    async def ask_head(self) -> Head:
        """
        Ask the source where its log ends.

        Raises:
            FeedUnreachable: If it does not answer.
        """
        self.head = await self._feed.head(self.partition)
        self.head_seq = max(self.head_seq, self.head.seq)
        return self.head

    def nudge(self) -> None:
        """Ask the source soon, without waiting for the next poll."""
        self._nudged.set()

    async def run(self) -> None:
        """Catch up, then again on every nudge and poll, until cancelled."""
        while True:
            self._nudged.clear()
            try:
                await self.catch_up()
            except (FeedUnreachable, Unavailable) as error:
                metrics.pulls_failed.labels(*self._labels).inc()
                log.info("pull_failed", source=self.source, reason=str(error)[:200])
            except Exception as error:  # noqa: BLE001  # The loop must outlive any bug; nothing was applied.
                log.error("pull_broke", source=self.source, error=repr(error)[:500])
            if await self._is_nudged():
                # A stream that fails its checks over and over must not turn the pulls into a flood.
                await asyncio.sleep(min(0.02, self._poll_seconds))

    async def _is_nudged(self) -> bool:
        """Wait for a nudge, until the next poll is due; it is put off while heartbeats say that nothing is missing."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not self._nudged.is_set():
            if loop.time() >= (due := self._due(began)):
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._nudged.wait()
        return True

    def _due(self, began: float) -> float:
        """When to ask again: within the poll of the last pull, at *began*, or of the last heartbeat that agreed."""
        last = float("-inf") if self.level_at is None else self.level_at + AGREED_POLL_SECONDS - self._poll_seconds
        return max(began, min(self._agreed_at, last)) + self._poll_seconds

    async def catch_up(self) -> None:
        """
        Pull until nothing is missing.

        Raises:
            FeedUnreachable: If the source does not answer.
            Unavailable: If the own database does not.
        """
        mark = await self._watermark()
        events = await self._pull(mark)
        while events is not None:
            metrics.events_pulled.labels(*self._labels).inc(len(events))
            if len(events) < LIMIT_MAX:
                await self._take_pulled(events)
                self.level_at = asyncio.get_running_loop().time()
                return
            end = replace(mark.at, seq=events[-1].seq, hash=events[-1].hash)
            following = asyncio.create_task(self._feed.after(end))  # While the database stores this page.
            try:
                await self._take_pulled(events)
                mark = await self._watermark()
                events = await (following if mark.at == end and mark.diverged is None else self._pull(mark))
            except FeedDiverged:
                events = await self._pull(mark)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _take_pulled(self, events: list[Received]) -> None:
        arrived = [self._arrived(event) for event in events]
        async with self._lock:
            await self._take(arrived, trusted=True)

    async def deliver(self, entries: Sequence[tuple[bytes, bytes]]) -> None:
        """
        Apply what the stream brought: pairs of an event's bytes and its MAC, in any order, any number of times.

        A wrong MAC is refused; a gap or a break in the chain is left to the source, which is then asked. Everything is
        read before it has its turn, so that the next batch is read while the database stores this one.
        """
        genuine = [event for raw, mac in entries if (event := self._genuine(raw, mac)) is not None]
        if not genuine:
            return
        genuine.sort(key=_SEQ)
        arrived = [self._arrived(event) for event in genuine]
        async with self._lock:
            try:
                await self._compare(genuine)
                await self._take(arrived, trusted=False)
            except (FeedUnreachable, Unavailable):  # Before first contact the source itself says where to begin.
                self.nudge()

    async def _compare(self, events: list[Received]) -> None:
        """What we have already must be the same; if it is not, the source alone decides whose history is right."""
        if self._mark is None:
            return
        seq = self._mark.at.seq
        again = {event.seq: event.hash for event in events if event.seq <= seq}
        if not again:
            return
        stored = await self._database.read(partial(received.hashes, source=self.source, at=self._mark.at, seqs=again))
        if any(stored.get(seq, digest) != digest for seq, digest in again.items()):
            self._refuse("history")
            self.nudge()

    async def hear(self, heartbeats: Sequence[tuple[bytes, bytes]]) -> None:
        """Ask the source at once if a heartbeat names what we do not have; it proves nothing by itself."""
        for raw, mac in heartbeats[-1:]:
            beat = self._beat(raw, mac)
            if beat is None or self._mark is None:
                continue
            at = self._mark.at
            self.head_seq = max(self.head_seq, beat.seq)
            # An older number of this epoch may be a heartbeat from before; the poll tells whether the source went back.
            if beat.epoch != at.epoch or beat.seq > at.seq or (beat.seq == at.seq and beat.hash != at.hash):
                metrics.heartbeats_ahead.labels(*self._labels).inc()
                self.nudge()
            elif beat.seq == at.seq and self._mark.diverged is None:
                self._agreed_at = asyncio.get_running_loop().time()
            self._observe()

    def _beat(self, raw: bytes, mac: bytes) -> Heartbeat | None:
        if not hmac.compare_digest(mac_of(self._key, raw), mac):
            self._refuse("mac")
            return None
        try:
            beat = msgspec.json.decode(raw, type=Heartbeat)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._refuse("envelope")
            return None
        if (beat.source, beat.partition) != (self.source, self.partition):
            self._refuse("envelope")
            return None
        return beat

    def _genuine(self, raw: bytes, mac: bytes) -> Received | None:
        if not hmac.compare_digest(mac_of(self._key, raw), mac):
            self._refuse("mac")
            return None
        try:
            event = read(raw)
        except Undecodable:
            self._refuse("envelope")
            return None
        if event.envelope.source != self._path or event.envelope.partition != self.partition:
            self._refuse("envelope")
            return None
        return event

    def _arrived(self, event: Received) -> _Arrived:
        try:
            return _Arrived(event, Happened(self.source, event, self._contracts.decode(event.envelope)))
        except Undecodable as error:
            return _Arrived(event, None, str(error))

    def _refuse(self, reason: str) -> None:
        metrics.events_refused.labels(*self._labels, reason).inc()
        now = asyncio.get_running_loop().time()
        if now - self._refused_at < ALARM_SECONDS:  # The metric counts all; the log must not become the attack.
            return
        self._refused_at = now
        log.warning("entry_refused", alarm=True, source=self.source, reason=reason)

    async def _watermark(self) -> received.Watermark:
        if self._mark is None:
            stored = await self._database.read(
                partial(received.watermark, source=self.source, partition=self.partition)
            )
            self._mark = stored or await self._begin()
            self._observe()
        return self._mark

    async def _begin(self) -> received.Watermark:
        head = await self._feed.head(self.partition)
        start = Head(partition=self.partition, epoch=head.epoch, seq=0, hash=GENESIS_HASH)
        now = self._clock.now()
        return await self._database.write(lambda session: received.begin(session, self.source, start, now))

    async def _pull(self, mark: received.Watermark) -> list[Received] | None:
        try:
            events = await self._feed.after(mark.at)
        except FeedDiverged as answer:
            if answer.epoch == mark.at.epoch:
                await self._diverge(str(answer))
            else:
                await self._change_epoch(mark, answer.epoch)
            return None
        if mark.diverged is not None:  # Its history is ours again: somebody put the right database back.
            await self._move(replace(mark, diverged=None))
        return events

    async def _change_epoch(self, mark: received.Watermark, epoch: str) -> None:
        """The source was restored: go on only if it still knows the event at our watermark by its hash."""
        adopted = replace(mark, at=replace(mark.at, epoch=epoch), diverged=None)
        try:
            await self._feed.after(adopted.at, limit=1)
        except FeedDiverged as answer:
            await self._diverge(str(answer))
            return
        await self._move(adopted)
        log.warning("epoch_adopted", source=self.source, epoch=epoch, seq=mark.at.seq)
        self.nudge()

    async def _diverge(self, reason: str) -> None:
        mark = await self._watermark()
        if mark.diverged is None:
            log.error("source_diverged", alarm=True, source=self.source, seq=mark.at.seq, reason=reason)
            await self._move(replace(mark, diverged=reason or "the source does not know our history"))

    async def _move(self, mark: received.Watermark) -> None:
        now = self._clock.now()
        await self._database.write(lambda session: received.put(session, self.source, mark, now))
        self._mark = mark
        self._observe()
        self._applied(())

    async def _take(self, events: list[_Arrived], *, trusted: bool) -> None:
        """Apply the contiguous run that continues our watermark."""
        mark = await self._watermark()
        if mark.diverged is not None:
            return
        self.head_seq = max(self.head_seq, events[-1].received.seq) if events else self.head_seq
        run = self._continuing(mark.at, events, trusted=trusted)
        if not run:
            return
        try:
            await self._apply(mark.at, run)
        except Stale:
            self._mark = None
            self.nudge()

    def _continuing(self, at: Head, events: list[_Arrived], *, trusted: bool) -> list[_Arrived]:
        run: list[_Arrived] = []
        again, seq, digest, epoch = 0, at.seq, at.hash, at.epoch
        for event in events:
            received = event.received
            if received.seq <= seq:
                again += 1
                continue
            envelope = received.envelope
            # Of the stream, only what was sent in the epoch we know; of the source itself, its whole history.
            if received.seq != seq + 1 or envelope.prevhash != digest or not (trusted or envelope.epoch == epoch):
                if received.seq == seq + 1 and envelope.epoch == epoch:
                    self._refuse("hash")
                self.nudge()
                break
            run.append(event)
            seq, digest = received.seq, received.hash
        if again:
            metrics.events_duplicate.labels(*self._labels).inc(again)
        return run

    async def _apply(self, at: Head, run: list[_Arrived]) -> None:
        counted = await self._count_attempt(run[0].received) if self._careful else None
        # Of a batch that has ended the process once, the events are tried one by one: one of them may be deadly.
        if counted in (None, 1):
            try:
                await self._commit(at, run)
            except (Stale, Unavailable):
                raise
            except Exception as error:  # noqa: BLE001  # One of them is poison, or meets a bug: find out which.
                log.warning("batch_failed", source=self.source, events=len(run), error=repr(error)[:500])
            else:
                self._careful = max(0, self._careful - len(run))
                return
        for event in run:
            await self._apply_alone(at, event, counted)
            at, counted = replace(at, seq=event.received.seq, hash=event.received.hash), None

    async def _count_attempt(self, event: Received) -> int:
        """Count an attempt at *event*, and whatever comes with it, before it is made; once a process."""
        seq = event.seq
        if self._counted is None or self._counted[0] != seq:
            attempts = await self._database.write(
                lambda session: received.count_attempt(session, self.source, self.partition, seq)
            )
            self._counted = seq, attempts  # That the database refuses the rest is no death.
        return self._counted[1]

    async def _apply_alone(self, at: Head, event: _Arrived, counted: int | None) -> None:
        attempts = counted or 1
        if self._careful:
            self._careful -= 1
            attempts = counted or await self._count_attempt(event.received)
        reason = f"not finished in {ATTEMPTS_MAX} attempts" if attempts > ATTEMPTS_MAX else None
        if reason is None:
            try:
                await self._commit(at, [event])
            except (Stale, Unavailable):
                raise
            except Exception as error:  # noqa: BLE001  # Whatever a fold raises, the source's other events go on.
                reason = str(error) if isinstance(error, Poison) else repr(error)
            else:
                return
        await self._commit(at, [event], parked=reason, attempts=attempts)

    async def _commit(self, at: Head, run: list[_Arrived], *, parked: str | None = None, attempts: int = 1) -> None:
        now = self._clock.now()
        events = [event.received for event in run]
        happened = self._said(run) if parked is None else []
        end = replace(at, seq=events[-1].seq, hash=events[-1].hash)

        def work(session: Session) -> None:
            if not received.advance(session, self.source, at, end, now):
                raise Stale
            received.store(session, self.source, self.partition, events)
            if parked is None:
                self._fold(session, happened)
            else:
                received.park(session, self.source, events[0], parked[:2000], attempts, now)

        await self._database.write(work)
        self._mark = received.Watermark(at=end, diverged=None)
        self._observe()
        metrics.events_applied.labels(*self._labels).inc(len(run))
        log.debug("events_applied", source=self.source, events=len(run), seq=end.seq)
        if parked is not None:
            metrics.events_parked.labels(*self._labels).inc()
            metrics.parked_open.labels(*self._labels).inc()
            log.error(
                "event_parked", alarm=True, source=self.source, event_id=events[0].envelope.id, reason=parked[:200]
            )
        self._applied(happened)

    def _said(self, run: list[_Arrived]) -> list[Happened]:
        """What the events say. What cannot be read fails the batch, and is parked when its turn comes alone."""
        said = []
        for event in run:
            if event.happened is None:
                raise Poison(event.trouble)
            said.append(event.happened)
        return said

    def _observe(self) -> None:
        if self._mark is None:
            return
        labels = (*self._labels, str(self.partition))
        self.head_seq = max(self.head_seq, self._mark.at.seq)
        metrics.watermark_sequence.labels(*labels).set(self._mark.at.seq)
        metrics.source_head_sequence.labels(*labels).set(self.head_seq)
        metrics.source_diverged.labels(*labels).set(self._mark.diverged is not None)
