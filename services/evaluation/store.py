"""Evaluation's tables and queries; nobody else reads them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from shared.database import Moment
from shared.events import ALL
from shared.events.base import EventData, Received, read
from shared.events.evaluation import DeviationExplained, MeasurementReported, PlanAdopted, RatingGiven, ScoreUpdated
from shared.log import event_head, event_log
from shared.received import parked_event, received_event, watermark_table

# The own events that are facts; scores follow from facts and are none.
OWN_FACTS = tuple(
    event.versioned_type() for event in (PlanAdopted, RatingGiven, MeasurementReported, DeviationExplained)
)
PAGE = 1_000  # Events read at a time while facts are folded.


class Table(SQLModel, registry=registry()):
    """Evaluation's own tables, apart from those of any other service in the same process."""


class ScoreRow(Table, table=True):
    """The latest version of a project's score; the earlier ones are in the log."""

    __tablename__ = "score"
    project: str = Field(primary_key=True, max_length=64)
    version: int
    title: str
    unit: str = Field(index=True)
    fiscal_year: int
    total: str
    grade: str
    is_final: bool
    rule: str  # What it was scored under: changes with the plan and with the policy's data.
    period_ends_at: datetime = Field(sa_type=Moment, index=True)  # After it, time alone moves nothing.
    document: bytes  # The score as JSON, as of this version.


