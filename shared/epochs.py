"""
Which life of its log a database is in: one that was put back from a backup begins another epoch.

In the old epoch the numbers after the backup's end have been given out once already, and may stand on the stream and
with consumers. A new epoch tells both apart. It costs each consumer one question, so one is begun on any doubt:

- the *place* differs: the file, or the PostgreSQL cluster, timeline and table, is not the one that was written last;
- the *witness*, a small file beside a SQLite database, saw the log end later or otherwise;
- the stream holds an event signed with our key, of this epoch, that the log does not have;
- an operator says so.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy import URL, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared.columns import Moment
from shared.identity import new_id
from shared.log import EventLog, Head, event_head, metadata

WITNESS_SECONDS: Final = 1.0  # Between two looks at the head; what the witness misses, stream and consumers know.

log_place = sa.Table(
    "log_place",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),  # There is one row.
    sa.Column("place", sa.String(200), nullable=False),
)
log_epoch = sa.Table(
    "log_epoch",
    metadata,
    sa.Column("p", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.String(36), primary_key=True),  # The one that ended.
    sa.Column("seq", sa.BigInteger, nullable=False),  # Where it ended, as far as this database knows.
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("next_epoch", sa.String(36), nullable=False),
    sa.Column("ended_at", Moment, nullable=False),
    sa.Column("evidence", sa.String(32), nullable=False),  # place, witness, stream, operator.
    sa.Column("detail", sa.Text, nullable=False),
)

_PLACE_OF_POSTGRESQL = text(
    "SELECT (SELECT system_identifier FROM pg_control_system()) || ' ' ||"
    " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || ' ' || pg_relation_filenode('event_log')"
)

log = structlog.get_logger()


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Where a partition ended when the witness last looked."""

    epoch: str
    seq: int
    hash: str


class Witness:
    """A file that remembers where the log ended, apart from the database. Losing it loses evidence, nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: bytes | None = None

    def read(self) -> Mapping[int, End]:
        """What it saw last; nothing if it is missing or spoilt."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[int, End])
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return {}

    def write(self, heads: list[Head]) -> None:
        """Remember *heads*; blocks on the disk, and is only a trace: what cannot be written is told and left."""
        seen = {head.partition: End(epoch=head.epoch, seq=head.seq, hash=head.hash) for head in heads}
        content = msgspec.json.encode(seen)
        if content == self._written:
            return
        draft = self._path.with_name(self._path.name + ".new")
        try:
            draft.write_bytes(content)
            draft.replace(self._path)
        except OSError as error:
            log.warning("witness_not_written", error=error.strerror)
        self._written = content


def witness_of(url: URL) -> Witness | None:
    """The witness beside a SQLite database; a server's database has none."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Witness(Path(f"{url.database}.head"))


def place_of(session: Session, url: URL) -> str | None:
    """Where the database is: something that a copy of it has differently; None if that cannot be told."""
    if url.get_backend_name() == "sqlite":
        return f"file {Path(url.database).stat().st_ino}" if url.database else None
    try:
        with session.begin_nested():
            return str(session.execute(_PLACE_OF_POSTGRESQL).scalar_one())
    except DBAPIError:  # A server that does not let us look.
        return None


def check(session: Session, event_log: EventLog, url: URL, seen: Mapping[int, End], now: datetime) -> str | None:
    """
    Begin another epoch if this database looks like a copy put back, and note where it is now.

    Returns:
        What was found; None if nothing was.
    """
    place = place_of(session, url)
    recorded = session.execute(select(log_place.c.place)).scalar()
    detail = _missing(session, event_log, seen)
    evidence = "witness"
    if detail is None and None not in (place, recorded) and place != recorded:
        evidence, detail = "place", "the database is not where it was written last"
    if place is not None and place != recorded:
        session.execute(log_place.delete())
        session.execute(log_place.insert(), {"one": 1, "place": place})
    if detail is not None:
        begin(session, event_log, evidence, detail, now)
    return detail


def _missing(session: Session, event_log: EventLog, seen: Mapping[int, End]) -> str | None:
    for head in event_log.heads(session):
        end = seen.get(head.partition)
        if end is None or _is_over(session, head.partition, end.epoch):
            continue
        if end.epoch != head.epoch or event_log.hash_at(session, head.partition, end.seq) != end.hash:
            return f"the log ends at {head.seq}; it ended at {end.seq} before"
    return None


def _is_over(session: Session, partition: int, epoch: str) -> bool:
    query = select(log_epoch.c.epoch).where(log_epoch.c.p == partition, log_epoch.c.epoch == epoch)
    return session.execute(query).first() is not None


def begin(session: Session, event_log: EventLog, evidence: str, detail: str, now: datetime) -> None:
    """Begin another epoch in every partition: numbers and chain go on from the head that is there."""
    epoch = new_id()
    for head in event_log.heads(session):
        row = {
            "p": head.partition,
            "epoch": head.epoch,
            "seq": head.seq,
            "hash": head.hash,
            "next_epoch": epoch,
            "ended_at": now,
            "evidence": evidence,
            "detail": detail,
        }
        session.execute(log_epoch.insert(), row)
        session.execute(event_head.update().where(event_head.c.p == head.partition).values(epoch=epoch))
        event_log.changes += 1
