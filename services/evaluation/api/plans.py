"""What planners and assessors write: plans, ratings, measurements, and why a target is missed."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, StringConstraints
from sqlmodel import Session

from services.evaluation import handlers, rules
from services.evaluation.api.callers import Assessor, Planner, Viewer
from services.evaluation.facts import Facts
from services.evaluation.handlers import Deviation, Measurement, Rating
from services.evaluation.model import Cause
from services.evaluation.parts import Parts
from shared.events.base import Envelope
from shared.events.evaluation import PlanAdopted
from shared.fields import Body, Figure, FigureOrDay, Id, Moment, Name, Text
from shared.idempotency import Answer
from shared.identity import new_id
from shared.service import Publish

PAPERS_MAX: Final = 100

# The plan is read by the rules, which name every fault at once; its shape is that of the event that adopts it.
PLAN_SCHEMAS: Final = msgspec.json.schema_components([PlanAdopted], ref_template="#/components/schemas/{name}")[1]
PLAN_BODY: Final = {
    "requestBody": {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PlanAdopted"}}},
        "required": True,
    }
}


class RatingBody(Body):
    code: Name
    level: Literal["achieved", "partly", "missed"]
    percent: Figure  # 0 to 100, inside the level's band.
    reason: Text
    rated_by: Name
    occurred_at: Moment | None = None


class Paper(Body):
    name: Name
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class MeasurementBody(Body):
    code: Name
    value: FigureOrDay  # In the indicator's unit; a day where the target is one.
    reason: Text
    evidence: Annotated[list[Paper], Field(default_factory=list, max_length=PAPERS_MAX)]
    occurred_at: Moment | None = None


class DeviationBody(Body):
    reason: Text
    remedy: Text
    cause: Cause | None = None  # Of the classes that the monitoring form ticks.
    occurred_at: Moment | None = None


Code = Annotated[str, Path(max_length=64)]
Tell = Callable[[Facts, Session, Publish], tuple[Envelope | None, Answer]]


def _stated(value: Any) -> Any:
    """Without the members that nobody stated: a plan names none of them as null."""
    if isinstance(value, dict):
        return {name: _stated(member) for name, member in value.items() if member is not None}
    return [_stated(member) for member in value] if isinstance(value, (list, tuple)) else value


def _add_plan(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/projects/{project}/plan", tags=["plans"], response_class=Response)
    async def plan(project: Id, caller: Viewer) -> Response:
        """The plan in force, in the shape in which it is adopted."""
        caller.require_project(project)

        def find(session: Session) -> bytes:
            with parts.shown.reading(session, project) as facts:
                plan = rules.plan_event(handlers.plan_of(facts, project), project)
                return msgspec.json.encode(_stated(msgspec.to_builtins(plan)))

        return Response(await parts.service.database.read(find), media_type="application/json")


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    _add_plan(routes, parts)

    @routes.put("/projects/{project}/plan", tags=["plans"], status_code=201, openapi_extra=PLAN_BODY)
    async def adopt_plan(project: Id, request: Request, caller: Planner) -> Response:
        """Adopt the performance plan: 201 the first time, 200 after; every fault in it is named at once."""
        caller.require_project(project)
        plan = rules.read_plan(await request.json(), project=project, policies=parts.policies)
        now = parts.service.clock.now()

        def tell(facts: Facts, _: Session, publish: Publish) -> tuple[Envelope | None, Answer]:
            event, is_new = handlers.adopt_plan(plan, project, facts, publish, now=now)
            warnings = rules.warnings(plan, parts.policies[plan.policy])
            body = {"project": project, "title": plan.title, "policy": plan.policy, "warnings": warnings}
            return event, Answer(status=201 if is_new else 200, body=body, location=_place(project))

        return await _told(parts, request, project, tell)

    @routes.post("/projects/{project}/ratings", tags=["plans"], status_code=201)
    async def give_rating(project: Id, body: RatingBody, request: Request, caller: Assessor) -> Response:
        """Rate a qualitative indicator."""
        caller.require_project(project)
        fields = body.model_dump(exclude={"occurred_at"}) | {"percent": format(body.percent, "f")}
        rating = Rating(rating=new_id(), project=project, **fields)
        at = body.occurred_at or parts.service.clock.now()

        def tell(facts: Facts, session: Session, publish: Publish) -> tuple[Envelope, Answer]:
            event = handlers.give_rating(rating, facts, parts.policies, session, publish, at=at, by=caller.subject)
            return event, _answer(rating, at)

        return await _told(parts, request, project, tell)

    @routes.post("/projects/{project}/measurements", tags=["plans"], status_code=201)
    async def report_measurement(project: Id, body: MeasurementBody, request: Request, caller: Assessor) -> Response:
        """Report by hand what no event measures; the score says so."""
        caller.require_project(project)
        fields = body.model_dump(exclude={"occurred_at"}) | {"value": _text(body.value)}
        measurement = Measurement(measurement=new_id(), project=project, **fields)
        at = body.occurred_at or parts.service.clock.now()

        def tell(facts: Facts, session: Session, publish: Publish) -> tuple[Envelope, Answer]:
            event = handlers.report_measurement(measurement, facts, session, publish, at=at, by=caller.subject)
            return event, _answer(measurement, at)

        return await _told(parts, request, project, tell)

    @routes.post("/projects/{project}/indicators/{code}/deviation", tags=["plans"], status_code=201)
    async def explain_deviation(
        project: Id, code: Code, body: DeviationBody, request: Request, caller: Assessor
    ) -> Response:
        """Explain why an indicator misses its target, and what is done about it; `execution` is budget execution."""
        caller.require_project(project)
        fields = body.model_dump(exclude={"occurred_at"})
        deviation = Deviation(deviation=new_id(), project=project, code=code, **fields)
        at = body.occurred_at or parts.service.clock.now()

        def tell(facts: Facts, session: Session, publish: Publish) -> tuple[Envelope, Answer]:
            event = handlers.explain_deviation(deviation, facts, session, publish, at=at, by=caller.subject)
            return event, _answer(deviation, at)

        return await _told(parts, request, project, tell)


async def _told(parts: Parts, request: Request, project: str, tell: Tell) -> Response:
    """Put what is told on record, once, and let the score follow."""
    appended: list[Envelope] = []

    def work(session: Session) -> Answer:
        publish = parts.service.publisher(session, request.state.trace)
        event, answer = tell(parts.written.facts(session, project), session, publish)
        if event is not None:
            appended.append(event)
        return answer

    answer = await parts.service.once.answer(request, work)
    parts.scorer.touched_by(appended)
    return answer


def _answer(told: Rating | Measurement | Deviation, at: datetime) -> Answer:
    return Answer(status=201, body=asdict(told) | {"occurred_at": at.isoformat()}, location=_place(told.project))


def _text(value: Decimal | date) -> str:
    return value.isoformat() if isinstance(value, date) else format(value, "f")


def _place(project: str) -> str:
    return f"/projects/{project}/score"
