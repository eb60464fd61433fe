"""What evaluation does, one function per thing that happens: load, decide, save and publish."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlmodel import Session

from services.evaluation import rules, store
from services.evaluation.facts import Facts
from services.evaluation.model import Plan, Policy
from services.evaluation.store import RatingRow, ScoreRow
from shared.dates import end_of
from shared.events.base import Envelope
from shared.events.evaluation import Cause, ChangedIndicator, RatingGiven, ScoreUpdated
from shared.problems import Invalid, NotFound
from shared.service import Publish

_FIGURES: Final = ("measured", "score", "status")


class UnknownIndicator(Invalid):
    """A body names an indicator that the plan does not have, or that is not rated."""

    slug, title = "unknown-indicator", "The indicator is not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A rating as an assessor gives it."""

    rating: str
    project: str
    code: str
    level: str
    percent: str
    reason: str
    rated_by: str


def plan_of(facts: Facts, project: str) -> Plan:
    """
    The plan in force.

    Raises:
        NotFound: If the project has none.
    """
    if facts.plan is None:
        raise NotFound(f"project {project} has no performance plan", project=project)
    return facts.plan


def adopt_plan(
    plan: Plan, project: str, facts: Facts, publish: Publish, *, now: datetime
) -> tuple[Envelope | None, bool]:
    """Adopt a plan; returns its event, or None if it is the one in force, and whether it is the project's first."""
    if facts.plan == plan:
        return None, False
    return publish(rules.plan_event(plan, project), now), facts.plan is None


def give_rating(
    rating: Rating,
    facts: Facts,
    policies: Mapping[str, Policy],
    session: Session,
    publish: Publish,
    *,
    at: datetime,
    by: str,
) -> Envelope:
    """
    Put a rating on record.

    Raises:
        NotFound: If the project has no plan.
        UnknownIndicator: If the plan has no such indicator that is rated.
        Invalid: If the percent is outside the level's band.
    """
    plan = plan_of(facts, rating.project)
    if not any(indicator.code == rating.code and indicator.measure == "rating" for indicator in plan.indicators):
        message = f"the plan has no rated indicator {rating.code}"
        raise UnknownIndicator([{"field": "code", "code": "unknown", "message": message}])
    rules.check_rating(rating.level, Decimal(rating.percent), policies[plan.policy])
    session.add(
        RatingRow(
            rating=rating.rating,
            project=rating.project,
            code=rating.code,
            level=rating.level,
            percent=rating.percent,
            reason=rating.reason,
            rated_by=rating.rated_by,
            given_by=by,
            occurred_at=at,
        )
    )
    given = RatingGiven(
        project=rating.project,
        rating=rating.rating,
        code=rating.code,
        level=rating.level,  # type: ignore[arg-type]  # One of the three: the request's shape says so.
        percent=rating.percent,
    )
    return publish(given, at)


def score_project(
    project: str,
    session: Session,
    facts: Facts,
    policies: Mapping[str, Policy],
    *,
    publish: Publish,
    now: datetime,
    cause: Cause | None,
    by_time: bool,
) -> ScoreUpdated | None:
    """
    Make a new version of a project's score if it moved; returns what was published.

    An event makes a version with any shown figure it changes. Time makes one only with a score, a status or a total:
    a running clock alone would write a version a tick for a year, and is shown fresh whenever somebody looks.
    """
    if facts.plan is None:
        return None
    before = store.score(session, project)
    version = 1 if before is None else before.version + 1
    document = evaluated(session, project, facts, policies, as_of=now, version=version)
    earlier: dict[str, Any] = {} if before is None else msgspec.json.decode(before.document)
    changed = _changed(earlier, document, by_time=by_time)
    if before is not None and not changed and _frame(earlier, by_time=by_time) == _frame(document, by_time=by_time):
        return None
    _save(project, session, facts.plan, facts, document)
    updated = _updated(project, document, changed, now, cause)
    publish(updated, now)
    return updated


def evaluated(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    *,
    as_of: datetime,
    version: int,
) -> dict[str, Any]:
    """The score of *project* at *as_of*, as it is shown."""
    plan = plan_of(facts, project)
    score = rules.evaluate(
        facts,
        plan,
        policies[plan.policy],
        as_of=as_of,
        parked=store.is_parked(session, project),
        diverged=store.is_diverged(session),
    )
    return rules.document(score, version=version)


def latest(session: Session, project: str, facts: Facts, policies: Mapping[str, Policy], now: datetime) -> bytes:
    """
    The latest version of a score, its clocks as they stand now; version 0 until the first one is on record.

    Raises:
        NotFound: If the project has no plan.
    """
    row = store.score(session, project)
    if row is None:
        return msgspec.json.encode(evaluated(session, project, facts, policies, as_of=now, version=0))
    kept: dict[str, Any] = msgspec.json.decode(row.document)
    fresh = evaluated(session, project, facts, policies, as_of=now, version=row.version)
    # A fact that came in a moment ago is not shown under the number of the version before it.
    same = not _changed(kept, fresh, by_time=True) and _frame(kept, by_time=True) == _frame(fresh, by_time=True)
    return msgspec.json.encode(fresh) if same else row.document


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], *, by_time: bool) -> list[ChangedIndicator]:
    figures = _FIGURES[1:] if by_time else _FIGURES
    earlier = {row["code"]: row for row in before.get("details", ())}
    return [
        ChangedIndicator(code=row["code"], **{figure: row[figure] for figure in _FIGURES})
        for row in after["details"]
        if [row[figure] for figure in figures] != [earlier.get(row["code"], {}).get(figure) for figure in figures]
    ]


def _frame(document: Mapping[str, Any], *, by_time: bool) -> dict[str, Any]:
    """What makes a version besides the indicators' figures: everything but the moment and the version itself."""
    frame = {name: value for name, value in document.items() if name not in ("version", "as_of")}
    left_out = ("measured",) if by_time else ()
    frame["details"] = [{k: v for k, v in row.items() if k not in left_out} for row in document.get("details", ())]
    return frame


def _save(project: str, session: Session, plan: Plan, facts: Facts, document: Mapping[str, Any]) -> None:
    session.merge(
        ScoreRow(
            project=project,
            version=document["version"],
            title=plan.title,
            unit=facts.unit,
            fiscal_year=plan.fiscal_year,
            total=document["total"],
            grade=document["grade"],
            is_final=document["final"],
            period_ends_at=end_of(plan.ends_on, facts.time_zone),
            document=msgspec.json.encode(document),
        )
    )


def _updated(
    project: str, document: Mapping[str, Any], changed: list[ChangedIndicator], now: datetime, cause: Cause | None
) -> ScoreUpdated:
    return ScoreUpdated(
        project=project,
        version=document["version"],
        previous=document["version"] - 1,
        total=document["total"],
        grade=document["grade"],
        final=document["final"],
        as_of=now,
        changed=tuple(changed),
        cause=cause,
    )
