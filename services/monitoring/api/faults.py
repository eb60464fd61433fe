"""The calls about faults."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, StringConstraints
from sqlmodel import Session

from services.monitoring.api.callers import FaultWriter, Reader, Shown, projects_of, shown, writing
from services.monitoring.handlers import faults as handlers
from services.monitoring.model import (
    Fault,
    FaultCycle,
    FaultReport,
    FaultResolution,
    FaultResponse,
    FaultStatus,
    Severity,
)
from services.monitoring.store import Store, expected_of
from shared import pages
from shared.access import Caller
from shared.fields import Body, Id, Moment, Name, Text
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.problems import NotFound
from shared.service import Service

FINGERPRINT_LENGTH_MAX = 255


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be printable")
    return value


Fingerprint = Annotated[
    str, StringConstraints(min_length=1, max_length=FINGERPRINT_LENGTH_MAX), AfterValidator(_printable)
]


class FaultBody(Body):
    fault: Id | None = None
    project: Id
    asset: Id | None = None
    severity: Severity
    title: Name
    occurred_at: Moment
    service_down: bool = False
    fingerprint: Fingerprint | None = None  # Names the fault while it lasts: reported again, it is the same one.


class ResponseBody(Body):
    responded_at: Moment
    responder: Name


class ResolutionBody(Body):
    resolved_at: Moment
    cause: Text
    remedy: Text


class ReopeningBody(Body):
    reason: Text
    occurred_at: Moment | None = None  # When the fault was back; now, unless given.


def add(routes: APIRouter, service: Service) -> None:
    """Add the calls about faults to *routes*."""
    _add_reports(routes, service)
    _add_steps(routes, service)


def report_of(body: FaultBody) -> FaultReport:
    """The report that a body makes; it gets an id where it brings none."""
    return FaultReport(**dict(body) | {"fault": body.fault or new_id()})


def _add_reports(routes: APIRouter, service: Service) -> None:
    @routes.post("/faults", tags=["faults"], status_code=201)
    async def open_fault(body: FaultBody, request: Request, caller: FaultWriter) -> Response:
        """Report a fault: 201 if it is new, 200 with the fault already open by the same fingerprint."""
        caller.require_project(body.project)
        report = report_of(body)

        def work(session: Session) -> Answer:
            store = writing(session, service, request)
            fault, is_new = handlers.open_fault(report, store, now=service.clock.now(), by=caller.subject)
            return Answer(
                status=201 if is_new else 200, body=show_fault(fault), location=f"/faults/{fault.report.fault}"
            )

        return await service.once.answer(request, work, expects=expected_of(report))

    @routes.get("/faults", tags=["faults"])
    async def faults(
        caller: Reader,
        project: Id | None = None,
        status: FaultStatus | None = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Shown:
        """Faults, oldest report first."""
        projects, after = projects_of(caller, project), pages.number(cursor)
        rows = await service.database.read(
            lambda session: Store(session).faults(projects=projects, status=status, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, lambda row: show_fault(row[1]), lambda row: row[0])

    @routes.get("/faults/{fault}", tags=["faults"])
    async def fault(fault: Id, caller: Reader) -> Shown:
        """One fault."""
        found = await service.database.read(lambda session: Store(session).fault(fault))
        return show_fault(_visible(found, fault, caller))


def _add_steps(routes: APIRouter, service: Service) -> None:
    async def step(name: str, step: FaultResponse | FaultResolution, request: Request, caller: Caller) -> Response:
        def work(session: Session) -> Answer:
            store = writing(session, service, request)
            known = _visible(store.fault(name), name, caller)
            after = handlers.take_step(known, step, store, now=service.clock.now())
            return Answer(status=200, body=show_fault(after))

        return await service.once.answer(request, work)

    @routes.post("/faults/{fault}/response", tags=["faults"])
    async def respond(fault: Id, body: ResponseBody, request: Request, caller: FaultWriter) -> Response:
        """Say who took the fault up, and when."""
        return await step(fault, FaultResponse(**dict(body), by=caller.subject), request, caller)

    @routes.post("/faults/{fault}/resolution", tags=["faults"])
    async def resolve(fault: Id, body: ResolutionBody, request: Request, caller: FaultWriter) -> Response:
        """Say when and how the fault was repaired."""
        return await step(fault, FaultResolution(**dict(body), by=caller.subject), request, caller)

    @routes.post("/faults/{fault}/reopening", tags=["faults"])
    async def reopen(fault: Id, body: ReopeningBody, request: Request, caller: FaultWriter) -> Response:
        """Open a resolved fault again: the repair did not hold."""

        def work(session: Session) -> Answer:
            store, now = writing(session, service, request), service.clock.now()
            known = _visible(store.fault(fault), fault, caller)
            after = handlers.reopen_fault(
                known, body.reason, store, at=body.occurred_at or now, now=now, by=caller.subject
            )
            return Answer(status=200, body=show_fault(after))

        return await service.once.answer(request, work)


def _visible(fault: Fault | None, name: str, caller: Caller) -> Fault:
    if fault is None or not caller.may_see(fault.report.project):
        raise NotFound(f"there is no fault {name}", fault=name)
    return fault


def show_fault(fault: Fault) -> Shown:
    """A fault with its first response, the repair that holds, and every cycle since it was opened."""
    report, response, resolution = fault.report, fault.first_response, fault.cycle.resolution
    return {
        "fault": report.fault,
        "project": report.project,
        "asset": report.asset,
        "severity": report.severity,
        "title": report.title,
        "status": fault.status,
        "occurred_at": shown(report.occurred_at),
        "service_down": report.service_down,
        "fingerprint": report.fingerprint,
        "responded_at": None if response is None else shown(response.responded_at),
        "responder": None if response is None else response.responder,
        "resolved_at": None if resolution is None else shown(resolution.resolved_at),
        "cause": None if resolution is None else resolution.cause,
        "remedy": None if resolution is None else resolution.remedy,
        "cycles": [_show_cycle(cycle) for cycle in fault.cycles],
        "reported_by": fault.cycles[0].by,
        "recorded_at": shown(fault.recorded_at),
    }


def _show_cycle(cycle: FaultCycle) -> Shown:
    response, resolution = cycle.response, cycle.resolution
    return {
        "opened_at": shown(cycle.opened_at),
        "reason": cycle.reason,
        "responded_at": None if response is None else shown(response.responded_at),
        "responder": None if response is None else response.responder,
        "resolved_at": None if resolution is None else shown(resolution.resolved_at),
        "cause": None if resolution is None else resolution.cause,
        "remedy": None if resolution is None else resolution.remedy,
    }
