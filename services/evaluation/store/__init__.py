"""Evaluation's tables and queries; nobody else reads them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import select
from sqlmodel import Session

from services.evaluation.store.tables import (
    ClosureRow,
    DeviationRow,
    DocumentLinkRow,
    DocumentRow,
    MeasurementRow,
    NarrativeRow,
    RebuildRow,
    RebuiltScoreRow,
    RestatementRow,
    ScoreFields,
    ScoreRow,
    SealedPaperRow,
    Table,
)
from shared.events import ALL
from shared.events.base import EventData, Received, read
from shared.events.evaluation import DeviationExplained, MeasurementReported, PlanAdopted, RatingGiven, ScoreUpdated
from shared.log import event_head, event_log, partition_of
from shared.received import (
    dismissal,
    in_block,
    last_position,
    parked_event,
    received_event,
    rows_of,
    watermark_table,
)
from shared.statements import Statement, inserting, table_of

__all__ = ["Table", "last_position"]  # Beside what is defined here.

# The own events that are facts; scores follow from facts and are none.
OWN_FACTS = tuple(
    event.versioned_type() for event in (PlanAdopted, RatingGiven, MeasurementReported, DeviationExplained)
)
PAGE = 1_000  # Events of the own log read at a time.


class KeptScore(NamedTuple):
    """What is asked of a score that is on record."""

    version: int
    total: str
    rule: str
    document: bytes


_scores = table_of(ScoreRow)
_SCORE = Statement(
    select(*(_scores.c[name] for name in KeptScore._fields)).where(_scores.c.project == sa.bindparam("named"))
)
_INSERT_SCORE = inserting(_scores)
_UPDATE_SCORE = Statement(
    sa.update(_scores)
    .where(_scores.c.project == sa.bindparam("named"))
    .values({name: sa.bindparam(f"new_{name}") for name in ScoreFields.model_fields if name != "project"})
)
_OWN = Statement(
    select(event_log.c.seq, event_log.c.event)
    .where(
        event_log.c.subject == sa.bindparam("project"),
        event_log.c.seq > sa.bindparam("seq"),
        event_log.c.type.in_([sa.literal_column(f"'{name}'") for name in OWN_FACTS]),
    )
    .order_by(event_log.c.seq)
)
_RECEIVED = Statement(
    select(received_event.c.position, received_event.c.event)
    .outerjoin(parked_event, parked_event.c.position == received_event.c.position)
    .where(in_block(), parked_event.c.position.is_(None))
    .order_by(received_event.c.position)
)
_RECEIVED_BY_ANY = Statement(
    select(received_event.c.position, received_event.c.subject, received_event.c.event)
    .outerjoin(parked_event, parked_event.c.position == received_event.c.position)
    .where(received_event.c.position > sa.bindparam("position"), parked_event.c.position.is_(None))
    .order_by(received_event.c.position)
    .limit(sa.bindparam("most"))
)
_KEPT = Statement(
    select(
        *(received_event.c[name] for name in ("p", "epoch", "seq", "hash", "event")),
        parked_event.c.position.is_not(None),
    )
    .outerjoin(parked_event, parked_event.c.position == received_event.c.position)
    .where(in_block(), received_event.c.s == sa.bindparam("source"))
    .order_by(received_event.c.position)
)
_PARKED = Statement(
    select(parked_event.c.position)
    .outerjoin(dismissal, dismissal.c.position == parked_event.c.position)
    .where(
        sa.or_(parked_event.c.subject == sa.bindparam("project"), parked_event.c.subject.is_(None)),
        dismissal.c.confirmed_at.is_(None),
    )
    .limit(sa.bindparam("most"))
)
_DIVERGED = Statement(
    select(watermark_table.c.s).where(watermark_table.c.diverged.is_not(None)).limit(sa.bindparam("most"))
)


def own_facts(session: Session, project: str, seq: int) -> Iterator[tuple[int, Received, EventData]]:
    """The events of the own log after *seq* that are facts of *project*: number, event, and what it says."""
    for number, raw in _OWN.rows(session, project=project, seq=seq):
        event = read(raw)
        yield number, event, ALL.decode(event.envelope)


def happened(
    session: Session, project: str, position: int, seq: int, last: int | None = None
) -> Iterator[tuple[int, int, Received, EventData]]:
    """
    What happened to *project* after a place in what was received (*position*) and in the own log (*seq*).

    Parked events are left out; *last* as in `rows_of`. Yields the new place with each event.
    """
    for number, event, data in own_facts(session, project, seq):
        yield position, number, event, data
        seq = number
    for place, raw in rows_of(_RECEIVED, session, project, position=position, last=last):
        event = read(raw)
        yield place, seq, event, ALL.decode(event.envelope)


def received(session: Session, position: int, most: int) -> list[tuple[int, str | None, bytes]]:
    """The next *most* received events of all projects after *position*, parked ones left out: place, project, bytes."""
    return [
        (place, project, raw) for place, project, raw in _RECEIVED_BY_ANY.rows(session, position=position, most=most)
    ]


class KeptEvent(NamedTuple):
    """An event of a project as evaluation keeps it."""

    source: str
    partition: int
    epoch: str
    seq: int
    hash: str
    raw: bytes
    is_parked: bool


def kept_events(session: Session, project: str, source: str) -> Iterator[KeptEvent]:
    """Every event of *project* from *source*, or from the own log, in the order of that log; read a part at a time."""
    if source == "evaluation":
        yield from _own_kept(session, project)
        return
    for p, epoch, seq, digest, raw, is_parked in rows_of(_KEPT, session, project, source=source):
        yield KeptEvent(source, p, epoch, seq, digest, raw, bool(is_parked))


def _own_kept(session: Session, project: str) -> Iterator[KeptEvent]:
    own = event_log.c
    query = select(own.p, own.epoch, own.seq, own.hash, own.event).order_by(own.seq).limit(PAGE)
    query = query.where(own.p == partition_of(project), own.subject == project)
    seq = 0
    while rows := session.execute(query.where(own.seq > seq)).all():
        for row in rows:
            yield KeptEvent("evaluation", row.p, row.epoch, row.seq, row.hash, row.event, is_parked=False)
        seq = rows[-1].seq


def is_parked(session: Session, project: str) -> bool:
    """Whether an event is parked, and not dismissed, that could touch *project*."""
    return _PARKED.first(session, project=project, most=1) is not None


def is_diverged(session: Session) -> bool:
    """Whether any source's history is not the one that was applied."""
    return _DIVERGED.first(session, most=1) is not None


