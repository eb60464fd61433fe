"""
Step one of the mechanism: the log.

A service appends what happened in the transaction of the change itself. The log is the record: append only, numbered
without gaps, each event naming the hash of the one before it.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import select
from sqlmodel import Session

from shared.clock import Clock
from shared.columns import Moment
from shared.events import base
from shared.events.base import GENESIS_HASH, Envelope, EventData
from shared.identity import new_id
from shared.statements import Statement, inserting, tell

metadata = sa.MetaData()

event_head = sa.Table(
    "event_head",
    metadata,
    sa.Column("p", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.String(36), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
event_log = sa.Table(
    "event_log",
    metadata,
    sa.Column("p", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.String(36), nullable=False),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(64), index=True),
    sa.Column("time", Moment, nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
    sa.Column("correlation_id", sa.String(255), nullable=False),
    sa.Column("event", sa.LargeBinary, nullable=False),  # The exact bytes published.
    sa.Column("hash", sa.String(64), nullable=False),
)

PARTITIONS: Final = 1

_partition: sa.BindParameter[int] = sa.bindparam("partition")
_heads = select(event_head.c.p, event_head.c.epoch, event_head.c.seq, event_head.c.hash)
_HEAD = Statement(_heads.where(event_head.c.p == _partition))
_LOCKED_HEAD = Statement(_heads.where(event_head.c.p == _partition).with_for_update(), ignores_gathered=True)
_APPEND = inserting(event_log)
_MOVE = Statement(
    event_head.update()
    .where(event_head.c.p == _partition)
    .values(epoch=sa.bindparam("new_epoch"), seq=sa.bindparam("new_seq"), hash=sa.bindparam("new_hash"))
)
_HASH = Statement(select(event_log.c.hash).where(event_log.c.p == _partition, event_log.c.seq == sa.bindparam("at")))
_AFTER = Statement(
    select(event_log.c.seq, event_log.c.event)
    .where(event_log.c.p == _partition, event_log.c.seq > sa.bindparam("after"))
    .order_by(event_log.c.seq)
    .limit(sa.bindparam("most"))
)


def partition_of(project: str, partitions: int = PARTITIONS) -> int:
    """The partition of *project*: the same at every source, so that one worker meets all of a project's events."""
    return zlib.crc32(project.encode()) % partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a partition of a log ends."""

    partition: int
    epoch: str
    seq: int
    hash: str


class Appended(NamedTuple):
    """An event that was committed, as the listeners to commits are told of it."""

    partition: int
    seq: int
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What ties an event to the request that caused it."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


class EventLog:
    """The log of one service, in its own database."""

    def __init__(self, source: str, clock: Clock, partitions: int = PARTITIONS) -> None:
        self.source = source
        self.partitions = partitions
        # Counted on the writer's thread, and more than are committed: whether there may be anything new.
        self.changes = 0
        self._clock = clock

    def create(self, session: Session) -> None:
        """Begin each partition that is not there yet, in an epoch of its own."""
        for partition in range(self.partitions):
            if session.execute(select(event_head.c.p).where(event_head.c.p == partition)).first() is None:
                row = {"p": partition, "epoch": new_id(), "seq": 0, "hash": GENESIS_HASH}
                session.execute(event_head.insert(), row)

    def append(self, session: Session, data: EventData, *, time: datetime, trace: Trace) -> Envelope:
        """
        Append *data* in the caller's transaction; with its commit the event is on record.

        Args:
            session: The writer's session: its transaction is the only one that writes.
            data: What happened.
            time: When it happened, with its offset.
            trace: The request it came from.

        Returns:
            The envelope as published.
        """
        head = self._locked_head(session, partition_of(data.project, self.partitions))
        recorded = self._clock.now()
        envelope = Envelope(
            specversion="1.0",
            id=new_id(),
            source=f"/{self.source}",
            type=data.versioned_type(),
            subject=data.project,
            time=time,
            datacontenttype="application/json",
            dataschema=f"/schemas/{data.versioned_type()}",
            partitionkey=data.project,
            sequence=f"{head.seq + 1:020d}",
            epoch=head.epoch,
            partition=head.partition,
            prevhash=head.hash,
            correlationid=trace.correlation_id,
            causationid=trace.causation_id,
            traceparent=trace.traceparent,
            recordedtime=recorded,
            data=base.encode_data(data),
        )
        self._store(session, envelope, base.encode(envelope))
        self.changes += 1
        return envelope

    def _store(self, session: Session, envelope: Envelope, raw: bytes) -> None:
        digest = base.hash_of(raw)
        _APPEND.later(
            session,
            p=envelope.partition,
            seq=envelope.seq,
            epoch=envelope.epoch,
            id=envelope.id,
            type=envelope.type,
            subject=envelope.subject,
            time=envelope.time,
            recorded_at=envelope.recordedtime,
            correlation_id=envelope.correlationid,
            event=raw,
            hash=digest,
        )
        tell(session, Appended(envelope.partition, envelope.seq, raw))
        _MOVE.last(
            session,
            envelope.partition,
            partition=envelope.partition,
            new_epoch=envelope.epoch,
            new_seq=envelope.seq,
            new_hash=digest,
        )

    def head(self, session: Session, partition: int) -> Head:
        """Where *partition* ends now. The number comes from this row, never from the database's own counting."""
        return _head(_HEAD.first(session, partition=partition))

    def _locked_head(self, session: Session, partition: int) -> Head:
        moved = _MOVE.pending(session, partition)
        if moved is not None:
            return Head(partition=partition, epoch=moved["new_epoch"], seq=moved["new_seq"], hash=moved["new_hash"])
        # The claim lets one process write; the row's lock keeps the numbers right even against one that has none.
        return _head(_LOCKED_HEAD.first(session, partition=partition))

    def heads(self, session: Session) -> list[Head]:
        """Where every partition ends now."""
        rows = session.execute(select(event_head).order_by(event_head.c.p))
        return [Head(partition=row.p, epoch=row.epoch, seq=row.seq, hash=row.hash) for row in rows]

    def hash_at(self, session: Session, partition: int, seq: int) -> str | None:
        """The hash of the event numbered *seq*; of 0, what the first event names; None if there is no such event."""
        if seq == 0:
            return GENESIS_HASH
        found = _HASH.first(session, partition=partition, at=seq)
        return None if found is None else str(found[0])

    def after(self, session: Session, partition: int, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """The next events after *seq*, at most *limit*: number and exact bytes."""
        return [(number, raw) for number, raw in _AFTER.rows(session, partition=partition, after=seq, most=limit)]

    def seq_of(self, session: Session, partition: int, event_id: str) -> int | None:
        """The number of the event with this id; None if it is not in *partition*."""
        found = session.execute(
            select(event_log.c.seq).where(event_log.c.p == partition, event_log.c.id == event_id)
        ).scalar()
        return None if found is None else int(found)


def _head(row: tuple[Any, ...] | None) -> Head:
    assert row is not None, "the log was not begun"
    partition, epoch, seq, digest = row
    return Head(partition=partition, epoch=epoch, seq=seq, hash=digest)
