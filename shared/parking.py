"""
Parked events: what is set aside, how it comes back in its place, how it is given up, and who did that.

An event is replayed by folding its project anew: every received event of the project in the order in which it was
received, this one among them. So a projection equals the fold of the received events whatever was applied meanwhile,
and an event that no longer fits where it belongs stays parked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy import select
from sqlmodel import Session

from shared.events.base import Contracts, Received, Undecodable, read
from shared.received import dismissal, in_block, operation, parked_event, received_event, rows_of
from shared.statements import Statement
from shared.subscription import Fold, Happened, Poison

DETAIL_LENGTH_MAX: Final = 2_000

_REPLAYS = Statement(
    select(sa.func.count()).where(operation.c.subject == sa.bindparam("project"), operation.c.outcome == "replayed")
)
_RECEIVED = Statement(
    select(received_event.c.s, received_event.c.event)
    .outerjoin(parked_event, parked_event.c.position == received_event.c.position)
    .where(in_block(), parked_event.c.position.is_(None))
    .order_by(received_event.c.position)
)

State = Literal["open", "dismissed", "all"]
Refold = Callable[[Session, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """An event that is set aside, and what was decided about it."""

    position: int  # Its place among everything received.
    source: str
    project: str | None  # None: it could touch any.
    event: bytes
    reason: str  # Why it could not be applied, the last time it was tried.
    attempts: int
    first_at: datetime
    proposed_by: str | None
    proposed_at: datetime | None
    confirmed_by: str | None
    confirmed_at: datetime | None


def listed(
    session: Session, *, state: State, projects: Sequence[str] | None, after: int, limit: int, at: int | None = None
) -> list[Parked]:
    """Parked events by position, at most *limit* after *after*; *projects* None means all; *at* one position alone."""
    query = (
        select(parked_event, received_event.c.s, received_event.c.event, dismissal)
        .join(received_event, received_event.c.position == parked_event.c.position)
        .outerjoin(dismissal, dismissal.c.position == parked_event.c.position)
        .where(parked_event.c.position > after)
        .order_by(parked_event.c.position)
        .limit(limit)
    )
    if at is not None:
        query = query.where(parked_event.c.position == at)
    if projects is not None:
        query = query.where(parked_event.c.subject.in_(projects))
    if state != "all":
        is_open = dismissal.c.confirmed_at.is_(None)
        query = query.where(is_open if state == "open" else sa.not_(is_open))
    return [_parked(row) for row in session.execute(query)]


def _parked(row: Any) -> Parked:
    return Parked(
        position=row.position,
        source=row.s,
        project=row.subject,
        event=row.event,
        reason=row.reason,
        attempts=row.attempts,
        first_at=row.first_at,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
    )


def find(session: Session, position: int) -> Parked | None:
    """The event parked at *position*, dismissed or not."""
    return next(iter(listed(session, state="all", projects=None, after=0, limit=1, at=position)), None)


def count_open(session: Session) -> dict[str, int]:
    """How many events are parked and not dismissed, by source."""
    query = (
        select(received_event.c.s, sa.func.count())
        .join(parked_event, parked_event.c.position == received_event.c.position)
        .outerjoin(dismissal, dismissal.c.position == parked_event.c.position)
        .where(dismissal.c.confirmed_at.is_(None))
        .group_by(received_event.c.s)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def note(
    session: Session,
    *,
    action: str,
    by: str,
    reason: str,
    at: datetime,
    outcome: str,
    parked: Parked | None = None,
    detail: str | None = None,
) -> int:
    """Put on record what an operator does; returns the entry's number."""
    row = {
        "action": action,
        "position": None if parked is None else parked.position,
        "subject": None if parked is None else parked.project,
        "by": by,
        "reason": reason,
        "at": at,
        "outcome": outcome,
        "detail": detail,
    }
    return int(session.execute(operation.insert().returning(operation.c.number), row).scalar_one())


def operations(session: Session, *, projects: Sequence[str] | None, after: int, limit: int) -> Sequence[Any]:
    """The audit trail, oldest first; *projects* None means all."""
    query = select(operation).where(operation.c.number > after).order_by(operation.c.number).limit(limit)
    if projects is not None:
        query = query.where(operation.c.subject.in_(projects))
    return session.execute(query).all()


def replays(session: Session, project: str) -> int:
    """How often events of *project* were put back in their place: what was folded before is then to be folded anew."""
    found = _REPLAYS.first(session, project=project)
    return 0 if found is None else int(found[0])


def begin_replay(session: Session, parked: Parked, by: str, reason: str, at: datetime) -> int:
    """Count and note an attempt before it is made: it may take the process with it."""
    count = parked_event.update().where(parked_event.c.position == parked.position)
    session.execute(count.values(attempts=parked_event.c.attempts + 1))
    return note(session, action="replay", by=by, reason=reason, at=at, outcome="begun", parked=parked)


def replay(session: Session, parked: Parked, number: int, contracts: Contracts, refold: Refold) -> Happened:
    """
    Put an event back in its place and fold its project anew, in the caller's transaction.

    Raises:
        Poison: If it cannot be read, or does not fit in its place with all that came after.
    """
    happened = _happened(parked.source, read(parked.event), contracts)
    if happened.data.project != parked.project:
        raise Poison("the event is of another project than its envelope says")
    session.execute(dismissal.delete().where(dismissal.c.position == parked.position))
    session.execute(parked_event.delete().where(parked_event.c.position == parked.position))
    settle(session, number, "replayed")  # Before folding: it tells the folds that their past has changed.
    refold(session, happened.data.project)
    return happened


def settle(session: Session, number: int, outcome: str, detail: str | None = None) -> None:
    """Write the outcome of an operation that was begun."""
    session.execute(operation.update().where(operation.c.number == number).values(outcome=outcome, detail=detail))


def fail_replay(session: Session, parked: Parked, number: int, detail: str) -> None:
    """Leave an event parked, with the reason of this attempt."""
    detail = detail[:DETAIL_LENGTH_MAX]
    session.execute(parked_event.update().where(parked_event.c.position == parked.position).values(reason=detail))
    settle(session, number, "failed", detail)


def propose(session: Session, parked: Parked, by: str, at: datetime) -> None:
    """Note that *by* would give an event up."""
    session.execute(dismissal.insert(), {"position": parked.position, "proposed_by": by, "proposed_at": at})


def confirm(session: Session, parked: Parked, by: str, at: datetime) -> None:
    """Give an event up: it stays stored and unapplied, and no score waits for it any more."""
    change = dismissal.update().where(dismissal.c.position == parked.position)
    session.execute(change.values(confirmed_by=by, confirmed_at=at))


def refolding(forget: Callable[[Session, str], None], folds: Mapping[str, Fold], contracts: Contracts) -> Refold:
    """Fold a project anew into tables: *forget* what was learned of it, then apply all that was received of it."""

    def refold(session: Session, project: str) -> None:
        forget(session, project)
        for source, events in groupby(_received(session, project), key=lambda event: event[0]):
            folds[source](session, [_happened(source, event, contracts) for _, event in events])

    return refold


def _received(session: Session, project: str) -> Iterator[tuple[str, Received]]:
    """What was received of *project* and is not parked, in order of receipt, with its source."""
    for source, raw in rows_of(_RECEIVED, session, project):
        yield source, read(raw)


def _happened(source: str, event: Received, contracts: Contracts) -> Happened:
    try:
        return Happened(source=source, received=event, data=contracts.decode(event.envelope))
    except Undecodable as error:
        raise Poison(str(error)) from error