class RatingRow(Table, table=True):
    """What a rating's event leaves out: who rated, and why."""

    __tablename__ = "rating"
    rating: str = Field(primary_key=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    code: str
    level: str
    percent: str
    reason: str
    rated_by: str
    given_by: str
    occurred_at: datetime = Field(sa_type=Moment)


class RestatementRow(Table, table=True):
    """A version that another plan or policy made of the same facts: the score before it and the score after."""

    __tablename__ = "restatement"
    project: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    before: bytes
    after: bytes


class MeasurementRow(Table, table=True):
    """What a measurement's event leaves out: who reported it, why, and what the papers are called."""

    __tablename__ = "measurement"
    measurement: str = Field(primary_key=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    code: str
    value: str
    reason: str
    evidence: list[dict[str, str]] = Field(sa_type=sa.JSON)
    reported_by: str
    occurred_at: datetime = Field(sa_type=Moment)


class DeviationRow(Table, table=True):
    """The words of an explanation: its event leaves them out."""

    __tablename__ = "deviation"
    deviation: str = Field(primary_key=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    code: str
    reason: str
    remedy: str
    explained_by: str
    occurred_at: datetime = Field(sa_type=Moment)


def happened(session: Session, project: str, position: int, seq: int) -> Iterator[tuple[int, int, Received, EventData]]:
    """
    What happened to *project* after a place in what was received (*position*) and in the own log (*seq*).

    Parked events are left out. Yields the new place with each event.
    """
    for row in _own(session, project, seq):
        event = read(row.event)
        yield position, row.seq, event, ALL.decode(event.envelope)
        seq = row.seq
    while rows := _received(session, project, position):
        for row in rows:
            event = read(row.event)
            yield row.position, seq, event, ALL.decode(event.envelope)
        position = rows[-1].position
        if len(rows) < PAGE:
            return


def _own(session: Session, project: str, seq: int) -> Sequence[sa.Row[tuple[int, bytes]]]:
    return session.execute(
        select(event_log.c.seq, event_log.c.event)
        .where(event_log.c.subject == project, event_log.c.seq > seq, event_log.c.type.in_(OWN_FACTS))
        .order_by(event_log.c.seq)
    ).all()


def _received(session: Session, project: str, position: int) -> Sequence[sa.Row[tuple[int, bytes]]]:
    return session.execute(
        select(received_event.c.position, received_event.c.event)
        .outerjoin(parked_event, parked_event.c.position == received_event.c.position)
        .where(
            received_event.c.subject == project,
            received_event.c.position > position,
            parked_event.c.position.is_(None),
        )
        .order_by(received_event.c.position)
        .limit(PAGE)
    ).all()


def last_position(session: Session) -> int:
    """The place of the newest received event; 0 before the first."""
    return session.execute(select(sa.func.max(received_event.c.position))).scalar() or 0


def is_parked(session: Session, project: str) -> bool:
    """Whether an event is parked that could touch *project*."""
    touching = sa.or_(parked_event.c.subject == project, parked_event.c.subject.is_(None))
    return session.execute(select(parked_event.c.position).where(touching).limit(1)).first() is not None


def is_diverged(session: Session) -> bool:
    """Whether any source's history is not the one that was applied."""
    query = select(watermark_table.c.s).where(watermark_table.c.diverged.is_not(None)).limit(1)
    return session.execute(query).first() is not None


def score(session: Session, project: str) -> ScoreRow | None:
    """The latest version of a score."""
    return session.get(ScoreRow, project)


def explanations(session: Session, deviations: Sequence[str]) -> dict[str, dict[str, str]]:
    """The words of the explanations with these ids."""
    if not deviations:
        return {}
    rows = session.scalars(select(DeviationRow).where(sa.column("deviation").in_(deviations)))
    return {
        row.deviation: {"reason": row.reason, "remedy": row.remedy, "occurred_at": row.occurred_at.isoformat()}
        for row in rows
    }


def planned_projects(session: Session) -> list[str]:
    """Every project that has a plan."""
    query = select(event_log.c.subject).where(event_log.c.type == PlanAdopted.versioned_type()).distinct()
    return [subject for subject in session.execute(query).scalars() if subject is not None]


def running_projects(session: Session, now: datetime) -> list[str]:
    """The projects whose period is not over at *now*, or whose score is not final: time may move them."""
    query = select(ScoreRow).where(sa.or_(sa.column("period_ends_at") >= now, sa.column("is_final").is_(sa.false())))
    return [row.project for row in session.scalars(query)]


def scores(
    session: Session,
    *,
    projects: Sequence[str] | None,
    unit: str | None = None,
    year: int | None = None,
    grade: str | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[ScoreRow]:
    """Latest scores by project id; *projects* None means all."""
    query = select(ScoreRow).where(sa.column("project") > after)
    if projects is not None:
        query = query.where(sa.column("project").in_(projects))
    if unit is not None:
        query = query.where(sa.column("unit") == unit)
    if year is not None:
        query = query.where(sa.column("fiscal_year") == year)
    if grade is not None:
        query = query.where(sa.column("grade") == grade)
    return list(session.scalars(query.order_by(sa.column("project")).limit(limit)))


def versions(
    session: Session, project: str, *, after: int, since: datetime | None, until: datetime | None, limit: int
) -> list[tuple[int, bytes]]:
    """The versions of a project's score made after the event numbered *after*: number and bytes."""
    query = select(event_log.c.seq, event_log.c.event).where(
        event_log.c.subject == project, event_log.c.seq > after, event_log.c.type == ScoreUpdated.versioned_type()
    )
    if since is not None:
        query = query.where(event_log.c.time >= since)
    if until is not None:
        query = query.where(event_log.c.time <= until)
    return [(row.seq, row.event) for row in session.execute(query.order_by(event_log.c.seq).limit(limit))]


def version_at(session: Session, project: str, moment: datetime) -> int:
    """The version of a project's score that was on record at *moment*; 0 if none was."""
    raw = session.execute(
        select(event_log.c.event)
        .where(
            event_log.c.subject == project,
            event_log.c.type == ScoreUpdated.versioned_type(),
            event_log.c.recorded_at <= moment,
        )
        .order_by(event_log.c.seq.desc())
        .limit(1)
    ).scalar()
    return 0 if raw is None else int(msgspec.json.decode(read(raw).envelope.data)["version"])


def restatement(session: Session, project: str, version: int) -> RestatementRow | None:
    """What was restated with that version."""
    return session.get(RestatementRow, (project, version))


def restatements(session: Session, project: str, versions: Sequence[int]) -> dict[int, RestatementRow]:
    """The restatements among *versions*."""
    query = select(RestatementRow).where(sa.column("project") == project, sa.column("version").in_(versions))
    return {row.version: row for row in session.scalars(query)}


def score_events(session: Session, partition: int, after: int, limit: int) -> list[tuple[int, str, bytes]]:
    """The next score changes in the log after *after*: number, project and bytes."""
    rows = session.execute(
        select(event_log.c.seq, event_log.c.subject, event_log.c.event)
        .where(event_log.c.p == partition, event_log.c.seq > after, event_log.c.type == "score.updated.v1")
        .order_by(event_log.c.seq)
        .limit(limit)
    )
    return [(row.seq, row.subject, row.event) for row in rows]


def head(session: Session, partition: int) -> tuple[str, int]:
    """Epoch and last number of the own log."""
    row = session.execute(select(event_head.c.epoch, event_head.c.seq).where(event_head.c.p == partition)).one()
    return row.epoch, row.seq
