"""What happens to faults."""

from datetime import datetime

from services.monitoring.handlers.learning import check_place
from services.monitoring.model import Fault, FaultReport, FaultResolution, FaultResponse
from services.monitoring.rules import faults as rules
from services.monitoring.rules.times import check_not_ahead
from services.monitoring.store import Store
from shared.events import monitoring as events
from shared.events.base import EventData


def open_fault(report: FaultReport, store: Store, *, now: datetime, by: str) -> tuple[Fault, bool]:
    """
    Put a fault on record; tells whether it is new. The same report, or another of a fault still open, is none.

    Raises:
        ProjectUnknown, UnknownAsset: See `check_place`.
        Invalid: If it lies in the future.
        AlreadyExists: If the id belongs to another fault.
    """
    check_not_ahead("occurred_at", report.occurred_at, now)
    check_place(report.project, report.asset, store)
    twin = store.open_fault_by(report.project, report.fingerprint)
    there = rules.already_there(report, store.fault(report.fault), twin)
    if there is not None:
        return there, False
    fault = rules.open_fault(report, now=now, by=by)
    store.save_fault(fault)
    store.publish(
        events.FaultOpened(
            project=report.project,
            fault=report.fault,
            asset=report.asset,
            severity=report.severity,
            occurred_at=report.occurred_at,
            service_down=report.service_down,
        ),
        report.occurred_at,
    )
    return fault, True


def take_step(fault: Fault, step: FaultResponse | FaultResolution, store: Store, *, now: datetime) -> Fault:
    """
    Respond to a fault or resolve it. What is on record already changes nothing.

    Raises:
        Invalid, Refusal: See `rules.take_step`.
    """
    after = rules.take_step(fault, step, now)
    if after is not fault:
        store.save_fault(after)
        store.publish(*_stepped(fault, step))
    return after


def _stepped(fault: Fault, step: FaultResponse | FaultResolution) -> tuple[EventData, datetime]:
    project, name = fault.report.project, fault.report.fault
    match step:
        case FaultResponse(responded_at=at):
            return events.FaultResponded(project=project, fault=name, responded_at=at), at
        case FaultResolution(resolved_at=at):
            return events.FaultResolved(project=project, fault=name, resolved_at=at), at


def reopen_fault(fault: Fault, reason: str, store: Store, *, at: datetime, now: datetime, by: str) -> Fault:
    """
    Open a resolved fault again.

    Raises:
        Invalid, FaultOpen, FingerprintOpen: See `rules.reopen`.
    """
    check_not_ahead("occurred_at", at, now)
    report = fault.report
    after = rules.reopen(fault, reason, store.open_fault_by(report.project, report.fingerprint), at=at, by=by)
    store.save_fault(after)
    store.publish(events.FaultReopened(project=report.project, fault=report.fault, reopened_at=at), at)
    return after
