"""Scores: the lists, the whole score, and one indicator with its evidence."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Response
from sqlmodel import Session

from services.evaluation import handlers, rules, store
from services.evaluation.api.callers import Time, Viewer, moment
from services.evaluation.dossiers import known_at as facts_known_at
from services.evaluation.facts import Origin
from services.evaluation.parts import Parts
from services.evaluation.rules.outlook import WORSE
from services.evaluation.store.tables import ScoreRow
from shared import pages
from shared.fields import Id
from shared.pages import Cursor, Limit
from shared.problems import Invalid, NotFound

PolicyName = Annotated[str | None, Query(max_length=64, description="Another policy, tried without saving anything.")]


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
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
        """One line a project: total, grade (excellent or 优), execution rate, and how many indicators are at risk."""
        after = pages.position(cursor) or ""
        grades = {each.zh: each.name for policy in parts.policies.values() for each in policy.grades}
        visible = None if caller.projects is None else sorted(caller.projects)
        rows = await service.database.read(
            lambda session: store.scores(
                session,
                projects=visible,
                unit=unit,
                year=year,
                grade=None if grade is None else grades.get(grade, grade),
                after=after,
                limit=limit + 1,
            )
        )
        return pages.page(rows, limit, _show_line, lambda row: row.project)

    @routes.get("/projects/{project}/score", tags=["scores"], response_class=Response)
    async def score(
        project: Id, caller: Viewer, as_of: Time = None, known_at: Time = None, policy: PolicyName = None
    ) -> Response:
        """The whole score: the latest version, or as of a moment, from what was on record at another."""
        caller.require_project(project)
        _check_policy(policy, parts)
        document = await service.database.read(
            lambda session: _score(session, parts, project, as_of=as_of, known_at=known_at, policy=policy)
        )
        return Response(document, media_type="application/json")

    @routes.get("/projects/{project}/indicators/{code}", tags=["scores"])
    async def indicator(
        project: Id,
        code: Annotated[str, Path(max_length=64)],
        caller: Viewer,
        as_of: Time = None,
        known_at: Time = None,
        policy: PolicyName = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """The arithmetic step by step, and the events that it rests on."""
        caller.require_project(project)
        _check_policy(policy, parts)
        first = pages.number(cursor)
        explained = await service.database.read(
            lambda session: _explained(session, parts, project, code, as_of=as_of, known_at=known_at, policy=policy)
        )
        evidence = list(enumerate(explained.evidence))[first : first + limit + 1]
        shown = pages.page(evidence, limit, lambda row: _show_evidence(*row[1]), lambda row: row[0] + 1)
        return {**explained.row, "steps": explained.steps, "evidence": shown}


def _check_policy(policy: str | None, parts: Parts) -> None:
    if policy is not None and policy not in parts.policies:
        raise Invalid.field("policy", "unknown_policy", f"must be one of: {', '.join(sorted(parts.policies))}")


def _score(
    session: Session, parts: Parts, project: str, *, as_of: str | None, known_at: str | None, policy: str | None
) -> bytes:
    now = parts.service.clock.now()
    with parts.shown.reading(session, project) as facts:
        if as_of is None and known_at is None and policy is None:
            return handlers.latest(session, project, facts, parts.policies, now)
        known = moment("known_at", known_at, facts)
        at = min(moment("as_of", as_of, facts) or known or now, now)  # The future is not known: it equals now.
        version = store.version_at(session, project, known or now)
        seen = facts if known is None else facts_known_at(session, project, known, facts)
        document = handlers.evaluated(session, project, seen, parts.policies, as_of=at, version=version, tried=policy)
        return msgspec.json.encode(document)


def _explained(
    session: Session,
    parts: Parts,
    project: str,
    code: str,
    *,
    as_of: str | None,
    known_at: str | None,
    policy: str | None,
) -> rules.Explanation:
    with parts.shown.reading(session, project) as facts:
        current = handlers.plan_of(facts, project)
        known = moment("known_at", known_at, facts)
        now = parts.service.clock.now()
        at = min(moment("as_of", as_of, facts) or known or now, now)
        seen = facts if known is None else facts_known_at(session, project, known, facts)
        plan = handlers.planned_under(seen.plan or current, policy)
        try:
            explained = rules.explain(seen, plan, parts.policies[plan.policy], code, as_of=at)
        except KeyError:
            raise NotFound(f"the plan of {project} has no indicator {code}", project=project, code=code) from None
        words = store.explanations(session, explained.deviations)
        return replace(explained, row=explained.row | {"deviation": next(iter(words.values()), None)})


def _show_line(row: ScoreRow) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(row.document)
    states = [detail["outlook"]["state"] for detail in document["details"]]
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
        "elapsed": document["elapsed"],
        "outlooks": {state: states.count(state) for state in WORSE},
        "execution_outlook": document["execution_outlook"]["state"],
        "at_risk": len(states) - states.count("on_track"),
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
