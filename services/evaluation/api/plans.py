"""Plans and ratings: what planners and assessors write."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from services.evaluation import handlers, rules
from services.evaluation.api.callers import Assessor, Planner
from services.evaluation.handlers import Rating
from services.evaluation.parts import Parts
from shared.events.base import Envelope
from shared.events.evaluation import PlanAdopted
from shared.fields import Body, Figure, Id, Moment, Name, Text
from shared.idempotency import Answer
from shared.identity import new_id

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


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    service = parts.service

    @routes.put("/projects/{project}/plan", tags=["plans"], status_code=201, openapi_extra=PLAN_BODY)
    async def adopt_plan(project: Id, request: Request, caller: Planner) -> Response:
        """Adopt the performance plan: 201 the first time, 200 after; every fault in it is named at once."""
        caller.require_project(project)
        plan = rules.read_plan(await request.json(), project=project, policies=parts.policies)
        now = service.clock.now()
        appended: list[Envelope] = []

        def work(session: Session) -> Answer:
            facts = parts.written.facts(session, project)
            publish = service.publisher(session, request.state.trace)
            event, is_new = handlers.adopt_plan(plan, project, facts, publish, now=now)
            if event is not None:
                appended.append(event)
                parts.written.forget(project)
            warnings = rules.warnings(plan, parts.policies[plan.policy])
            body = {"project": project, "title": plan.title, "policy": plan.policy, "warnings": warnings}
            return Answer(status=201 if is_new else 200, body=body, location=f"/projects/{project}/score")

        answer = await service.once.answer(request, work)
        parts.scorer.touched_by(appended)
        return answer

    @routes.post("/projects/{project}/ratings", tags=["plans"], status_code=201)
    async def give_rating(project: Id, body: RatingBody, request: Request, caller: Assessor) -> Response:
        """Rate a qualitative indicator."""
        caller.require_project(project)
        rating = Rating(
            rating=new_id(),
            project=project,
            code=body.code,
            level=body.level,
            percent=format(body.percent, "f"),
            reason=body.reason,
            rated_by=body.rated_by,
        )
        at = body.occurred_at or service.clock.now()
        appended: list[Envelope] = []

        def work(session: Session) -> Answer:
            facts = parts.written.facts(session, project)
            publish = service.publisher(session, request.state.trace)
            event = handlers.give_rating(rating, facts, parts.policies, session, publish, at=at, by=caller.subject)
            appended.append(event)
            parts.written.forget(project)
            return Answer(status=201, body=_show_rating(rating, at), location=f"/projects/{project}/score")

        answer = await service.once.answer(request, work)
        parts.scorer.touched_by(appended)
        return answer


def _show_rating(rating: Rating, at: datetime) -> dict[str, Any]:
    return {
        "rating": rating.rating,
        "project": rating.project,
        "code": rating.code,
        "level": rating.level,
        "percent": rating.percent,
        "reason": rating.reason,
        "rated_by": rating.rated_by,
        "occurred_at": at.isoformat(),
    }
