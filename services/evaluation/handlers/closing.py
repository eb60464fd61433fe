"""Closing a project's year: two persons seal the form, and what comes later stands beside it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session

from services.evaluation import rules, store
from services.evaluation.facts import Facts
from services.evaluation.handlers.plans import plan_of
from services.evaluation.handlers.scores import evaluated
from services.evaluation.model import Policy
from services.evaluation.store.tables import ClosureRow, SealedPaperRow
from shared.events.evaluation import ScoreSealed
from shared.problems import NotFound, Refusal
from shared.service import Publish

Item = dict[str, Any]


class NotFinal(Refusal):
    """A score that may still move is not sealed."""

    slug, title = "not-final", "The score is not final"


class AlreadySealed(Refusal):
    """The form of this project is sealed."""

    slug, title = "already-sealed", "The form is sealed"


class SamePerson(Refusal):
    """The person who proposed a closure may not confirm it."""

    slug, title = "same-person", "Somebody else must confirm this"


class MovedOn(Refusal):
    """The score has moved while its form was made."""

    slug, title = "moved-on", "The score has just moved"


def propose(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    *,
    layout: str,
    language: str,
    by: str,
    now: datetime,
) -> ClosureRow:
    """
    Put on record that *by* would close the year.

    Raises:
        NotFound: If the project has no plan.
        NotFinal: If its score is not final.
    """
    _require_final(evaluated(session, project, facts, policies, as_of=now, version=0))
    row = ClosureRow(project=project, layout=layout, language=language, proposed_by=by, proposed_at=now)
    session.add(row)
    return row


def open_closure(session: Session, project: str, by: str) -> ClosureRow | None:
    """
    The closure that *by* may confirm; None if nobody has proposed one.

    Raises:
        AlreadySealed: If it is done.
        SamePerson: If *by* proposed it.
    """
    row = store.closure(session, project)
    if row is None:
        return None
    if row.sealed_at is not None:
        raise AlreadySealed(f"the form of {project} was sealed", sealed_at=row.sealed_at.isoformat(), by=row.sealed_by)
    if row.proposed_by == by:
        raise SamePerson(f"{by} proposed this closure; somebody else must confirm it", proposed_by=by)
    return row


def seal(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    publish: Publish,
    *,
    papers: Mapping[str, bytes],
    version: int,
    by: str,
    now: datetime,
) -> ClosureRow:
    """
    Seal the form: keep its papers, and publish the hash of what they say.

    Args:
        session: The writer's.
        project: Whose year is closed.
        facts: The project's.
        policies: By name.
        publish: Appends to the log.
        papers: The form by kind, json among them, as of *now*.
        version: Of the score that they show.
        by: Who confirms.
        now: The moment of the form.

    Raises:
        AlreadySealed, SamePerson: As `open_closure`.
        MovedOn: If the score has another version by now.
        NotFinal: If it is not final.
    """
    row = open_closure(session, project, by)
    if row is None:
        raise NotFound(f"nobody has proposed to close {project}", project=project)
    if store.version_at(session, project, now) != version:
        raise MovedOn("the score moved while the form was made; nothing was sealed: send it again", retry_after=1)
    document = evaluated(session, project, facts, policies, as_of=now, version=version)
    _require_final(document)
    for kind, content in papers.items():
        digest = hashlib.sha256(content).hexdigest()
        session.add(SealedPaperRow(project=project, kind=kind, sha256=digest, content=content))
    row.sealed_by, row.sealed_at, row.version = by, now, version
    row.document = msgspec.json.encode(document)
    session.add(row)
    publish(
        ScoreSealed(
            project=project,
            version=version,
            total=document["total"],
            grade=document["grade"],
            as_of=now,
            layout=row.layout,
            form_sha256=hashlib.sha256(papers["json"]).hexdigest(),
        ),
        now,
    )
    return row


def _require_final(document: Mapping[str, Any]) -> None:
    if not document["final"]:
        reasons = document["reasons"]
        raise NotFinal(f"the score is not final: {', '.join(reasons)}", reasons=reasons)


def closing(session: Session, project: str, facts: Facts, policies: Mapping[str, Policy], now: datetime) -> Item:
    """
    The closure of a project's year; once sealed, with the score as it is now and the difference.

    Raises:
        NotFound: If nobody has proposed one.
    """
    plan_of(facts, project)
    row = store.closure(session, project)
    if row is None:
        raise NotFound(f"nobody has proposed to close {project}", project=project)
    shown: Item = {
        "project": project,
        "state": "proposed" if row.sealed_at is None else "sealed",
        "layout": row.layout,
        "language": row.language,
        "proposed_by": row.proposed_by,
        "proposed_at": row.proposed_at.isoformat(),
    }
    if row.sealed_at is None or row.document is None:
        return shown
    before = msgspec.json.decode(row.document)
    after = evaluated(session, project, facts, policies, as_of=now, version=store.version_at(session, project, now))
    difference = rules.difference(before, after)
    return shown | {
        "sealed_by": row.sealed_by,
        "sealed_at": row.sealed_at.isoformat(),
        "version": row.version,
        "total": before["total"],
        "grade": before["grade"],
        "sha256": store.sealed_hashes(session, project),
        "restated": bool(difference),
        "now": {"version": after["version"], "total": after["total"], "grade": after["grade"]},
        "difference": difference,
    }
