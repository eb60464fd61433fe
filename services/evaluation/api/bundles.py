"""The forms of many projects in one zip, made while it is sent."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from services.evaluation import handlers, papers, store
from services.evaluation.api.callers import Time
from services.evaluation.api.forms import KINDS, LAYOUT_DEFAULT, Reader, layout_of, seen
from services.evaluation.parts import Parts
from services.evaluation.rules.forms.grid import draw
from services.evaluation.rules.forms.layout import Language, Layout
from services.evaluation.rules.forms.model import Form
from shared.problems import NotFound

PROJECTS_AT_ONCE: Final = 100  # Names read at a time; of forms there is one in memory.
BUNDLES_MAX: Final = 2  # Made at the same time; others wait their turn.
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # The same forms make the same bytes.


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which forms, and how."""

    projects: Sequence[str] | None  # That the caller may see; None for all.
    unit: str | None
    year: int | None
    grade: str | None
    kind: str
    layout: Layout
    language: Language
    as_of: Time


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    turns = asyncio.Semaphore(BUNDLES_MAX)

    @routes.get("/forms.zip", tags=["forms"], response_class=StreamingResponse)
    async def bundle(
        caller: Reader,
        kind: Annotated[str, Query(max_length=20, description="xlsx, docx or pdf.")] = "xlsx",
        unit: Annotated[str | None, Query(max_length=200)] = None,
        year: Annotated[int | None, Query(ge=0, le=9_999)] = None,
        grade: Annotated[str | None, Query(max_length=20)] = None,
        as_of: Time = None,
        layout: Annotated[str, Query(max_length=64)] = LAYOUT_DEFAULT,
        lang: Annotated[Language, Query(description="zh or en: of what the platform itself writes.")] = "zh",
    ) -> StreamingResponse:
        """The form of every project that one may see, as of one moment; chosen as the list of projects is."""
        if kind not in KINDS:
            raise NotFound(f"forms come as xlsx, docx or pdf, not as {kind[:20]}")
        if kind == "pdf":
            await asyncio.to_thread(papers.require_fonts)
        wanted = Wanted(
            projects=None if caller.projects is None else sorted(caller.projects),
            unit=unit,
            year=year,
            grade=grade,
            kind=kind,
            layout=layout_of(parts, layout),
            language=lang,
            as_of=as_of or parts.service.clock.now().isoformat(),
        )
        headers = {"Content-Disposition": 'attachment; filename="forms.zip"', "X-Accel-Buffering": "no"}
        return StreamingResponse(_pieces(parts, wanted, turns), media_type="application/zip", headers=headers)


class _Drain(io.RawIOBase):
    """A file that cannot go back: what was written is taken away piece by piece."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile hands in nothing but bytes.
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """What was written since."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


async def _pieces(parts: Parts, wanted: Wanted, turns: asyncio.Semaphore) -> AsyncIterator[bytes]:
    drain = _Drain()
    async with turns:
        with zipfile.ZipFile(drain, "w", zipfile.ZIP_DEFLATED) as archive:
            async for project in _names(parts, wanted):
                await asyncio.to_thread(_add, archive, project, wanted.kind, await _form(parts, project, wanted))
                yield drain.take()
        yield drain.take()


async def _names(parts: Parts, wanted: Wanted) -> AsyncIterator[str]:
    """The projects, in their order."""
    after = ""
    while rows := await parts.service.database.read(partial(_page, wanted=wanted, after=after)):
        for project in rows:
            yield project
        after = rows[-1]


def _page(session: Session, *, wanted: Wanted, after: str) -> list[str]:
    rows = store.scores(
        session,
        projects=wanted.projects,
        unit=wanted.unit,
        year=wanted.year,
        grade=wanted.grade,
        after=after,
        limit=PROJECTS_AT_ONCE,
    )
    return [row.project for row in rows]


async def _form(parts: Parts, project: str, wanted: Wanted) -> Form:
    def find(session: Session) -> Form:
        with seen(session, parts, project, wanted.as_of, None) as view:
            rules, shape = parts.policies, wanted.layout
            at: datetime = view.as_of
            return handlers.filled(
                session, project, view.facts, rules, shape, wanted.language, as_of=at, version=view.version
            )

    return await parts.service.database.read(find)


def _add(archive: zipfile.ZipFile, project: str, kind: str, form: Form) -> None:
    member = zipfile.ZipInfo(f"{project}.{kind}", ZIP_EPOCH)
    member.compress_type = zipfile.ZIP_STORED if kind in ("xlsx", "docx") else zipfile.ZIP_DEFLATED  # Zips already.
    archive.writestr(member, KINDS[kind].make(draw(form), form.title))