def score(session: Session, project: str) -> KeptScore | None:
    """The latest version of a score."""
    row = _SCORE.first(session, named=project)
    return None if row is None else KeptScore(*row)


def save_score(session: Session, score: ScoreFields, *, is_new: bool) -> None:
    """Keep the latest version of a score in place of the one before."""
    values = score.model_dump()
    if is_new:
        _INSERT_SCORE.run(session, **values)
    else:
        _UPDATE_SCORE.run(
            session, named=values.pop("project"), **{f"new_{name}": value for name, value in values.items()}
        )


def explanations(session: Session, deviations: Sequence[str]) -> dict[str, dict[str, str]]:
    """The words of the explanations with these ids."""
    if not deviations:
        return {}
    rows = session.scalars(select(DeviationRow).where(sa.column("deviation").in_(deviations)))
    return {
        row.deviation: {"reason": row.reason, "remedy": row.remedy, "occurred_at": row.occurred_at.isoformat()}
        | ({} if row.cause is None else {"cause": row.cause})
        for row in rows
    }


def planned_projects(session: Session) -> list[str]:
    """Every project that has a plan."""
    query = select(event_log.c.subject).where(event_log.c.type == PlanAdopted.versioned_type()).distinct()
    return [subject for subject in session.execute(query).scalars() if subject is not None]


