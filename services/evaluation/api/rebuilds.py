"""Rebuilds: an operator's calls."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from services.evaluation import rebuilding, store
from services.evaluation.parts import Parts
from services.evaluation.store.tables import RebuildRow
from shared import pages
from shared.access import Caller, require
from shared.fields import Body, Id, LooseText
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.problems import NotFound

Operator = Annotated[Caller, Depends(require("operations:write"))]


class RebuildBody(Body):
    reason: LooseText = ""


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    service = parts.service

    @routes.post("/rebuilds", tags=["operations"], status_code=202)
    async def rebuild(request: Request, caller: Operator, body: RebuildBody | None = None) -> Response:
        """Make every score anew from what was received, beside the live ones, and swap; nothing is published."""
        name = new_id()
        reason = "" if body is None else body.reason

        def work(session: Session) -> Answer:
            row = rebuilding.begin(session, name, reason=reason, by=caller.subject, now=service.clock.now())
            return Answer(status=202, body=_show(row), location=f"/rebuilds/{name}")

        answer = await service.once.answer(request, work)
        parts.rebuilder.wake.set()
        return answer

    @routes.get("/rebuilds", tags=["operations"])
    async def rebuilds(caller: Operator, limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None) -> dict[str, Any]:
        """Rebuilds, oldest first."""
        after = pages.number(cursor)
        rows = await service.database.read(lambda session: store.rebuilds(session, after, limit + 1))
        return pages.page(rows, limit, _show, lambda row: row.number)

    @routes.get("/rebuilds/{rebuild}", tags=["operations"])
    async def one(rebuild: Id, caller: Operator) -> dict[str, Any]:
        """One rebuild; `equal` says whether the live facts were what the received events make."""
        row = await service.database.read(lambda session: store.rebuild(session, rebuild))
        if row is None:
            raise NotFound(f"there is no rebuild {rebuild}", rebuild=rebuild)
        return _show(row)


def _show(row: RebuildRow) -> dict[str, Any]:
    return {
        "rebuild": row.rebuild,
        "status": "running" if row.finished_at is None else "done",
        "reason": row.reason,
        "requested_by": row.requested_by,
        "started_at": _text(row.started_at),
        "finished_at": _text(row.finished_at),
        "projects": row.projects,
        "digest": {
            "live": row.live_digest,
            "rebuilt": row.rebuilt_digest,
            "equal": None if row.finished_at is None else row.live_digest == row.rebuilt_digest,
        },
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
