"""
The ten shortcuts that break the promise, each a switch: what the schedules do not notice, they do not prove.

Each changes the real code to the shortcut while it is on.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

import sqlalchemy as sa
from fastapi import Response
from sqlmodel import Session

from shared import epochs, feed, received
from shared.idempotency import Once
from shared.log import EventLog, Head, event_head, event_log
from shared.relay import Relay
from shared.subscription import Subscription, _Arrived
from tests.proof.parts import Crash
from tests.proof.world import World


@contextmanager
def send_once_without_pull() -> Iterator[None]:
    """The stream is all there is: what it loses is lost."""

    async def only_first_contact(self: Subscription) -> None:
        await self._watermark()

    with patch.object(Subscription, "catch_up", only_first_contact):
        yield


@contextmanager
def no_gap_check() -> Iterator[None]:
    """Whatever is newer than the watermark is applied."""

    def newer(self: Subscription, at: Head, events: list[_Arrived], *, trusted: bool) -> list[_Arrived]:
        return [event for event in events if event.received.seq > at.seq]

    with patch.object(Subscription, "_continuing", newer):
        yield


@contextmanager
def no_dedupe() -> Iterator[None]:
    """What comes again is applied again."""

    def all_of_them(self: Subscription, at: Head, events: list[_Arrived], *, trusted: bool) -> list[_Arrived]:
        return events

    with patch.object(Subscription, "_continuing", all_of_them):
        yield


@contextmanager
def effect_and_watermark_in_two_transactions() -> Iterator[None]:
    """Between the two there is time to die."""
    commit = Subscription._commit

    async def in_two(self: Subscription, at: Head, run: list[_Arrived], **words: Any) -> None:
        now = self._clock.now()
        with patch.object(received, "advance", lambda *_: True):
            await commit(self, at, run, **words)
        end = replace(at, seq=run[-1].received.seq, hash=run[-1].received.hash)
        await self._database.write(lambda session: ADVANCE(session, self.source, at, end, now))

    with patch.object(Subscription, "_commit", in_two):
        yield


ADVANCE: Final = received.advance


@contextmanager
def prune_on_sent() -> Iterator[None]:
    """What stands on the stream is removed from the log."""
    send = Relay._send

    async def and_remove(self: Relay, redis: Any) -> bool:
        more = await send(self, redis)
        sent = sa.delete(event_log).where(event_log.c.seq <= (self._cursor or 0))
        await self._database.write(lambda session: session.execute(sent) and None)
        return more

    with patch.object(Relay, "_send", and_remove):
        yield


@contextmanager
def confirm_before_commit() -> Iterator[None]:
    """The answer does not wait for the disk."""
    once = Once._once

    async def at_once(self: Once, *words: Any) -> Response:
        try:
            return await once(self, *words)
        except Crash:
            return Response(b'{"payment":"never-stored"}', status_code=201, media_type="application/json")

    with patch.object(Once, "_once", at_once):
        yield


@contextmanager
def confirming_live_state_while_restoring() -> Iterator[None]:
    """The service goes on answering while its database is put back."""

    async def goes_on(self: World) -> None:
        return

    with patch.object(World, "stop_budget", goes_on):
        yield


@contextmanager
def no_epoch_and_no_hash() -> Iterator[None]:
    """Numbers alone say where the consumer stands."""

    def by_number(self: Subscription, at: Head, events: list[_Arrived], *, trusted: bool) -> list[_Arrived]:
        run: list[_Arrived] = []
        for event in events:
            if event.received.seq == at.seq + 1 + len(run):
                run.append(event)
        return run

    def anything_goes(*_: object) -> None:
        return

    with (
        patch.object(Subscription, "_continuing", by_number),
        patch.object(feed, "_check", anything_goes),
        patch.object(epochs, "check", lambda *_: None),
    ):
        yield


@contextmanager
def numbering_at_insert() -> Iterator[None]:
    """Each request takes its number when it comes, whenever it is committed."""
    once, head = Once._once, EventLog._locked_head
    taken: dict[int, int] = {}

    async def numbered(self: Once, place: Any, digest: str, work: Callable[[Session], Any], expects: Any) -> Response:
        last = await self._database.read(lambda s: s.execute(sa.select(event_head.c.seq)).scalar_one())
        taken[id(self)] = seq = max(last, taken.get(id(self), 0)) + 1

        def as_numbered(session: Session) -> Any:
            session.info["number"] = seq
            return work(session)

        for _ in range(seq % 3):  # Some are slower than others.
            await asyncio.sleep(0.001)
        return await once(self, place, digest, as_numbered, expects)

    def from_the_session(self: EventLog, session: Session, partition: int) -> Head:
        found = head(self, session, partition)
        return replace(found, seq=session.info.get("number", found.seq + 1) - 1)

    with patch.object(Once, "_once", numbered), patch.object(EventLog, "_locked_head", from_the_session):
        yield


@contextmanager
def leaving_a_hole_on_rollback() -> Iterator[None]:
    """The next number is counted in memory, and what is rolled back has used it up."""
    head = EventLog._locked_head
    counted: dict[int, int] = {}

    def counting(self: EventLog, session: Session, partition: int) -> Head:
        found = head(self, session, partition)
        counted[id(self)] = last = max(found.seq, counted.get(id(self), 0))
        counted[id(self)] += 1
        return replace(found, seq=last)

    with patch.object(EventLog, "_locked_head", counting):
        yield


MUTANTS: Final[dict[str, Callable[[], AbstractContextManager[None]]]] = {
    "send once without pull": send_once_without_pull,
    "no gap check": no_gap_check,
    "no dedupe": no_dedupe,
    "effect and watermark in two transactions": effect_and_watermark_in_two_transactions,
    "prune on sent": prune_on_sent,
    "confirm before commit": confirm_before_commit,
    "confirming live state while restoring from backup": confirming_live_state_while_restoring,
    "no epoch/hash": no_epoch_and_no_hash,
    "numbering at insert": numbering_at_insert,
    "leaving a hole on rollback": leaving_a_hole_on_rollback,
}