def running_projects(session: Session, now: datetime) -> list[str]:
    """The projects whose period is not over at *now*, or whose score is not final: time may move them."""
    is_running = sa.or_(_scores.c.period_ends_at >= now, _scores.c.is_final.is_(sa.false()))
    return list(session.execute(select(_scores.c.project).where(is_running)).scalars())


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


def score_events(session: Session, partition: int, after: int, limit: int) -> list[tuple[int, bytes]]:
    """The next score changes in the log after *after*: number and bytes."""
    rows = session.execute(
        select(event_log.c.seq, event_log.c.event)
        .where(event_log.c.p == partition, event_log.c.seq > after, event_log.c.type == ScoreUpdated.versioned_type())
        .order_by(event_log.c.seq)
        .limit(limit)
    )
    return [(row.seq, row.event) for row in rows]


def head(session: Session, partition: int) -> tuple[str, int]:
    """Epoch and last number of the own log."""
    row = session.execute(select(event_head.c.epoch, event_head.c.seq).where(event_head.c.p == partition)).one()
    return row.epoch, row.seq


def rebuild(session: Session, rebuild: str) -> RebuildRow | None:
    """The rebuild of that id."""
    return session.scalars(select(RebuildRow).where(sa.column("rebuild") == rebuild)).first()


def rebuilds(session: Session, after: int, limit: int) -> list[RebuildRow]:
    """At most *limit* rebuilds after number *after*, oldest first."""
    query = select(RebuildRow).where(sa.column("number") > after).order_by(sa.column("number")).limit(limit)
    return list(session.scalars(query))


def running_rebuild(session: Session) -> RebuildRow | None:
    """The rebuild that is not finished."""
    return session.scalars(select(RebuildRow).where(sa.column("finished_at").is_(None))).first()


def last_reset(session: Session, epoch: str) -> int:
    """Where the own log stood when a rebuild was last swapped in, in *epoch*; 0 if none was."""
    query = select(RebuildRow).where(sa.column("epoch") == epoch).order_by(sa.column("number").desc()).limit(1)
    last = session.scalars(query).first()
    return 0 if last is None else last.seq or 0


def clear_rebuilt(session: Session) -> None:
    """Forget what a rebuild made that was cut short."""
    session.execute(sa.delete(RebuiltScoreRow))


def keep_rebuilt(session: Session, rows: Sequence[ScoreFields]) -> None:
    """Keep rebuilt scores beside the live ones."""
    for row in rows:
        session.merge(RebuiltScoreRow(**row.model_dump()))


def keep_live(session: Session, project: str) -> None:
    """Let the live score of *project* stand as it is, as if it were rebuilt."""
    live = session.get(ScoreRow, project, populate_existing=True)
    if live is not None:
        keep_rebuilt(session, [live])


def moved_on(session: Session) -> list[str]:
    """The projects that were scored since they were rebuilt, or were not rebuilt."""
    live, rebuilt = ScoreRow.__table__, RebuiltScoreRow.__table__  # type: ignore[attr-defined]
    query = (
        select(live.c.project)
        .outerjoin(rebuilt, rebuilt.c.project == live.c.project)
        .where(sa.or_(rebuilt.c.version.is_(None), rebuilt.c.version != live.c.version))
    )
    return list(session.scalars(query))


def swap_rebuilt(session: Session) -> None:
    """Show the rebuilt scores in place of the live ones."""
    session.flush()
    live, rebuilt = ScoreRow.__table__, RebuiltScoreRow.__table__  # type: ignore[attr-defined]
    names = [column.name for column in live.columns]
    session.execute(sa.delete(live))
    session.execute(sa.insert(live).from_select(names, select(*(rebuilt.c[name] for name in names))))
    session.execute(sa.delete(rebuilt))
    session.expire_all()


