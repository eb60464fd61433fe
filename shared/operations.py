"""What operators ask and do: is everything level, what is parked, put it back, give it up, and who did what."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Response
from sqlmodel import Session

from shared import epochs, metrics, pages, parking, received
from shared.access import Caller, require
from shared.events import ALL
from shared.events.base import Envelope, read
from shared.feed import FeedUnreachable
from shared.fields import Body, Text
from shared.pages import Cursor, Limit
from shared.parking import Parked, State
from shared.problems import NotFound, Refusal, Unavailable
from shared.subscription import Happened, Subscription

if TYPE_CHECKING:
    from shared.service import Service

HEAD_SECONDS: Final = 3.0  # For each source's answer; all are asked at once.
POSITION_MAX: Final = 2**62

Auditor = Annotated[Caller, Depends(require("audit:read"))]
Operator = Annotated[Caller, Depends(require("operations:write"))]
Position = Annotated[int, Path(ge=1, le=POSITION_MAX)]


class Reasoned(Body):
    """Why an operator does what he does; kept for good."""

    reason: Text


class SamePerson(Refusal):
    """The person who proposed a dismissal may not confirm it."""

    slug, title = "same-person", "Somebody else must confirm this"


class AlreadyDismissed(Refusal):
    """The event was given up."""

    slug, title = "already-dismissed", "The event is dismissed"


class ReplayFailed(Refusal):
    """The event still cannot be applied in its place; it stays parked."""

    slug, title = "replay-failed", "The event still cannot be applied"


def router(service: "Service") -> APIRouter:
    """The calls of every service that consumes events."""
    routes = APIRouter(tags=["operations"], route_class=service.route_class)
    _add_questions(routes, service)
    _add_acts(routes, service)
    return routes


def _add_questions(routes: APIRouter, service: "Service") -> None:
    @routes.get("/reconciliation")
    async def reconciliation(caller: Auditor) -> dict[str, Any]:
        """
        Whether everything on record at the sources is applied here.

        Equal number and hash at both ends prove that the whole prefix is equal. A source that cannot be reached has
        ``reached: false`` and the head last heard of; nothing is level then.
        """
        sources = await asyncio.gather(*(_reconciled(service, each) for each in service.subscriptions))
        return {"level": all(each.pop("is_level") for each in sources), "sources": sources}

    @routes.get("/parked-events")
    async def parked_events(
        caller: Auditor, state: State = "open", limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """Events that could not be applied, by their position among everything received."""
        after = pages.number(cursor)
        visible = _visible(caller)
        rows = await service.database.read(
            lambda session: parking.listed(session, state=state, projects=visible, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, show, lambda row: row.position)

    @routes.get("/operations")
    async def operations(caller: Auditor, limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None) -> dict[str, Any]:
        """Who did what about parked events and epochs, when, why, and what came of it."""
        after = pages.number(cursor)
        visible = _visible(caller)
        rows = await service.database.read(
            lambda session: parking.operations(session, projects=visible, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, _show_operation, lambda row: row.number)


def _add_acts(routes: APIRouter, service: "Service") -> None:
    @routes.post("/parked-events/{position}/replay")
    async def replay(position: Position, body: Reasoned, caller: Operator) -> dict[str, Any]:
        """Put an event back in its place, by folding its project anew; 409 says why that is still impossible."""
        return await _replay(service, position, body.reason, caller)

    @routes.post("/parked-events/{position}/dismissal", responses={202: {"description": "Proposed."}})
    async def dismissal(position: Position, body: Reasoned, caller: Operator, response: Response) -> dict[str, Any]:
        """Give an event up: 202 when the first person proposes it, 200 when a second one confirms."""
        shown = await service.database.write(
            lambda session: _dismiss(session, position, body.reason, caller, service.clock.now())
        )
        if shown["outcome"] == "proposed":
            response.status_code = 202
            return shown
        await after_change(service)
        for subscription in service.subscriptions:
            subscription.announce(())
        return shown

    @routes.post("/epochs", status_code=201)
    async def epoch(body: Reasoned, caller: Operator) -> dict[str, Any]:
        """
        Say that this service's database was put back from a backup: its log begins another epoch.

        Safe at any time: consumers whose history agrees go on, the others stand still and say so.
        """
        if caller.projects is not None:
            raise NotFound("epochs are for operators of all projects")
        now = service.clock.now()

        def begin(session: Session) -> str:
            note = partial(parking.note, session, action="epoch", by=caller.subject, reason=body.reason, at=now)
            note(outcome="begun")
            epochs.begin(session, service.log, "operator", f"{caller.subject}: {body.reason}", now)
            return service.log.head(session, 0).epoch

        begun = await service.database.write(begin)
        service.tell_epoch("operator", "as an operator said")
        return {"epoch": begun}


def _visible(caller: Caller) -> Sequence[str] | None:
    return None if caller.projects is None else sorted(caller.projects)


async def after_change(service: "Service") -> None:
    """Tell the metrics how many events are parked."""
    counts = await service.database.read(parking.count_open)
    for subscription in service.subscriptions:
        source = subscription.source
        metrics.parked_open.labels(service.name, source).set(counts.get(source, 0))


async def _reconciled(service: "Service", subscription: Subscription) -> dict[str, Any]:
    """One line; the watermark is read before the head, so that events under way look like lag, never like a lead."""
    mark = await service.database.read(
        partial(received.watermark, source=subscription.source, partition=subscription.partition)
    )
    head, reached = subscription.head, False
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            head, reached = await subscription.ask_head(), True
    except (FeedUnreachable, TimeoutError):
        pass
    known = None if mark is None else mark.at
    # Not heard of since the start, a source has at least what was applied.
    head = head or known
    same = (
        head is not None
        and known is not None
        and (head.epoch, head.seq, head.hash)
        == (
            known.epoch,
            known.seq,
            known.hash,
        )
    )
    diverged = mark is not None and mark.diverged is not None
    if reached and not same:
        subscription.nudge()
    behind = 0 if head is None else head.seq - (0 if known is None else known.seq)
    return {
        "source": subscription.source,
        "partition": subscription.partition,
        "epoch": None if head is None else head.epoch,
        "head": None if head is None else {"seq": head.seq, "hash": head.hash},
        "watermark": None if known is None else {"seq": known.seq, "hash": known.hash},
        "lag": max(0, behind),
        "diverged": diverged,
        "reached": reached,
        "is_level": reached and same and not diverged,
    }


async def _replay(service: "Service", position: int, reason: str, caller: Caller) -> dict[str, Any]:
    now = service.clock.now()

    def begin(session: Session) -> tuple[Parked, int]:
        parked = _found(session, position, caller)
        return parked, parking.begin_replay(session, parked, caller.subject, reason, now)

    parked, number = await service.database.write(begin)
    try:
        happened = await service.database.write(lambda session: _replayed(service, session, parked, number))
    except Unavailable:
        raise
    except Exception as error:  # Whatever a fold raises: nothing has changed, and the reason is kept.
        detail = str(error) or repr(error)
        await service.database.write(lambda session: parking.fail_replay(session, parked, number, detail))
        attempts = parked.attempts + 1
        raise ReplayFailed(
            f"event {position} stays parked: {detail[:500]}", position=position, attempts=attempts
        ) from error
    await after_change(service)
    for subscription in service.subscriptions:
        if subscription.source == parked.source:
            subscription.announce([happened])
    return {"position": position, "outcome": "replayed", "attempts": parked.attempts + 1}


def _replayed(service: "Service", session: Session, parked: Parked, number: int) -> Happened:
    assert service.refold is not None, "a service that consumes says how it folds anew"
    return parking.replay(session, parked, number, ALL, service.refold)


def _dismiss(session: Session, position: int, reason: str, caller: Caller, now: datetime) -> dict[str, Any]:
    parked = _found(session, position, caller)
    by = caller.subject
    note = partial(parking.note, session, by=by, reason=reason, at=now, parked=parked)
    if parked.proposed_by is None:
        parking.propose(session, parked, by, now)
        note(action="dismissal", outcome="proposed")
        return {"position": position, "outcome": "proposed", "proposed_by": by}
    if parked.proposed_by == by:
        raise SamePerson(f"{by} proposed this dismissal; somebody else must confirm it", proposed_by=by)
    parking.confirm(session, parked, by, now)
    note(action="dismissal", outcome="dismissed")
    return {"position": position, "outcome": "dismissed", "proposed_by": parked.proposed_by, "confirmed_by": by}


def _found(session: Session, position: int, caller: Caller) -> Parked:
    parked = parking.find(session, position)
    visible = parked is not None and (
        caller.projects is None or (parked.project is not None and caller.may_see(parked.project))
    )
    if parked is None or not visible:
        raise NotFound(f"there is no parked event at position {position}", position=position)
    if parked.confirmed_by is not None:
        raise AlreadyDismissed(
            f"event {position} was dismissed", proposed_by=parked.proposed_by, confirmed_by=parked.confirmed_by
        )
    return parked


def show(parked: Parked) -> dict[str, Any]:
    """A parked event as the lists show it."""
    envelope: Envelope = read(parked.event).envelope
    return {
        "position": parked.position,
        "source": parked.source,
        "partition": envelope.partition,
        "epoch": envelope.epoch,
        "sequence": envelope.seq,
        "id": envelope.id,
        "type": envelope.type,
        "project": parked.project,
        "reason": parked.reason,
        "attempts": parked.attempts,
        "first_at": parked.first_at.isoformat(),
        "state": "dismissed" if parked.confirmed_by else "proposed" if parked.proposed_by else "parked",
        "proposed_by": parked.proposed_by,
        "proposed_at": None if parked.proposed_at is None else parked.proposed_at.isoformat(),
        "confirmed_by": parked.confirmed_by,
        "confirmed_at": None if parked.confirmed_at is None else parked.confirmed_at.isoformat(),
    }


def _show_operation(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "action": row.action,
        "position": row.position,
        "project": row.subject,
        "by": row.by,
        "reason": row.reason,
        "at": row.at.isoformat(),
        "outcome": row.outcome,
        "detail": row.detail,
    }
