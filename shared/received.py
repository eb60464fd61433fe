"""The consumer's tables: what was received, how far each source is applied, and what had to be parked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import select
from sqlmodel import Session

from shared.columns import Counter, Moment
from shared.events.base import Received
from shared.log import Head
from shared.statements import Statement, connection_of, insert_rows

# Events whose places share an index's neighbourhood: one by project alone touches a page for each event, and the more
# there are the dearer; one by block and project stays within some pages, and who reads a project goes block by block.
BLOCK: Final = 4_096

metadata = sa.MetaData()

received_event = sa.Table(
    "received_event",
    metadata,
    sa.Column("position", Counter, primary_key=True, autoincrement=True),
    sa.Column("s", sa.String(32), nullable=False),
    sa.Column("p", sa.Integer, nullable=False),
    sa.Column("epoch", sa.String(36), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("id", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(64)),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("event", sa.LargeBinary, nullable=False),  # The exact bytes, so that anybody can check them again.
    sa.UniqueConstraint("s", "p", "epoch", "seq"),
)
# Written out in every statement: an index of an expression serves those that hold the same words.
_block = received_event.c.position // sa.literal_column(str(BLOCK), sa.Integer())
sa.Index("ix_received_event_block", _block, received_event.c.subject)
watermark_table = sa.Table(
    "watermark",
    metadata,
    sa.Column("s", sa.String(32), primary_key=True),
    sa.Column("p", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.String(36), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("diverged", sa.Text),  # Why this source may not be applied any more.
    sa.Column("updated_at", Moment, nullable=False),
)
parked_event = sa.Table(
    "parked_event",
    metadata,
    sa.Column("position", Counter, sa.ForeignKey(received_event.c.position), primary_key=True),
    sa.Column("subject", sa.String(64), index=True),  # None: it could touch any project.
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("first_at", Moment, nullable=False),
)
attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("s", sa.String(32), primary_key=True),
    sa.Column("p", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
)
dismissal = sa.Table(  # Of a parked event: proposed by one person, confirmed by another.
    "dismissal",
    metadata,
    sa.Column("position", Counter, sa.ForeignKey(parked_event.c.position), primary_key=True),
    sa.Column("proposed_by", sa.String(255), nullable=False),
    sa.Column("proposed_at", Moment, nullable=False),
    sa.Column("confirmed_by", sa.String(255)),
    sa.Column("confirmed_at", Moment),
)
operation = sa.Table(  # The audit trail of what operators did: appended to, and its outcome written once.
    "operation",
    metadata,
    sa.Column("number", Counter, primary_key=True, autoincrement=True),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("position", Counter, sa.ForeignKey(received_event.c.position)),  # None: no event was meant.
    sa.Column("subject", sa.String(64), index=True),
    sa.Column("by", sa.String(255), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("outcome", sa.String(32), nullable=False),  # "begun" for ever, if the process died of it.
    sa.Column("detail", sa.Text),
)
run = sa.Table("run", metadata, sa.Column("begun_at", Moment, primary_key=True))

_LAST_POSITION = Statement(select(sa.func.max(received_event.c.position)))
_ADVANCE = Statement(
    watermark_table.update()
    .where(
        watermark_table.c.s == sa.bindparam("source"),
        watermark_table.c.p == sa.bindparam("partition"),
        watermark_table.c.epoch == sa.bindparam("from_epoch"),
        watermark_table.c.seq == sa.bindparam("from_seq"),
        watermark_table.c.hash == sa.bindparam("from_hash"),
        watermark_table.c.diverged.is_(None),
    )
    .values(seq=sa.bindparam("new_seq"), hash=sa.bindparam("new_hash"), updated_at=sa.bindparam("now"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How far a source is applied, and why it stands still if it does."""

    at: Head
    diverged: str | None


def watermark(session: Session, *, source: str, partition: int) -> Watermark | None:
    """The watermark of a source's partition; None before first contact."""
    key = (watermark_table.c.s == source, watermark_table.c.p == partition)
    row = session.execute(select(watermark_table).where(*key)).first()
    if row is None:
        return None
    return Watermark(at=Head(partition=row.p, epoch=row.epoch, seq=row.seq, hash=row.hash), diverged=row.diverged)


def watermarks(session: Session) -> list[tuple[str, Watermark]]:
    """Every watermark with its source."""
    rows = session.execute(select(watermark_table).order_by(watermark_table.c.s, watermark_table.c.p))
    return [
        (row.s, Watermark(at=Head(partition=row.p, epoch=row.epoch, seq=row.seq, hash=row.hash), diverged=row.diverged))
        for row in rows
    ]


def begin(session: Session, source: str, at: Head, now: datetime) -> Watermark:
    """Start a watermark where there is none."""
    found = watermark(session, source=source, partition=at.partition)
    if found is not None:
        return found
    row = {"s": source, "p": at.partition, "epoch": at.epoch, "seq": at.seq, "hash": at.hash, "updated_at": now}
    session.execute(watermark_table.insert(), row)
    return Watermark(at=at, diverged=None)


