"""The statutory form on every kind of paper, and the words that people write for it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field as Bounded
from pydantic import StringConstraints
from sqlmodel import Session

from services.evaluation import handlers, papers, store
from services.evaluation.api.callers import Planner, Time, moment
from services.evaluation.api.files import named
from services.evaluation.dossiers import known_at as facts_known_at
from services.evaluation.facts import Facts
from services.evaluation.parts import Parts
from services.evaluation.rules.forms.grid import Grid, Orientation, draw
from services.evaluation.rules.forms.layout import Language, Layout
from services.evaluation.rules.forms.model import Form
from shared.access import Caller, require
from shared.fields import LIST_MAX, Body, Id
from shared.idempotency import Answer
from shared.problems import Invalid, NotFound

Reader = Annotated[Caller, Depends(require("forms:read"))]
WORDS_MAX: Final = 20_000  # Of one section: a report's chapter.
NOTE_MAX: Final = 200  # It stands in a narrow column.
LAYOUT_DEFAULT: Final = "mof-2020"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of paper: how it is made of a grid, and what it is called on the way."""

    make: Callable[[Grid, str], bytes]
    media_type: str


KINDS: Final = {
    "xlsx": Kind(papers.as_xlsx, papers.XLSX),
    "docx": Kind(papers.as_docx, papers.DOCX),
    "pdf": Kind(papers.as_pdf, papers.PDF),
}
Section = Literal["achieved", "overview", "funds", "organisation", "results", "other", "work"]
Note = Annotated[str, StringConstraints(max_length=NOTE_MAX)]
Words = Annotated[str, StringConstraints(max_length=WORDS_MAX)]


class NoteBody(Body):
    """What only people know of one indicator: some layouts have a column for it."""

    basis: Note | None = None
    previous: Note | None = None


class NarrativeBody(Body):
    language: Literal["zh", "en"] = "zh"
    texts: dict[Section, Words] = Bounded(default_factory=dict)
    indicators: Annotated[dict[Id, NoteBody], Bounded(max_length=LIST_MAX)] = Bounded(default_factory=dict)


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    service = parts.service

    @routes.get("/projects/{project}/form.{kind}", tags=["forms"], response_class=Response)
    async def form(
        project: Id,
        kind: str,
        caller: Reader,
        as_of: Time = None,
        known_at: Time = None,
        layout: Annotated[str, Query(max_length=64)] = LAYOUT_DEFAULT,
        orientation: Annotated[Orientation, Query(description="Of the A4 page: landscape or portrait.")] = "landscape",
        lang: Annotated[Language, Query(description="zh or en: of what the platform itself writes.")] = "zh",
    ) -> Response:
        """The self-evaluation form as json, xlsx, docx or pdf, at any day of the year."""
        caller.require_project(project)
        if kind not in ("json", *KINDS):
            raise NotFound(f"a form comes as json, xlsx, docx or pdf, not as {kind[:20]}")
        shape = layout_of(parts, layout)

        def find(session: Session) -> Form:
            with seen(session, parts, project, as_of, known_at) as view:
                rules = parts.policies
                return handlers.filled(
                    session,
                    project,
                    view.facts,
                    rules,
                    shape,
                    lang,
                    as_of=view.as_of,
                    version=view.version,
                    known=view.known,
                )

        filled = await service.database.read(find)
        if kind == "json":
            return Response(msgspec.json.encode(show_form(filled, project)), media_type="application/json")
        paper = await asyncio.to_thread(lambda: KINDS[kind].make(draw(filled, orientation), filled.title))
        headers = attached(project, "form", f"{filled.project}-{filled.title}", kind)
        return Response(paper, media_type=KINDS[kind].media_type, headers=headers)

    @routes.put("/projects/{project}/narrative", tags=["forms"])
    async def write_narrative(project: Id, body: NarrativeBody, request: Request, caller: Planner) -> Response:
        """Write what only people know, by section and by indicator; an empty text takes one back."""
        caller.require_project(project)
        now = service.clock.now()

        def work(session: Session) -> Answer:
            plan = handlers.plan_of(parts.written.facts(session, project), project)
            handlers.write_narrative(
                session,
                project,
                body.language,
                {str(section): words for section, words in body.texts.items()},
                {code: note.model_dump(exclude_none=True) for code, note in body.indicators.items()},
                plan,
                by=caller.subject,
                now=now,
            )
            return Answer(status=200, body=_show_narrative(session, project, body.language))

        return await service.once.answer(request, work)

    @routes.get("/projects/{project}/narrative", tags=["forms"])
    async def narrative(project: Id, caller: Reader, lang: Language = "zh") -> dict[str, Any]:
        """What was written of a project, by section and by indicator."""
        caller.require_project(project)
        return await service.database.read(lambda session: _show_narrative(session, project, lang))


def _show_narrative(session: Session, project: str, language: str) -> dict[str, Any]:
    found = store.narrative(session, project, language)
    texts, notes = handlers.shown_texts(found), handlers.notes_in(found)
    return {"project": project, "language": language, "texts": texts, "indicators": notes}


def layout_of(parts: Parts, name: str) -> Layout:
    """
    The layout with that name.

    Raises:
        Invalid: If there is none.
    """
    if name not in parts.layouts:
        raise Invalid.field("layout", "unknown_layout", f"must be one of: {', '.join(sorted(parts.layouts))}")
    return parts.layouts[name]


@dataclass(frozen=True, slots=True)
class View:
    """
    What a paper is made from.

    Attributes:
        facts: As on record at *known*; else as on record now.
        as_of: The moment that it speaks of.
        version: Of the score by then.
        known: The moment asked for, if one was.
    """

    facts: Facts
    as_of: datetime
    version: int
    known: datetime | None


@contextmanager
def seen(session: Session, parts: Parts, project: str, as_of: Time, known_at: Time) -> Iterator[View]:
    """
    The facts of *project* as asked for.

    Raises:
        Invalid: If a moment is none.
    """
    now = parts.service.clock.now()
    with parts.shown.reading(session, project) as facts:
        known = moment("known_at", known_at, facts)
        at = moment("as_of", as_of, facts) or known or now
        told = facts if known is None else facts_known_at(session, project, known, facts)
        yield View(told, at, store.version_at(session, project, known or now), known)


def attached(project: str, paper: str, name: str, kind: str) -> dict[str, str]:
    """The headers of a paper that is to be saved under a name in any script."""
    return named(f"{name}.{kind}", f"{project}-{paper}.{kind}")


def show_form(form: Form, project: str) -> dict[str, Any]:
    """A form as JSON: its cells are the very texts that are printed; evidence is told with its hashes."""
    return {
        "project": project,
        "layout": form.layout.name,
        "layout_source": form.layout.source,
        "language": form.language,
        "title": form.title,
        "year": form.year,
        "name": form.project,
        "department": form.department,
        "unit": form.unit,
        "money": [msgspec.to_builtins(line) for line in form.money],
        "objective": {"expected": form.expected, "achieved": form.achieved},
        "indicators": [
            {"code": line.code, **line.cells, "evidence": msgspec.to_builtins(line.proofs)} for line in form.rows
        ],
        "weight": form.weight,
        "total": form.total,
        "grade": form.grade,
        "mark": form.mark,
        "closing": [{"label": label, "text": text} for label, text in form.closing],
        "foot": list(form.foot),
    }
