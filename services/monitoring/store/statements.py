"""What faults and readings need, made ready once: agents send them by the hundred."""

import sqlalchemy as sa
from sqlalchemy import select

from services.monitoring.store.tables import (
    AssetRow,
    FaultCycleRow,
    FaultRow,
    IntakeRow,
    ProjectRow,
    ReadingRow,
)
from shared.lookups import Lookup
from shared.statements import Statement, among, inserting, table_of

_projects, _assets, _readings = table_of(ProjectRow), table_of(AssetRow), table_of(ReadingRow)
_faults, _cycles, _intake = table_of(FaultRow), table_of(FaultCycleRow), table_of(IntakeRow)
_named: sa.BindParameter[str] = sa.bindparam("named")

PROJECT = Lookup(select(_projects), _projects.c.project)
PROJECTS = Statement(select(_projects).where(among(_projects.c.project)))
ASSET = Lookup(select(_assets), _assets.c.asset)
READING = Statement(select(_readings).where(_readings.c.reading == _named))
FAULT = Lookup(select(_faults), _faults.c.fault)
OPEN_FAULT = Lookup(select(_faults), _faults.c.project, _faults.c.open_fingerprint)
FAULTS = Statement(select(_faults).where(among(_faults.c.fault)))
OPEN_FAULTS = Statement(select(_faults).where(_faults.c.project == _named, among(_faults.c.open_fingerprint)))
CYCLES = Statement(select(_cycles).where(among(_cycles.c.fault)))
TAKEN_IN = Statement(select(_intake.c.id, _intake.c.project).where(_intake.c.source == _named, among(_intake.c.id)))

INSERT_FAULT = inserting(_faults, but=["number"])
INSERT_CYCLE = inserting(_cycles)
INSERT_READING = inserting(_readings, but=["number"])
INSERT_INTAKE = inserting(_intake)
CHANGE_FAULT = Statement(
    sa.update(_faults)
    .where(_faults.c.fault == _named)
    .values(status=sa.bindparam("new_status"), open_fingerprint=sa.bindparam("new_open_fingerprint"))
)
CHANGE_CYCLE = Statement(
    sa.update(_cycles)
    .where(_cycles.c.fault == _named, _cycles.c.place == sa.bindparam("at"))
    .values({name: sa.bindparam(f"new_{name}") for name in _cycles.columns.keys() if name not in ("fault", "place")})  # noqa: SIM118
)
