"""Evaluation's calls: each translates a request, calls a handler, and shows what it returned."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlmodel import Session
from starlette.types import Receive, Scope, Send

from services.evaluation import handlers, rules, store
from services.evaluation.dossiers import known_at as facts_known_at
from services.evaluation.facts import Facts, Origin
from services.evaluation.handlers import Rating
from services.evaluation.parts import Parts
from services.evaluation.store import ScoreRow
from services.evaluation.stream import Subscriber
from shared import pages
from shared.access import Caller, require
from shared.dates import end_of
from shared.events.base import Envelope
from shared.events.evaluation import PlanAdopted
from shared.fields import LIST_MAX, Body, Figure, Id, Moment, Name, Text, day_of, moment_of
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.problems import Invalid, NotFound, Unavailable

Planner = Annotated[Caller, Depends(require("plans:write"))]
Assessor = Annotated[Caller, Depends(require("ratings:write"))]
Viewer = Annotated[Caller, Depends(require("scores:read"))]
Time = Annotated[str | None, Query(max_length=40, description="RFC 3339 with an offset; or a day, for its end.")]
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


def router(parts: Parts) -> APIRouter:
    """The calls of evaluation."""
    routes = APIRouter(route_class=parts.service.route_class)
    _add_plans(routes, parts)
    _add_scores(routes, parts)
    _add_stream(routes, parts)
    return routes


def _add_plans(routes: APIRouter, parts: Parts) -> None:
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


def _add_scores(routes: APIRouter, parts: Parts) -> None:
    service = parts.service

    @routes.get("/projects", tags=["scores"])
    async def projects(
        caller: Viewer,
        unit: Annotated[str | None, Query(max_length=200)] = None,
        year: Annotated[int | None, Query(ge=0, le=9_999)] = None,
        grade: Annotated[str | None, Query(max_length=20)] = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """One line a project: total, grade, execution rate, and how many indicators are at risk."""
        after = pages.position(cursor) or ""
        visible = None if caller.projects is None else sorted(caller.projects)
        rows = await service.database.read(
            lambda session: store.scores(
                session, projects=visible, unit=unit, year=year, grade=grade, after=after, limit=limit + 1
            )
        )
        return pages.page(rows, limit, _show_line, lambda row: row.project)

    @routes.get("/projects/{project}/score", tags=["scores"], response_class=Response)
    async def score(project: Id, caller: Viewer, as_of: Time = None, known_at: Time = None) -> Response:
        """The whole score: the latest version, or as of a moment, from what was on record at another."""
        caller.require_project(project)
        document = await service.database.read(
            lambda session: _score(session, parts, project, as_of=as_of, known_at=known_at)
        )
        return Response(document, media_type="application/json")

    @routes.get("/projects/{project}/indicators/{code}", tags=["scores"])
    async def indicator(
        project: Id,
        code: Annotated[str, Path(max_length=64)],
        caller: Viewer,
        as_of: Time = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """The arithmetic step by step, and the events that it rests on."""
        caller.require_project(project)
        first = pages.number(cursor)
        explained = await service.database.read(lambda session: _explained(session, parts, project, code, as_of=as_of))
        evidence = list(enumerate(explained.evidence))[first : first + limit + 1]
        shown = pages.page(evidence, limit, lambda row: _show_evidence(*row[1]), lambda row: row[0] + 1)
        return {**explained.row, "steps": explained.steps, "evidence": shown}


def _score(session: Session, parts: Parts, project: str, *, as_of: str | None, known_at: str | None) -> bytes:
    now = parts.service.clock.now()
    facts = parts.shown.facts(session, project)
    if as_of is None and known_at is None:
        return handlers.latest(session, project, facts, parts.policies, now)
    row = store.score(session, project)
    known = _moment("known_at", known_at, facts)
    if known is not None:
        facts = facts_known_at(session, project, known, facts)
    moment = _moment("as_of", as_of, facts) or known or now
    version = 0 if row is None else row.version
    return msgspec.json.encode(
        handlers.evaluated(session, project, facts, parts.policies, as_of=moment, version=version)
    )


def _explained(session: Session, parts: Parts, project: str, code: str, *, as_of: str | None) -> rules.Explanation:
    now = parts.service.clock.now()
    facts = parts.shown.facts(session, project)
    plan = handlers.plan_of(facts, project)
    moment = _moment("as_of", as_of, facts) or now
    try:
        return rules.explain(facts, plan, parts.policies[plan.policy], code, as_of=moment)
    except KeyError:
        raise NotFound(f"the plan of {project} has no indicator {code}", project=project, code=code) from None


def _moment(name: str, text: str | None, facts: Facts) -> datetime | None:
    """A moment of the query; a bare day means its end: the last microsecond before the next one."""
    if text is None:
        return None
    try:
        if len(text) == len("YYYY-MM-DD"):
            return end_of(day_of(text), facts.time_zone) - datetime.resolution
        return moment_of(text.replace(" ", "+"))  # A plus sign that was not escaped arrives as a space.
    except ValueError as error:
        raise Invalid.field(name, "time", str(error)) from error


def _show_line(row: ScoreRow) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(row.document)
    return {
        "project": row.project,
        "title": row.title,
        "unit": row.unit,
        "fiscal_year": row.fiscal_year,
        "version": row.version,
        "total": row.total,
        "grade": row.grade,
        "grade_label": document["grade_label"],
        "final": row.is_final,
        "execution_rate": document["execution"]["rate"],
        "at_risk": sum(detail["status"] == "missed" for detail in document["details"]),
        "indicators_met": document["indicators_met"],
        "indicators": document["indicators"],
        "as_of": document["as_of"],
    }


def _show_evidence(origin: Origin, contribution: str) -> dict[str, Any]:
    return {
        "source": origin.source,
        "partition": origin.partition,
        "sequence": origin.sequence,
        "id": origin.id,
        "type": origin.type,
        "time": origin.time.isoformat(),
        "hash": origin.hash,
        "contribution": contribution,
    }


class _Streaming(Response):
    """An answer that is a `Subscriber`."""

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__()
        self._subscriber = subscriber

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._subscriber(scope, receive, send)


def _add_stream(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/scores/stream", tags=["scores"], response_class=Response)
    async def stream(
        caller: Viewer,
        project: Annotated[Sequence[Id] | None, Query(max_length=LIST_MAX)] = None,
        last_event_id: Annotated[str | None, Header(max_length=200)] = None,
        last_event_id_query: Annotated[str | None, Query(alias="lastEventID", max_length=200)] = None,
    ) -> Response:
        """Server-Sent Events: a snapshot, then every change of a score; `Last-Event-ID` resumes without loss."""
        for name in project or ():
            caller.require_project(name)
        if parts.hub.streams >= parts.settings.streams_max:
            raise Unavailable("too many score streams are open", retry_after=5)
        subscriber = Subscriber(
            parts.hub,
            parts.service.database,
            parts.settings,
            parts.service.stopping,
            caller,
            frozenset(project) if project else None,
            last_event_id or last_event_id_query,
        )
        return _Streaming(subscriber)
