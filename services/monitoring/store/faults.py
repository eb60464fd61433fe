"""Faults and their cycles in one transaction: what it has looked up, and what it has changed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlmodel import Session

from services.monitoring.model import Fault, FaultCycle, FaultReport, FaultResolution, FaultResponse
from services.monitoring.store import statements
from services.monitoring.store.tables import FaultCycleRow, FaultRow
from shared.lookups import Expected, Key, Lookup
from shared.statements import fields_of, rows_among

_Key = tuple[str, str]  # Project and fingerprint.


def expected_of(report: FaultReport) -> Expected:
    """What opening a fault will look up."""
    expected: list[tuple[Lookup, Key]] = [
        (statements.PROJECT, (report.project,)),
        (statements.FAULT, (report.fault,)),
    ]
    if report.asset is not None:
        expected.append((statements.ASSET, (report.asset,)))
    if report.fingerprint is not None:
        expected.append((statements.OPEN_FAULT, (report.project, report.fingerprint)))
    return expected


class Faults:
    """
    The faults of one transaction; nobody else writes while it does, so what it has looked up holds to its end.

    A change is written at once, unless many are expected: then what a batch names is read together, and what it has
    changed is written together.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Fault | None] = {}
        self._open: dict[_Key, str | None] = {}  # Looked-up fingerprints, and the fault that is open by each.
        self._steps: list[Callable[[], object]] = []  # How to take back what the present part has changed.
        self._stored: dict[str, int] = {}  # How many cycles of a fault are in the database.
        self._changed: dict[str, Fault] | None = None  # Not written yet; None if changes are written at once.

    def expect(self, faults: Collection[str], fingerprints: Collection[_Key]) -> None:
        """Look up what a batch is about, and gather what it changes until `write`."""
        self._changed = {}
        self._known |= dict.fromkeys(faults)
        self._open |= dict.fromkeys(fingerprints)
        found = list(rows_among(statements.FAULTS, self._session, faults))
        by_project: dict[str, list[str]] = {}
        for project, fingerprint in fingerprints:
            by_project.setdefault(project, []).append(fingerprint)
        for project, sought in by_project.items():
            found += rows_among(statements.OPEN_FAULTS, self._session, sought, named=project)
        for fields in self._learn(found):
            if fields["open_fingerprint"] is not None:
                self._open[fields["project"], fields["open_fingerprint"]] = fields["fault"]

    def _learn(self, rows: Sequence[tuple[Any, ...]]) -> Collection[dict[str, Any]]:
        found = {fields["fault"]: fields for fields in (fields_of(FaultRow, row) for row in rows)}
        cycles: dict[str, list[FaultCycle]] = {name: [] for name in found}
        for row in sorted(rows_among(statements.CYCLES, self._session, found)):  # By fault, then by place.
            fields = fields_of(FaultCycleRow, row)
            cycles[fields["fault"]].append(a_cycle(fields))
        for name, fields in found.items():
            self._known[name] = a_fault(fields, cycles[name])
            self._stored[name] = len(cycles[name])
        return found.values()

    def get(self, fault: str) -> Fault | None:
        if fault not in self._known:
            self._known[fault] = None
            self._learn(statements.FAULT.rows(self._session, fault))
        return self._known[fault]

    def open_by(self, key: _Key) -> Fault | None:
        """The fault of a project that is not resolved and has a fingerprint; there is one at most."""
        if key not in self._open:
            row = statements.OPEN_FAULT.first(self._session, *key)
            self._open[key] = None if row is None else fields_of(FaultRow, row)["fault"]
        name = self._open[key]
        return None if name is None else self.get(name)

    def save(self, fault: Fault) -> None:
        """Keep a new fault, or a change of the last cycle of one that was looked up."""
        if self._changed is None:
            self._write([fault])
        else:
            self._change(self._changed, fault.report.fault, fault)
        self._change(self._known, fault.report.fault, fault)
        if fault.report.fingerprint is not None:
            is_open = fault.status != "resolved"
            key = fault.report.project, fault.report.fingerprint
            self._change(self._open, key, fault.report.fault if is_open else None)

    def _change(self, values: dict[Any, Any], key: Any, value: Any) -> None:
        had = values.get(key, _NOTHING)
        self._steps.append(partial(_put_back, values, key, had))
        values[key] = value

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A part whose changes are forgotten if it raises."""
        self._steps.clear()
        try:
            yield
        except BaseException:
            for step in reversed(self._steps):
                step()
            raise

    def write(self) -> None:
        """Write what was gathered since `expect`."""
        if self._changed is not None:
            self._write(self._changed.values())
            self._changed = None

    def _write(self, faults: Collection[Fault]) -> None:
        new = [fault for fault in faults if fault.report.fault not in self._stored]
        old = [fault for fault in faults if fault.report.fault in self._stored]
        # What is resolved first: a new fault may be open by its fingerprint.
        statements.CHANGE_FAULT.run_many(self._session, [_changes(fault) for fault in old])
        for fault in new:
            self._insert(fault)
        for fault in faults:
            for place in self._new_cycles(fault):
                statements.INSERT_CYCLE.later(self._session, **_cycle_row(fault, place))
        # Of a fault whose last cycle is stored, that one may have changed; of one with new cycles, the one before, too.
        changed = [_cycle_changes(fault, self._stored[fault.report.fault] - 1) for fault in old]
        statements.CHANGE_CYCLE.run_many(self._session, changed)
        self._stored |= {fault.report.fault: len(fault.cycles) for fault in faults}

    def _insert(self, fault: Fault) -> None:
        report = fault.report
        statements.INSERT_FAULT.later(self._session, **_row(fault))
        statements.FAULT.forget(self._session, report.fault)
        if report.fingerprint is not None:
            statements.OPEN_FAULT.forget(self._session, report.project, report.fingerprint)

    def _new_cycles(self, fault: Fault) -> range:
        return range(self._stored.get(fault.report.fault, 0), len(fault.cycles))


_NOTHING = object()


def _put_back(values: dict[Any, Any], key: Any, had: Any) -> None:
    if had is _NOTHING:
        values.pop(key, None)
    else:
        values[key] = had


def _state(fault: Fault) -> dict[str, str | None]:
    is_resolved = fault.status == "resolved"
    return {"status": fault.status, "open_fingerprint": None if is_resolved else fault.report.fingerprint}


def _row(fault: Fault) -> dict[str, Any]:
    report = {name: getattr(fault.report, name) for name in FaultReport.__dataclass_fields__}
    return report | _state(fault) | {"recorded_at": fault.recorded_at}


def _changes(fault: Fault) -> dict[str, Any]:
    return {"named": fault.report.fault} | _new(_state(fault))


def _cycle_row(fault: Fault, place: int) -> dict[str, Any]:
    return {"fault": fault.report.fault, "place": place} | _cycle_fields(fault.cycles[place])


def _cycle_changes(fault: Fault, place: int) -> dict[str, Any]:
    return {"named": fault.report.fault, "at": place} | _new(_cycle_fields(fault.cycles[place]))


def _new(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in fields.items()}


def a_fault(fields: Mapping[str, Any], cycles: Iterable[FaultCycle]) -> Fault:
    """The fault of a row and its cycles."""
    report = {name: fields[name] for name in FaultReport.__dataclass_fields__}
    return Fault(report=FaultReport(**report), recorded_at=fields["recorded_at"], cycles=tuple(cycles))


def _cycle_fields(cycle: FaultCycle) -> dict[str, Any]:
    response, resolution = cycle.response, cycle.resolution
    return {
        "opened_at": cycle.opened_at,
        "reason": cycle.reason,
        "opened_by": cycle.by,
        "responded_at": None if response is None else response.responded_at,
        "responder": None if response is None else response.responder,
        "responded_by": None if response is None else response.by,
        "resolved_at": None if resolution is None else resolution.resolved_at,
        "cause": None if resolution is None else resolution.cause,
        "remedy": None if resolution is None else resolution.remedy,
        "resolved_by": None if resolution is None else resolution.by,
    }


def a_cycle(fields: Mapping[str, Any]) -> FaultCycle:
    """The cycle of a row."""
    response = resolution = None
    if fields["responded_at"] is not None:
        response = FaultResponse(
            responded_at=fields["responded_at"],
            responder=fields["responder"] or "",
            by=fields["responded_by"] or "",
        )
    if fields["resolved_at"] is not None:
        resolution = FaultResolution(
            resolved_at=fields["resolved_at"],
            cause=fields["cause"] or "",
            remedy=fields["remedy"] or "",
            by=fields["resolved_by"] or "",
        )
    return FaultCycle(
        opened_at=fields["opened_at"],
        reason=fields["reason"],
        by=fields["opened_by"],
        response=response,
        resolution=resolution,
    )
