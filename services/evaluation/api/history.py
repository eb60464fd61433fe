"""A score over time."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from services.evaluation import handlers
from services.evaluation.api.callers import Viewer, moment
from services.evaluation.facts import Facts
from services.evaluation.parts import Parts
from shared import pages
from shared.dates import start_of
from shared.fields import Id, day_of, moment_of
from shared.pages import Cursor, Limit
from shared.problems import Invalid, NotFound

By = Literal["recording", "happening"]
VERSION_MAX = 10**9


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    service = parts.service

    @routes.get("/projects/{project}/history", tags=["scores"])
    async def history(
        project: Id,
        caller: Viewer,
        since: Annotated[str | None, Query(alias="from", max_length=40)] = None,
        until: Annotated[str | None, Query(alias="to", max_length=40)] = None,
        by: Annotated[
            By, Query(description="recording: the versions; happening: the moments that moved it")
        ] = "recording",
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """The score over time, oldest first; a version that a plan or a policy restated shows what it changed."""
        caller.require_project(project)

        def find(session: Session) -> dict[str, Any]:
            with parts.shown.reading(session, project) as facts:
                handlers.plan_of(facts, project)
                first, last = _start(since, facts), moment("to", until, facts)
                if by == "recording":
                    rows = handlers.versions(
                        session, project, after=pages.number(cursor), since=first, until=last, limit=limit + 1
                    )
                    return pages.page(rows, limit, lambda row: row[1], lambda row: row[0])
                points = handlers.course(
                    session,
                    project,
                    facts,
                    parts.policies,
                    after=_place(cursor),
                    since=first,
                    until=last or service.clock.now(),
                    limit=limit + 1,
                )
                return pages.page(points, limit, lambda row: row[1], lambda row: row[0].isoformat())

        return await service.database.read(find)

    @routes.get("/projects/{project}/history/{version}", tags=["scores"])
    async def restatement(
        project: Id, version: Annotated[int, Path(ge=1, le=VERSION_MAX)], caller: Viewer
    ) -> dict[str, Any]:
        """The score before and after a restatement, whole, and the difference."""
        caller.require_project(project)
        found = await service.database.read(lambda session: handlers.restatement(session, project, version))
        if found is None:
            raise NotFound(f"version {version} of {project} restates nothing", project=project, version=version)
        return found


def _start(text: str | None, facts: Facts) -> datetime | None:
    """A moment of the query; a bare day means its beginning."""
    if text is None or len(text) != len("YYYY-MM-DD"):
        return moment("from", text, facts)
    try:
        return start_of(day_of(text), facts.time_zone)
    except ValueError as error:
        raise Invalid.field("from", "time", str(error)) from error


def _place(cursor: str | None) -> datetime | None:
    text = pages.position(cursor)
    try:
        return None if text is None else moment_of(text)
    except ValueError:
        raise Invalid.field("cursor", "cursor", "is not a cursor of this list") from None