def finish_rebuild(
    session: Session, rebuild: str, *, now: datetime, projects: int, digests: tuple[str, str], seq: int
) -> None:
    """Put on record what came of a rebuild."""
    row = session.scalars(select(RebuildRow).where(sa.column("rebuild") == rebuild)).one()
    row.finished_at, row.projects, row.seq = now, projects, seq
    row.live_digest, row.rebuilt_digest = digests
    row.epoch, _ = head(session, 0)
    session.add(row)


def narrative(session: Session, project: str, language: str) -> dict[str, str]:
    """What was written of a project, by section."""
    query = select(NarrativeRow).where(sa.column("project") == project, sa.column("language") == language)
    return {row.section: row.words for row in session.scalars(query)}


def save_narrative(
    session: Session, project: str, language: str, texts: Mapping[str, str], *, by: str, now: datetime
) -> None:
    """Keep what was written of some sections; an empty text takes one back."""
    for section, words in texts.items():
        row = NarrativeRow(
            project=project, language=language, section=section, words=words, written_by=by, written_at=now
        )
        session.merge(row)


def tips(session: Session) -> list[tuple[str, int, str, int, str]]:
    """Where the logs stand that the scores rest on: source, partition, epoch, number, hash; the own log last."""
    rows = session.execute(select(watermark_table).order_by(watermark_table.c.s, watermark_table.c.p))
    found = [(row.s, row.p, row.epoch, row.seq, row.hash) for row in rows]
    own = session.execute(select(event_head).order_by(event_head.c.p))
    return [*found, *(("evaluation", row.p, row.epoch, row.seq, row.hash) for row in own)]


def closure(session: Session, project: str) -> ClosureRow | None:
    """The closure of a project's year, proposed or sealed."""
    return session.get(ClosureRow, project)


def sealed_paper(session: Session, project: str, kind: str) -> SealedPaperRow | None:
    """A sealed form of one kind."""
    return session.get(SealedPaperRow, (project, kind))


def sealed_hashes(session: Session, project: str) -> dict[str, str]:
    """The SHA-256 of each kind of a project's sealed form."""
    table = SealedPaperRow.__table__  # type: ignore[attr-defined]  # Without the bytes of the papers.
    query = select(table.c.kind, table.c.sha256).where(table.c.project == project)
    return {row.kind: row.sha256 for row in session.execute(query)}


def document(session: Session, project: str, sha256: str) -> DocumentRow | None:
    """The document of a project with that content."""
    query = select(DocumentRow).where(sa.column("project") == project, sa.column("sha256") == sha256)
    return session.scalars(query).first()


def documents(session: Session, project: str, *, after: int = 0, limit: int | None = None) -> list[DocumentRow]:
    """A project's documents behind the number *after*, oldest first."""
    query = select(DocumentRow).where(sa.column("project") == project, sa.column("number") > after)
    return list(session.scalars(query.order_by(sa.column("number")).limit(limit)))


def documents_held(session: Session, project: str) -> tuple[int, int]:
    """How many documents a project has, and of how many bytes together."""
    table = DocumentRow.__table__  # type: ignore[attr-defined]
    query = select(sa.func.count(), sa.func.coalesce(sa.func.sum(table.c.size), 0)).where(table.c.project == project)
    count, size = session.execute(query).one()
    return int(count), int(size)


def document_links(session: Session, project: str, hashes: Sequence[str] | None = None) -> list[DocumentLinkRow]:
    """What the documents with these hashes, or all of a project, back; in the order of their kinds and ids."""
    query = select(DocumentLinkRow).where(sa.column("project") == project)
    if hashes is not None:
        query = query.where(sa.column("sha256").in_(hashes))
    return list(session.scalars(query.order_by(sa.column("kind"), sa.column("subject"), sa.column("sha256"))))


def measured_by_hand(session: Session, project: str) -> list[MeasurementRow]:
    """What was reported by hand of a project, with the names of the papers."""
    query = select(MeasurementRow).where(sa.column("project") == project)
    return list(session.scalars(query.order_by(sa.column("measurement"))))
