"""Monitoring's queries; nobody else reads its tables."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlmodel import Session

from services.monitoring.model import (
    Asset,
    Closure,
    Complaint,
    Fault,
    FaultCycle,
    Finding,
    Inspection,
    MaintenanceWindow,
    Origin,
    Project,
    Reading,
    Rectification,
    ServiceCount,
    SurveyAnswers,
)
from services.monitoring.store import statements
from services.monitoring.store.faults import Faults, a_cycle, a_fault, expected_of
from services.monitoring.store.tables import (
    AssetRow,
    ComplaintRow,
    FaultCycleRow,
    FaultRow,
    InspectionRow,
    ProjectRow,
    ReadingRow,
    ServiceCountRow,
    SurveyRow,
    Table,
    WindowRow,
)
from shared.events.base import EventData
from shared.service import Publish
from shared.statements import fields_of, rows_among, savepoint

__all__ = ["Store", "Table", "expected_of"]


class Store:
    """Monitoring's data in one transaction, and the log that goes with it."""

    def __init__(self, session: Session, publish: Publish | None = None) -> None:
        self._session = session
        self._publish = publish
        # Nobody else writes while this transaction does, so what it has looked up holds to its end.
        self._projects: dict[str, Project] = {}
        self._assets: dict[str, Asset] = {}
        self._faults = Faults(session)

    def publish(self, data: EventData, time: datetime) -> None:
        """Put *data* on record in this transaction."""
        assert self._publish is not None, "events are appended by writers only"
        self._publish(data, time)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A part of this transaction that is undone alone if it raises."""
        with savepoint(self._session), self._faults.apart():
            yield

    def project(self, project: str) -> Project | None:
        if project not in self._projects and (row := statements.PROJECT.first(self._session, project)):
            self._projects[project] = Project(**fields_of(ProjectRow, row))
        return self._projects.get(project)

    def save_project(self, project: Project) -> None:
        self._projects[project.project] = project
        self._session.merge(ProjectRow(**asdict(project)))

    def forget_project(self, project: str) -> None:
        self._projects.pop(project, None)
        self._session.execute(sa.delete(ProjectRow).where(sa.column("project") == project))

    def asset(self, asset: str) -> Asset | None:
        if asset not in self._assets:
            row = statements.ASSET.first(self._session, asset)
            if row is not None:
                self._assets[asset] = _asset(fields_of(AssetRow, row))
        return self._assets.get(asset)

    def save_asset(self, asset: Asset) -> None:
        self._assets[asset.asset] = asset
        known = self._session.scalars(select(AssetRow).where(sa.column("asset") == asset.asset)).first()
        self._session.merge(AssetRow(number=None if known is None else known.number, **asdict(asset)))

    def assets(self, *, projects: Sequence[str] | None, after: int, limit: int) -> list[tuple[int, Asset]]:
        """At most *limit* assets after number *after*, with their numbers; *projects* None means all."""
        query = select(AssetRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        rows = self._session.scalars(query.order_by(sa.column("number")).limit(limit))
        return [(row.number or 0, _asset(row.model_dump())) for row in rows]

    def expect(
        self, *, projects: Collection[str], faults: Collection[str], fingerprints: Collection[tuple[str, str]]
    ) -> None:
        """Look up together what a batch is about, and write what it changes together, with `save_intake`."""
        for row in rows_among(statements.PROJECTS, self._session, projects):
            project = Project(**fields_of(ProjectRow, row))
            self._projects[project.project] = project
        self._faults.expect(faults, fingerprints)

    def fault(self, fault: str) -> Fault | None:
        return self._faults.get(fault)

    def open_fault_by(self, project: str, fingerprint: str | None) -> Fault | None:
        """The fault of *project* that is not resolved and has *fingerprint*; there is one at most."""
        return None if fingerprint is None else self._faults.open_by((project, fingerprint))

    def faults(
        self, *, projects: Sequence[str] | None, status: str | None, after: int, limit: int
    ) -> list[tuple[int, Fault]]:
        """At most *limit* faults recorded after number *after*, with their numbers; *projects* None means all."""
        query = select(FaultRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        if status is not None:
            query = query.where(sa.column("status") == status)
        rows = self._session.scalars(query.order_by(sa.column("number")).limit(limit)).all()
        cycles = self._cycles([row.fault for row in rows])
        return [(row.number or 0, a_fault(row.model_dump(), cycles[row.fault])) for row in rows]

    def _cycles(self, faults: Sequence[str]) -> dict[str, list[FaultCycle]]:
        cycles: dict[str, list[FaultCycle]] = {fault: [] for fault in faults}
        query = select(FaultCycleRow).where(sa.column("fault").in_(faults)).order_by(sa.column("place"))
        for row in self._session.scalars(query):
            cycles[row.fault].append(a_cycle(row.model_dump()))
        return cycles

    def save_fault(self, fault: Fault) -> None:
        """Keep a new fault, or what changed of one that was looked up."""
        self._faults.save(fault)

    def save_reading(self, reading: Reading, by: str) -> None:
        fields = asdict(reading) | {"value": format(reading.value, "f")}
        statements.INSERT_READING.later(self._session, **fields, recorded_by=by)

    def reading(self, reading: str) -> Reading | None:
        row = statements.READING.first(self._session, named=reading)
        if row is None:
            return None
        fields = fields_of(ReadingRow, row)
        del fields["number"], fields["recorded_by"]
        return Reading(**fields | {"value": Decimal(fields["value"])})

    def save_window(self, window: MaintenanceWindow, by: str) -> None:
        self._session.add(WindowRow(**asdict(window), scheduled_by=by))

    def window(self, window: str) -> MaintenanceWindow | None:
        row = self._session.scalars(select(WindowRow).where(sa.column("window") == window)).first()
        return None if row is None else MaintenanceWindow(**row.model_dump(exclude={"number", "scheduled_by"}))

    def complaint(self, complaint: str) -> Complaint | None:
        row = self._session.scalars(select(ComplaintRow).where(sa.column("complaint") == complaint)).first()
        return None if row is None else _complaint(row)

    def complaints(
        self, *, projects: Sequence[str] | None, is_open: bool | None, after: int, limit: int
    ) -> list[tuple[int, Complaint]]:
        """At most *limit* complaints filed after number *after*, with their numbers; *projects* None means all."""
        query = select(ComplaintRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        if is_open is not None:
            closed_at: sa.ColumnClause[datetime] = sa.column("closed_at")
            query = query.where(closed_at.is_(None) if is_open else closed_at.is_not(None))
        rows = self._session.scalars(query.order_by(sa.column("number")).limit(limit))
        return [(row.number or 0, _complaint(row)) for row in rows]

    def add_complaint(self, complaint: Complaint, by: str) -> None:
        fields = asdict(complaint)
        del fields["closure"]
        self._session.add(ComplaintRow(**fields, filed_by=by))

    def save_closure(self, complaint: str, closure: Closure) -> None:
        row = self._session.scalars(select(ComplaintRow).where(sa.column("complaint") == complaint)).one()
        row.closed_at, row.outcome = closure.closed_at, closure.outcome
        row.satisfied, row.closed_by = closure.satisfied, closure.by
        self._session.add(row)

    def save_answers(self, answers: SurveyAnswers, by: str) -> None:
        self._session.add(SurveyRow(**asdict(answers), recorded_by=by))

    def all_answers(self, *, projects: Sequence[str] | None, after: int, limit: int) -> list[tuple[int, SurveyAnswers]]:
        """At most *limit* records of answers after number *after*, with their numbers; *projects* None means all."""
        query = select(SurveyRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        rows = self._session.scalars(query.order_by(sa.column("number")).limit(limit))
        return [(row.number or 0, _answers(row)) for row in rows]

    def answers(self, survey: str, answer: str) -> SurveyAnswers | None:
        query = select(SurveyRow).where(sa.column("survey") == survey, sa.column("answer") == answer)
        row = self._session.scalars(query).first()
        return None if row is None else _answers(row)

    def save_service_count(self, counted: ServiceCount, by: str) -> None:
        self._session.add(ServiceCountRow(**asdict(counted), recorded_by=by))

    def service_count(self, service_count: str) -> ServiceCount | None:
        query = select(ServiceCountRow).where(sa.column("service_count") == service_count)
        row = self._session.scalars(query).first()
        return None if row is None else ServiceCount(**row.model_dump(exclude={"number", "recorded_by"}))

    def inspection(self, inspection: str) -> Inspection | None:
        row = self._session.scalars(select(InspectionRow).where(sa.column("inspection") == inspection)).first()
        return None if row is None else _inspection(row)

    def add_inspection(self, inspection: Inspection, by: str) -> None:
        fields = asdict(inspection)
        del fields["rectification"]
        self._session.add(InspectionRow(**fields | {"findings": list(fields["findings"])}, recorded_by=by))

    def save_rectification(self, inspection: str, rectification: Rectification) -> None:
        row = self._session.scalars(select(InspectionRow).where(sa.column("inspection") == inspection)).one()
        row.closed_on, row.remedy, row.closed_by = rectification.closed_on, rectification.remedy, rectification.by
        self._session.add(row)

    def inspections(self, *, projects: Sequence[str] | None, after: int, limit: int) -> list[tuple[int, Inspection]]:
        """At most *limit* inspections after number *after*, with their numbers; *projects* None means all."""
        query = select(InspectionRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        rows = self._session.scalars(query.order_by(sa.column("number")).limit(limit))
        return [(row.number or 0, _inspection(row)) for row in rows]

    def taken_in(self, events: Iterable[tuple[str, str]]) -> set[Origin]:
        """Those of the foreign events, by source and id, that were taken in before, each with its project."""
        names: dict[str, list[str]] = {}
        for source, name in events:
            names.setdefault(source, []).append(name)
        return {
            Origin(source, name, project)
            for source, sent in names.items()
            for name, project in rows_among(statements.TAKEN_IN, self._session, sent, named=source)
        }

    def save_intake(self, origins: Iterable[Origin], now: datetime) -> None:
        """Keep what a batch has changed, and what makes its events the same when they are sent again."""
        self._faults.write()
        taken = [origin._asdict() | {"recorded_at": now} for origin in origins]
        statements.INSERT_INTAKE.run_many(self._session, taken)


def _asset(fields: Mapping[str, Any]) -> Asset:
    return Asset(**{name: fields[name] for name in Asset.__dataclass_fields__})


def _answers(row: SurveyRow) -> SurveyAnswers:
    return SurveyAnswers(**row.model_dump(exclude={"number", "recorded_by"}))


def _complaint(row: ComplaintRow) -> Complaint:
    closure = None
    if row.closed_at is not None:
        closure = Closure(
            closed_at=row.closed_at, outcome=row.outcome or "", satisfied=row.satisfied, by=row.closed_by or ""
        )
    return Complaint(
        complaint=row.complaint,
        project=row.project,
        channel=row.channel,
        subject=row.subject,
        received_at=row.received_at,
        closure=closure,
    )


def _inspection(row: InspectionRow) -> Inspection:
    rectification = None
    if row.closed_on is not None:
        rectification = Rectification(closed_on=row.closed_on, remedy=row.remedy or "", by=row.closed_by or "")
    return Inspection(
        inspection=row.inspection,
        project=row.project,
        inspected_on=row.inspected_on,
        findings=tuple(Finding(**finding) for finding in row.findings),
        rectification=rectification,
    )