def put(session: Session, source: str, mark: Watermark, now: datetime) -> None:
    """Change epoch or divergence of a watermark; number and hash move only by `advance`."""
    session.execute(
        watermark_table.update()
        .where(
            watermark_table.c.s == source,
            watermark_table.c.p == mark.at.partition,
            watermark_table.c.seq == mark.at.seq,
            watermark_table.c.hash == mark.at.hash,
        )
        .values(epoch=mark.at.epoch, diverged=mark.diverged, updated_at=now)
    )


def advance(session: Session, source: str, start: Head, end: Head, now: datetime) -> bool:
    """Move the watermark from exactly *start* to *end*; False if it stands anywhere else."""
    moved = _ADVANCE.run(
        session,
        source=source,
        partition=start.partition,
        from_epoch=start.epoch,
        from_seq=start.seq,
        from_hash=start.hash,
        new_seq=end.seq,
        new_hash=end.hash,
        now=now,
    )
    return moved == 1


def hashes(session: Session, *, source: str, at: Head, seqs: Iterable[int]) -> dict[int, str]:
    """The hashes of what is stored of a source's partition under the numbers *seqs*."""
    rows = session.execute(
        select(received_event.c.seq, received_event.c.hash).where(
            received_event.c.s == source, received_event.c.p == at.partition, received_event.c.seq.in_(list(seqs))
        )
    )
    return {row.seq: row.hash for row in rows}


def last_position(session: Session) -> int:
    """The place of the newest received event; 0 before the first."""
    found = _LAST_POSITION.first(session)
    return 0 if found is None else found[0] or 0


def blocks(position: int, last: int) -> range:
    """The blocks that hold what was received after *position*, up to *last*; see `rows_of`."""
    return range((position + 1) // BLOCK, last // BLOCK + 1) if last > position else range(0)


def in_block() -> sa.ColumnElement[bool]:
    """That an event is one of *project* in *block*, after *position*; see `rows_of`."""
    return sa.and_(
        _block == sa.bindparam("block"),
        received_event.c.subject == sa.bindparam("project"),
        received_event.c.position > sa.bindparam("position"),
    )


def rows_of(
    statement: Statement, session: Session, project: str, *, position: int = 0, last: int | None = None, **values: Any
) -> Iterator[Any]:
    """
    The rows that a statement with `in_block` finds of *project* after *position*, read a block at a time.

    *last* is the place of the newest received event, if the caller has asked for it already.
    """
    for block in blocks(position, last_position(session) if last is None else last):
        yield from statement.rows(session, project=project, block=block, position=position, **values)


def store(session: Session, source: str, partition: int, events: Sequence[Received]) -> None:
    """Keep the bytes of *events*."""
    rows = []
    for event in events:
        envelope = event.envelope
        rows.append(
            (source, partition, envelope.epoch, event.seq, envelope.id, envelope.subject, event.hash, event.raw)
        )
    connection = connection_of(session)
    # By the driver itself: of what an event costs, SQLAlchemy's preparing of each row was an eighth.
    if connection.dialect.name == "sqlite":
        insert_rows(connection.exec_driver_sql, _storing("?"), rows)
    else:
        connection.exec_driver_sql(_storing("%s"), rows)


@cache
def _storing(mark: str) -> str:
    columns = [column.name for column in received_event.columns if column is not received_event.c.position]
    marks = ", ".join([mark] * len(columns))
    return f"INSERT INTO {received_event.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


def park(session: Session, source: str, event: Received, reason: str, attempts: int, now: datetime) -> None:
    """Set a stored event aside with its reason."""
    envelope = event.envelope
    position = session.execute(
        select(received_event.c.position).where(
            received_event.c.s == source,
            received_event.c.p == envelope.partition,
            received_event.c.epoch == envelope.epoch,
            received_event.c.seq == event.seq,
        )
    ).scalar_one()
    row = {
        "position": position,
        "subject": envelope.subject,
        "reason": reason,
        "attempts": attempts,
        "first_at": now,
    }
    session.execute(parked_event.insert(), row)


def count_attempt(session: Session, source: str, partition: int, seq: int) -> int:
    """Count an attempt at the event numbered *seq* before it is made; returns which attempt it is, from 1."""
    key = (attempt.c.s == source, attempt.c.p == partition)
    row = session.execute(select(attempt).where(*key)).first()
    if row is None:
        session.execute(attempt.insert(), {"s": source, "p": partition, "seq": seq, "attempts": 1})
        return 1
    attempts = row.attempts + 1 if row.seq == seq else 1
    session.execute(attempt.update().where(*key).values(seq=seq, attempts=attempts))
    return int(attempts)


def open_run(session: Session, now: datetime) -> bool:
    """Note that the process runs; True if the one before did not stop cleanly."""
    unclean = session.execute(select(run.c.begun_at)).first() is not None
    session.execute(run.delete())
    session.execute(run.insert(), {"begun_at": now})
    return unclean


def close_run(session: Session) -> None:
    """Note that the process stops cleanly."""
    session.execute(run.delete())
