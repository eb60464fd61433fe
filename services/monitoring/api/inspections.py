"""The calls about inspections and their rectification."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlmodel import Session

from services.monitoring.api.callers import Inspector, Reader, Shown, one, projects_of, visible, writing
from services.monitoring.handlers import inspections as handlers
from services.monitoring.model import Finding, Inspection, Rectification
from services.monitoring.store import Store
from shared import pages
from shared.fields import Body, Day, Id, Text
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.service import Service

FINDINGS_MAX: Final = 200


class FindingBody(Body):
    text: Text  # In the inspector's words: it is not published.
    severity: Literal["critical", "major", "minor"]


class InspectionBody(Body):
    inspection: Id | None = None
    project: Id
    inspected_on: Day
    findings: Annotated[list[FindingBody], Field(max_length=FINDINGS_MAX)]


class RectificationBody(Body):
    closed_on: Day
    remedy: Text


def add(routes: APIRouter, service: Service) -> None:
    """Add the calls about inspections to *routes*."""

    @routes.post("/inspections", tags=["inspections"], status_code=201)
    async def record_inspection(body: InspectionBody, request: Request, caller: Inspector) -> Response:
        """Record an inspection with its findings; an empty list says that all was in order."""
        caller.require_project(body.project)
        inspection = Inspection(
            inspection=body.inspection or new_id(),
            project=body.project,
            inspected_on=body.inspected_on,
            findings=tuple(Finding(**dict(finding)) for finding in body.findings),
        )

        def work(session: Session) -> Answer:
            store = writing(session, service, request)
            known, is_new = handlers.record_inspection(inspection, store, now=service.clock.now(), by=caller.subject)
            location = f"/inspections/{known.inspection}"
            return Answer(status=201 if is_new else 200, body=show_inspection(known), location=location)

        return await service.once.answer(request, work)

    @routes.post("/inspections/{inspection}/rectification", tags=["inspections"])
    async def close_rectification(
        inspection: Id, body: RectificationBody, request: Request, caller: Inspector
    ) -> Response:
        """Record that the findings of an inspection were put right."""
        rectification = Rectification(**dict(body), by=caller.subject)

        def work(session: Session) -> Answer:
            store = writing(session, service, request)
            known = visible(store.inspection(inspection), "inspection", inspection, caller)
            after = handlers.close_rectification(known, rectification, store, now=service.clock.now())
            return Answer(status=200, body=show_inspection(after))

        return await service.once.answer(request, work)

    @routes.get("/inspections", tags=["inspections"])
    async def inspections(
        caller: Reader,
        project: Id | None = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Shown:
        """Inspections, oldest first."""
        projects, after = projects_of(caller, project), pages.number(cursor)
        rows = await service.database.read(
            lambda session: Store(session).inspections(projects=projects, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, lambda row: show_inspection(row[1]), lambda row: row[0])

    @routes.get("/inspections/{inspection}", tags=["inspections"])
    async def inspection(inspection: Id, caller: Reader) -> Shown:
        """One inspection."""
        found = await one(service, caller, "inspection", inspection, lambda store: store.inspection(inspection))
        return show_inspection(found)


def show_inspection(inspection: Inspection) -> Shown:
    """An inspection with its status: ``clear`` without findings, else ``open`` or ``rectified``."""
    rectification = inspection.rectification
    return {
        "inspection": inspection.inspection,
        "project": inspection.project,
        "inspected_on": inspection.inspected_on.isoformat(),
        "findings": [{"text": finding.text, "severity": finding.severity} for finding in inspection.findings],
        "status": "clear" if not inspection.findings else "open" if rectification is None else "rectified",
        "closed_on": None if rectification is None else rectification.closed_on.isoformat(),
        "remedy": None if rectification is None else rectification.remedy,
    }
