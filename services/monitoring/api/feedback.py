"""The calls about complaints, surveys and service counts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlmodel import Session

from services.monitoring.api.callers import FeedbackWriter, Reader, Shown, one, projects_of, shown, visible, writing
from services.monitoring.handlers import feedback as handlers
from services.monitoring.model import Closure, Complaint, ServiceCount, SurveyAnswers
from services.monitoring.store import Store
from shared import pages
from shared.fields import COUNT_MAX, Body, Count, Day, Id, Moment, Text
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.service import Service


class ComplaintBody(Body):
    project: Id
    channel: Id  # A word, as "hotline": it is published.
    subject: Text  # In the citizen's words: it is not.
    received_at: Moment


class ClosureBody(Body):
    closed_at: Moment
    outcome: Text
    satisfied: bool | None = None


class AnswersBody(Body):
    project: Id
    answered: Annotated[int, Field(ge=1, le=COUNT_MAX)]
    satisfied: Count
    collected_on: Day


class ServiceCountBody(Body):
    project: Id
    count: Count
    kind: Id
    starts_on: Day = Field(alias="from")
    ends_on: Day = Field(alias="to")


def add(routes: APIRouter, service: Service) -> None:
    """Add the calls about complaints, surveys and service counts to *routes*."""
    _add_complaints(routes, service)
    _add_surveys(routes, service)
    _add_service_counts(routes, service)


def _add_complaints(routes: APIRouter, service: Service) -> None:
    @routes.post("/complaints", tags=["feedback"], status_code=201)
    async def file_complaint(body: ComplaintBody, request: Request, caller: FeedbackWriter) -> Response:
        """File a complaint. Its subject is never published."""
        caller.require_project(body.project)
        complaint = Complaint(complaint=new_id(), **dict(body))

        def work(session: Session) -> Answer:
            store = writing(session, service, request)
            handlers.file_complaint(complaint, store, now=service.clock.now(), by=caller.subject)
            location = f"/complaints/{complaint.complaint}"
            return Answer(status=201, body=show_complaint(complaint), location=location)

        return await service.once.answer(request, work)

    @routes.post("/complaints/{complaint}/closure", tags=["feedback"])
    async def close_complaint(complaint: Id, body: ClosureBody, request: Request, caller: FeedbackWriter) -> Response:
        """Close a complaint, with whether the citizen was satisfied if that is known."""
        closure = Closure(**dict(body), by=caller.subject)

        def work(session: Session) -> Answer:
            store = writing(session, service, request)
            known = visible(store.complaint(complaint), "complaint", complaint, caller)
            closed = handlers.close_complaint(known, closure, store, now=service.clock.now())
            return Answer(status=200, body=show_complaint(closed))

        return await service.once.answer(request, work)

    @routes.get("/complaints", tags=["feedback"])
    async def complaints(
        caller: Reader,
        project: Id | None = None,
        status: Literal["open", "closed"] | None = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Shown:
        """Complaints, oldest first."""
        projects, after = projects_of(caller, project), pages.number(cursor)
        is_open = None if status is None else status == "open"
        rows = await service.database.read(
            lambda session: Store(session).complaints(projects=projects, is_open=is_open, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, lambda row: show_complaint(row[1]), lambda row: row[0])

    @routes.get("/complaints/{complaint}", tags=["feedback"])
    async def complaint(complaint: Id, caller: Reader) -> Shown:
        """One complaint."""
        found = await one(service, caller, "complaint", complaint, lambda store: store.complaint(complaint))
        return show_complaint(found)


def _add_surveys(routes: APIRouter, service: Service) -> None:
    @routes.post("/surveys/{survey}/answers", tags=["feedback"], status_code=201)
    async def record_answers(survey: Id, body: AnswersBody, request: Request, caller: FeedbackWriter) -> Response:
        """Record how many answered a survey, and how many of them were satisfied; later answers add up."""
        caller.require_project(body.project)
        answers = SurveyAnswers(answer=new_id(), survey=survey, **dict(body))

        def work(session: Session) -> Answer:
            handlers.record_answers(answers, writing(session, service, request), by=caller.subject)
            location = f"/surveys/{survey}/answers/{answers.answer}"
            return Answer(status=201, body=show_answers(answers), location=location)

        return await service.once.answer(request, work)

    @routes.get("/surveys", tags=["feedback"])
    async def all_answers(
        caller: Reader, project: Id | None = None, limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Shown:
        """The answers to all surveys, oldest record first; those of one survey add up."""
        projects, after = projects_of(caller, project), pages.number(cursor)
        rows = await service.database.read(
            lambda session: Store(session).all_answers(projects=projects, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, lambda row: show_answers(row[1]), lambda row: row[0])

    @routes.get("/surveys/{survey}/answers/{answer}", tags=["feedback"])
    async def answers(survey: Id, answer: Id, caller: Reader) -> Shown:
        """One record of answers to a survey."""
        return show_answers(await one(service, caller, "answer", answer, lambda store: store.answers(survey, answer)))


def _add_service_counts(routes: APIRouter, service: Service) -> None:
    @routes.post("/service-counts", tags=["feedback"], status_code=201)
    async def count_services(body: ServiceCountBody, request: Request, caller: FeedbackWriter) -> Response:
        """Record how often a service was used from one day to another, both included."""
        caller.require_project(body.project)
        counted = ServiceCount(service_count=new_id(), **dict(body))

        def work(session: Session) -> Answer:
            handlers.count_services(counted, writing(session, service, request), by=caller.subject)
            location = f"/service-counts/{counted.service_count}"
            return Answer(status=201, body=show_service_count(counted), location=location)

        return await service.once.answer(request, work)

    @routes.get("/service-counts/{service_count}", tags=["feedback"])
    async def service_count(service_count: Id, caller: Reader) -> Shown:
        """One service count."""
        found = await one(
            service, caller, "service_count", service_count, lambda store: store.service_count(service_count)
        )
        return show_service_count(found)


def show_complaint(complaint: Complaint) -> Shown:
    """A complaint with its status, ``open`` or ``closed``."""
    closure = complaint.closure
    return {
        "complaint": complaint.complaint,
        "project": complaint.project,
        "channel": complaint.channel,
        "subject": complaint.subject,
        "received_at": shown(complaint.received_at),
        "status": "open" if closure is None else "closed",
        "closed_at": None if closure is None else shown(closure.closed_at),
        "outcome": None if closure is None else closure.outcome,
        "satisfied": None if closure is None else closure.satisfied,
    }


def show_answers(answers: SurveyAnswers) -> Shown:
    """Answers to a survey."""
    return {
        "answer": answers.answer,
        "survey": answers.survey,
        "project": answers.project,
        "answered": answers.answered,
        "satisfied": answers.satisfied,
        "collected_on": answers.collected_on.isoformat(),
    }


def show_service_count(counted: ServiceCount) -> Shown:
    """A service count."""
    return {
        "service_count": counted.service_count,
        "project": counted.project,
        "count": counted.count,
        "kind": counted.kind,
        "from": counted.starts_on.isoformat(),
        "to": counted.ends_on.isoformat(),
    }
