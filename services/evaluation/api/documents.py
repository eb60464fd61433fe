"""Documents that back a figure: kept once by their content, linked to what they prove, handed out to be saved."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Bounded
from sqlmodel import Session
from starlette.requests import ClientDisconnect

from services.evaluation import handlers, store
from services.evaluation.api.callers import Planner
from services.evaluation.api.files import named, sent
from services.evaluation.api.forms import Reader
from services.evaluation.model import Subject
from services.evaluation.parts import Parts
from services.evaluation.rules.documents import EXTENSIONS, is_named_so
from services.evaluation.store.tables import DocumentRow
from services.evaluation.vault import Kept
from shared import pages
from shared.bodies import check_media_type
from shared.fields import LIST_MAX, Body, Id, Name
from shared.idempotency import Answer
from shared.pages import Cursor, Limit
from shared.problems import Invalid, Malformed, NotFound

PATH: Final = "/documents"
BYTES_MAX: Final = 20 * 1024 * 1024  # Of one: a contract scanned in colour; a film is no document.
SENT_AS: Final = ("application/octet-stream", *EXTENSIONS)
UNNAMEABLE: Final = set('/\\:*?"<>|')  # What no file may be called somewhere.
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "required": True,
    }
}


def _file_name(name: str) -> str:
    # Signs that are not seen may turn the end of a name around: gpj.exe would be read as exe.jpg.
    if (
        set(name) & UNNAMEABLE
        or any(unicodedata.category(sign) in ("Cc", "Cf") for sign in name)
        or name.startswith(".")
    ):
        raise ValueError('must be a name of a file, without / \\ : * ? " < > | and invisible signs')
    return name


Kind = Literal["contract", "acceptance", "invoice", "other"]
FileName = Annotated[Name, AfterValidator(_file_name)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Link(Body):
    kind: Literal["payment", "contract", "acceptance", "inspection", "indicator"]
    id: Id


class LinksBody(Body):
    project: Id
    links: Annotated[list[Link], Bounded(min_length=1, max_length=LIST_MAX)]


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    _add_writing(routes, parts)
    _add_reading(routes, parts)


def _add_writing(routes: APIRouter, parts: Parts) -> None:
    service = parts.service

    @routes.post(PATH, tags=["documents"], status_code=201, openapi_extra=BODY)
    async def keep(
        project: Annotated[Id, Query()],
        name: Annotated[FileName, Query()],
        request: Request,
        caller: Planner,
        kind: Annotated[Kind, Query()] = "other",
    ) -> Response:
        """
        Keep a document, its bytes being the body: 201 the first time, 200 with the same record for the same content.

        PDF, PNG, JPEG, TIFF, docx, xlsx and OFD, told by the content, at most 20 MiB. It needs no `Idempotency-Key`:
        a document is named by its content, so that sending it again changes nothing.
        """
        caller.require_project(project)
        check_media_type(request, SENT_AS)
        await service.database.read(lambda session: _require_told(session, parts, project))
        kept = await parts.vault.take(_body(request), partial(_require_name, name))
        row = _row(kept, project=project, name=name, kind=kind, by=caller.subject, parts=parts)

        def work(session: Session) -> tuple[dict[str, Any], bool]:
            found, is_new = handlers.keep_document(session, row)
            session.flush()
            return next(handlers.show_documents(session, project, [found])), is_new

        shown, is_new = await service.database.write(work)
        headers = {"Location": f"{PATH}/{kept.sha256}?project={project}"}
        content = msgspec.json.encode(shown)
        return Response(content, status_code=201 if is_new else 200, media_type="application/json", headers=headers)

    @routes.post("/documents/{sha256}/links", tags=["documents"])
    async def link(sha256: Annotated[Sha256, Path()], body: LinksBody, request: Request, caller: Planner) -> Response:
        """Say what a document backs: payments, contracts, acceptances, inspections, or indicators of the plan."""
        caller.require_project(body.project)
        now = service.clock.now()
        subjects: list[Subject] = [(each.kind, each.id) for each in body.links]

        def work(session: Session) -> Answer:
            row = _document(session, body.project, sha256)
            facts = parts.written.facts(session, body.project)
            handlers.add_links(session, row, subjects, facts, by=caller.subject, now=now)
            session.flush()
            return Answer(status=200, body=next(handlers.show_documents(session, body.project, [row])))

        return await service.once.answer(request, work)


def _add_reading(routes: APIRouter, parts: Parts) -> None:
    service = parts.service

    @routes.get("/projects/{project}/documents", tags=["documents"])
    async def documents(
        project: Id, caller: Reader, limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """The documents of a project, oldest first, each with what it backs."""
        caller.require_project(project)

        def find(session: Session) -> dict[str, Any]:
            _require_told(session, parts, project)
            rows = store.documents(session, project, after=pages.number(cursor), limit=limit + 1)
            shown = list(zip(rows, handlers.show_documents(session, project, rows), strict=True))
            return pages.page(shown, limit, lambda each: each[1], lambda each: each[0].number)

        return await service.database.read(find)

    @routes.get("/documents/{sha256}", tags=["documents"], response_class=Response)
    async def document(
        sha256: Annotated[Sha256, Path()], project: Annotated[Id, Query()], caller: Reader
    ) -> StreamingResponse:
        """The document, byte for byte, to be saved."""
        caller.require_project(project)
        row = await service.database.read(lambda session: _document(session, project, sha256))
        file = await asyncio.to_thread(lambda: parts.vault.find(sha256).open("rb"))
        plain = f"{sha256[:12]}{EXTENSIONS[row.media_type][0]}"
        return sent(file, row.size, row.media_type, named(row.name, plain) | {"ETag": f'"{sha256}"'})


def _require_told(session: Session, parts: Parts, project: str) -> None:
    with parts.shown.reading(session, project) as facts:
        handlers.require_told(facts, project)


def _document(session: Session, project: str, sha256: str) -> DocumentRow:
    row = store.document(session, project, sha256)
    if row is None:
        raise NotFound(f"{project} has no document {sha256}", project=project, sha256=sha256)
    return row


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise Malformed("the document broke off; nothing was stored") from None


def _require_name(name: str, media_type: str) -> None:
    if not is_named_so(name, media_type):
        endings = " or ".join(EXTENSIONS[media_type])
        raise Invalid.field("name", "extension", f"by its content the file is one whose name ends in {endings}")


def _row(kept: Kept, *, project: str, name: str, kind: str, by: str, parts: Parts) -> DocumentRow:
    return DocumentRow(
        project=project,
        sha256=kept.sha256,
        name=name,
        kind=kind,
        media_type=kept.media_type,
        size=kept.size,
        added_by=by,
        added_at=parts.service.clock.now(),
    )
