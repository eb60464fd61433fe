"""
Decisions about faults.

A fault goes open → responded → resolved, may skip the response, and may be reopened; then it is open again and goes
the same way once more. What was said before may be said again: it changes nothing.
"""

from dataclasses import replace
from datetime import datetime

from services.monitoring.model import Fault, FaultCycle, FaultReport, FaultResolution, FaultResponse, FaultStep
from services.monitoring.rules.times import check_not_ahead
from shared.problems import AlreadyExists, Invalid, Refusal


class AlreadyResponded(Refusal):
    """The fault was taken up by somebody else or at another time."""

    slug, title = "already-responded", "The fault is already responded to"

    def __init__(self, fault: str) -> None:
        super().__init__(f"fault {fault} is responded to with other content", fault=fault)


class AlreadyResolved(Refusal):
    """The fault was resolved otherwise."""

    slug, title = "already-resolved", "The fault is already resolved"

    def __init__(self, fault: str) -> None:
        super().__init__(f"fault {fault} is resolved with other content", fault=fault)


class FaultResolved(Refusal):
    """A resolved fault takes no response."""

    slug, title = "fault-resolved", "The fault is resolved"

    def __init__(self, fault: str) -> None:
        super().__init__(f"fault {fault} is resolved; reopen it first", fault=fault)


class FaultOpen(Refusal):
    """Only a resolved fault can be reopened."""

    slug, title = "fault-open", "The fault is not resolved"

    def __init__(self, fault: Fault) -> None:
        name = fault.report.fault
        super().__init__(f"fault {name} is {fault.status}", fault=name, fault_status=fault.status)


class FingerprintOpen(Refusal):
    """Another fault is open by the same fingerprint."""

    slug, title = "fingerprint-open", "Another fault of the same fingerprint is open"

    def __init__(self, fault: str, twin: str) -> None:
        super().__init__(f"fault {twin} is open by the same fingerprint as {fault}", fault=fault, open_fault=twin)


def already_there(report: FaultReport, known: Fault | None, twin: Fault | None) -> Fault | None:
    """
    The fault that *report* speaks of, where there is one; None if it is a new one.

    Args:
        report: What is reported.
        known: The fault with the report's id.
        twin: The fault of the project that is not resolved and has the report's fingerprint.

    Raises:
        AlreadyExists: If the id belongs to another fault.
    """
    if known is not None and known.report == report:
        return known
    if twin is not None:
        return twin
    if known is not None:
        raise AlreadyExists(f"fault {report.fault} is on record with other content", fault=report.fault)
    return None


def open_fault(report: FaultReport, *, now: datetime, by: str) -> Fault:
    """The fault that a report makes."""
    first = FaultCycle(opened_at=report.occurred_at, reason=None, by=by)
    return Fault(report=report, recorded_at=now, cycles=(first,))


def respond(fault: Fault, response: FaultResponse) -> Fault:
    """
    The fault after *response*; the same fault if that response is on record.

    Raises:
        FaultResolved: If it is resolved.
        AlreadyResponded: If another response is on record.
        Invalid: If the response would lie before what it responds to.
    """
    if any(cycle.response == response for cycle in fault.cycles):
        return fault
    if fault.cycle.resolution is not None:
        raise FaultResolved(fault.report.fault)
    if fault.cycle.response is not None:
        raise AlreadyResponded(fault.report.fault)
    _check_after_opening("responded_at", response.responded_at, fault)
    return _with(fault, replace(fault.cycle, response=response))


def resolve(fault: Fault, resolution: FaultResolution) -> Fault:
    """
    The fault after *resolution*; the same fault if that resolution is on record.

    Raises:
        AlreadyResolved: If another resolution is on record.
        Invalid: If the resolution would lie before the fault or its response.
    """
    if any(cycle.resolution == resolution for cycle in fault.cycles):
        return fault
    if fault.cycle.resolution is not None:
        raise AlreadyResolved(fault.report.fault)
    _check_after_opening("resolved_at", resolution.resolved_at, fault)
    response = fault.cycle.response
    if response is not None and resolution.resolved_at < response.responded_at:
        raise Invalid.field("resolved_at", "before_response", "a fault is not resolved before it is responded to")
    return _with(fault, replace(fault.cycle, resolution=resolution))


def take_step(fault: Fault, step: FaultResponse | FaultResolution, now: datetime) -> Fault:
    """
    The fault after a response or a resolution; the same fault if it is on record.

    Raises:
        Invalid: If it lies in the future.
        Refusal: See `respond` and `resolve`.
    """
    match step:
        case FaultResponse():
            check_not_ahead("responded_at", step.responded_at, now)
            return respond(fault, step)
        case FaultResolution():
            check_not_ahead("resolved_at", step.resolved_at, now)
            return resolve(fault, step)


def reopen(fault: Fault, reason: str, twin: Fault | None, *, at: datetime, by: str) -> Fault:
    """
    The fault in a new cycle: open again, because the repair did not hold.

    Args:
        fault: The fault.
        reason: Why the repair did not hold.
        twin: The fault that is not resolved and has the same fingerprint.
        at: When the fault was back.
        by: Who reopens it.

    Raises:
        FaultOpen: If it is not resolved.
        Invalid: If it would be back before it was resolved.
        FingerprintOpen: If there is a twin.
    """
    resolution = fault.cycle.resolution
    if resolution is None:
        raise FaultOpen(fault)
    if at < resolution.resolved_at:
        raise Invalid.field("occurred_at", "before_resolution", "a fault is not reopened before it is resolved")
    if twin is not None:
        raise FingerprintOpen(fault.report.fault, twin.report.fault)
    return replace(fault, cycles=(*fault.cycles, FaultCycle(opened_at=at, reason=reason, by=by)))


def belongs_to(fault: Fault, step: FaultStep) -> bool:
    """Whether *step* may mean *fault*: it names its project, or none."""
    return step.project in (None, fault.report.project)


def _check_after_opening(field: str, moment: datetime, fault: Fault) -> None:
    if moment < fault.cycle.opened_at:
        code, began = (
            ("before_occurrence", "occurred") if len(fault.cycles) == 1 else ("before_reopening", "was reopened")
        )
        raise Invalid.field(field, code, f"lies before the fault {began}")


def _with(fault: Fault, cycle: FaultCycle) -> Fault:
    return replace(fault, cycles=(*fault.cycles[:-1], cycle))
