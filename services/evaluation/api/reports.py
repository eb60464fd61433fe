"""The self-evaluation report, and the form of performance monitoring, at any day of the year."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from services.evaluation import handlers, papers
from services.evaluation.api.callers import Time
from services.evaluation.api.forms import KINDS as FORM_KINDS
from services.evaluation.api.forms import Reader, attached, seen
from services.evaluation.parts import Parts
from services.evaluation.rules.forms.layout import Language
from services.evaluation.rules.forms.monitoring import MonitoringForm, draw_monitoring
from services.evaluation.rules.reports.model import Report
from shared.dates import end_of
from shared.fields import Id
from shared.problems import Invalid, NotFound

KINDS: Final[dict[str, tuple[Callable[[Report], bytes], str]]] = {
    "docx": (papers.report_as_docx, papers.DOCX),
    "pdf": (papers.report_as_pdf, papers.PDF),
}
InLanguage = Annotated[Language, Query(description="zh or en: of what the platform itself writes.")]
Month = Annotated[str | None, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="As in 2018-07.")]


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""

    @routes.get("/projects/{project}/report.{kind}", tags=["forms"], response_class=Response)
    async def report(
        project: Id,
        kind: str,
        caller: Reader,
        as_of: Time = None,
        known_at: Time = None,
        lang: InLanguage = "zh",
    ) -> Response:
        """The self-evaluation report as docx or pdf: every figure from the facts, with the words people wrote."""
        caller.require_project(project)
        if kind not in KINDS:
            raise NotFound(f"a report comes as docx or pdf, not as {kind[:20]}")

        def find(session: Session) -> Report:
            with seen(session, parts, project, as_of, known_at) as view:
                return handlers.reported(
                    session, project, view.facts, parts.policies, lang, as_of=view.as_of, version=view.version
                )

        written = await parts.service.database.read(find)
        make, media_type = KINDS[kind]
        paper = await asyncio.to_thread(make, written)
        headers = attached(project, "report", f"{written.subtitle}-{written.title}", kind)
        return Response(paper, media_type=media_type, headers=headers)

    @routes.get("/projects/{project}/monitoring-form.{kind}", tags=["forms"], response_class=Response)
    async def monitoring_form(
        project: Id,
        kind: str,
        caller: Reader,
        month: Month = None,
        as_of: Time = None,
        lang: InLanguage = "zh",
    ) -> Response:
        """The form of performance monitoring as json, xlsx, docx or pdf, up to the end of any month."""
        caller.require_project(project)
        if kind not in ("json", *FORM_KINDS):
            raise NotFound(f"a monitoring form comes as json, xlsx, docx or pdf, not as {kind[:20]}")
        if month is not None and as_of is not None:
            raise Invalid.field("month", "too_many", "name the month or the moment, not both")

        def find(session: Session) -> MonitoringForm:
            with seen(session, parts, project, as_of, None) as view:
                at = view.as_of if month is None else min(view.as_of, _end(month, view.facts.time_zone))
                return handlers.monitored(
                    session, project, view.facts, parts.policies, lang, as_of=at, version=view.version
                )

        filled = await parts.service.database.read(find)
        if kind == "json":
            return Response(msgspec.json.encode(_show(filled, project)), media_type="application/json")
        paper = await asyncio.to_thread(lambda: FORM_KINDS[kind].make(draw_monitoring(filled), filled.title))
        headers = attached(project, "monitoring-form", f"{filled.project}-{filled.span}-{filled.title}", kind)
        return Response(paper, media_type=FORM_KINDS[kind].media_type, headers=headers)


def _end(month: str, time_zone: str) -> datetime:
    """The last moment of a month."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=32)).replace(day=1)
    return end_of(after - timedelta(days=1), time_zone) - datetime.resolution


def _show(form: MonitoringForm, project: str) -> dict[str, Any]:
    initial, budget, spent, rate, outcome = form.money
    return {
        "project": project,
        "language": form.language,
        "title": form.title,
        "year": form.year,
        "span": form.span,
        "name": form.project,
        "department": form.department,
        "unit": form.unit,
        "money": {"initial": initial, "budget": budget, "spent": spent, "rate": rate, "expected": outcome},
        "sources": [
            {"label": line.label, "initial": line.initial, "budget": line.annual, "spent": line.executed}
            for line in form.sources
        ],
        "objective": form.objective,
        "indicators": [msgspec.to_builtins(line) for line in form.rows],
        "foot": list(form.foot),
    }
