"""Closing a project's year: the form is sealed by two persons, and handed out as it was sealed."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlmodel import Session

from services.evaluation import handlers, store
from services.evaluation.api.callers import Planner
from services.evaluation.api.forms import KINDS, LAYOUT_DEFAULT, Reader, attached, layout_of, show_form
from services.evaluation.parts import Parts
from services.evaluation.rules.forms.grid import draw
from services.evaluation.rules.forms.layout import Language
from services.evaluation.rules.forms.model import Form
from shared.fields import Body, Id
from shared.idempotency import Answer
from shared.problems import NotFound
from shared.service import Publish

MEDIA_TYPES = {"json": "application/json"} | {name: kind.media_type for name, kind in KINDS.items()}


class ClosureBody(Body):
    layout: Id = LAYOUT_DEFAULT
    language: Language = "zh"


async def _closure_body(request: Request) -> ClosureBody:
    """The body; without one, the usual layout in Chinese."""
    if not await request.body():
        return ClosureBody()
    try:
        return ClosureBody.model_validate(await request.json())
    except ValidationError as error:
        raise RequestValidationError([each | {"loc": ("body", *each["loc"])} for each in error.errors()]) from error


Wanted = Annotated[ClosureBody, Depends(_closure_body)]
BODY: Final[dict[str, Any]] = {
    "requestBody": {"content": {"application/json": {"schema": ClosureBody.model_json_schema()}}, "required": False}
}


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    service = parts.service

    @routes.post("/projects/{project}/closure", tags=["forms"], openapi_extra=BODY)
    async def close(project: Id, body: Wanted, request: Request, caller: Planner) -> Response:
        """Propose to close the year; sent by a second person, it seals the form as the first one wanted it."""
        caller.require_project(project)
        layout_of(parts, body.layout)
        now = service.clock.now()
        made = await service.database.read(lambda session: _made(session, parts, project, now))
        papers, version = ({}, 0) if made is None else (await asyncio.to_thread(_papers, made[0], project), made[1])

        def work(session: Session) -> Answer:
            step = Step(session, parts, project, caller.subject, now)
            if handlers.open_closure(session, project, caller.subject) is None:
                step.propose(body)
            else:
                step.seal(papers, version, service.publisher(session, request.state.trace))
            session.flush()
            return Answer(status=200, body=handlers.closing(session, project, step.facts, parts.policies, now))

        return await service.once.answer(request, work)

    @routes.get("/projects/{project}/closure", tags=["forms"])
    async def closure(project: Id, caller: Reader) -> dict[str, Any]:
        """How the year was closed; once sealed, with the score of today and every difference."""
        caller.require_project(project)

        def find(session: Session) -> dict[str, Any]:
            with parts.shown.reading(session, project) as facts:
                return handlers.closing(session, project, facts, parts.policies, service.clock.now())

        return await service.database.read(find)

    @routes.get("/projects/{project}/closure/form.{kind}", tags=["forms"], response_class=Response)
    async def sealed(project: Id, kind: str, caller: Reader) -> Response:
        """The sealed form, byte for byte as it was sealed."""
        caller.require_project(project)
        if kind not in MEDIA_TYPES:
            raise NotFound(f"a form comes as json, xlsx, docx or pdf, not as {kind[:20]}")
        row = await service.database.read(lambda session: store.sealed_paper(session, project, kind))
        if row is None:
            raise NotFound(f"the form of {project} is not sealed", project=project)
        headers = attached(project, "form", f"{project}-sealed", kind) | {"ETag": f'"{row.sha256}"'}
        return Response(row.content, media_type=MEDIA_TYPES[kind], headers=headers)


def _made(session: Session, parts: Parts, project: str, now: datetime) -> tuple[Form, int] | None:
    """The form to seal and the version it shows, if a closure is proposed."""
    row = store.closure(session, project)
    if row is None or row.sealed_at is not None:
        return None
    version = store.version_at(session, project, now)
    language: Language = "zh" if row.language == "zh" else "en"
    with parts.shown.reading(session, project) as facts:
        layout = parts.layouts[row.layout]
        form = handlers.filled(session, project, facts, parts.policies, layout, language, as_of=now, version=version)
    return form, version


class Step:
    """What one person does to close a year, in the writer's transaction."""

    def __init__(self, session: Session, parts: Parts, project: str, by: str, now: datetime) -> None:
        self.facts = parts.written.facts(session, project)
        self._session = session
        self._policies = parts.policies
        self._project = project
        self._by = by
        self._now = now

    def propose(self, body: ClosureBody) -> None:
        """As the first person."""
        handlers.propose(
            self._session,
            self._project,
            self.facts,
            self._policies,
            layout=body.layout,
            language=body.language,
            by=self._by,
            now=self._now,
        )

    def seal(self, papers: Mapping[str, bytes], version: int, publish: Publish) -> None:
        """As the second one."""
        handlers.seal(
            self._session,
            self._project,
            self.facts,
            self._policies,
            publish,
            papers=papers,
            version=version,
            by=self._by,
            now=self._now,
        )


def _papers(form: Form, project: str) -> dict[str, bytes]:
    """The form on every kind of paper."""
    grid = draw(form)
    made = {name: kind.make(grid, form.title) for name, kind in KINDS.items()}
    return made | {"json": msgspec.json.encode(show_form(form, project))}
