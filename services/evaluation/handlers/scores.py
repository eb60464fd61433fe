"""Scores: made when something moved, and shown."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlmodel import Session

from services.evaluation import rules, store
from services.evaluation.facts import Facts
from services.evaluation.handlers.plans import plan_of
from services.evaluation.model import Plan, Policy, Score
from services.evaluation.rules.evaluating import EXECUTION
from services.evaluation.rules.outlook import WORSE
from services.evaluation.store.tables import RestatementRow, ScoreFields
from shared.dates import end_of
from shared.events.evaluation import AlertRaised, Cause, ChangedIndicator, ScoreUpdated, Words
from shared.service import Publish

_FIGURES: Final = ("measured", "score", "status")


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
    rule = rules.rule_of(facts, policies[facts.plan.policy])
    document = evaluated(session, project, facts, policies, as_of=now, version=version)
    earlier: dict[str, Any] = {} if before is None else msgspec.json.decode(before.document)
    changed = changed_indicators(earlier, document, by_time=by_time)
    if before is not None and not changed and _frame(earlier, by_time=by_time) == _frame(document, by_time=by_time):
        return None
    if by_time:  # A version tells all that it changes, also what an event did that is about to be scored.
        changed = changed_indicators(earlier, document)
    if before is not None and before.rule != rule:
        session.add(
            RestatementRow(
                project=project, version=version, before=before.document, after=msgspec.json.encode(document)
            )
        )
    store.save_score(session, score_fields(project, facts, document, rule), is_new=before is None)
    updated = _updated(project, document, changed, now, cause)
    publish(updated, now)
    for alert in _alerts(project, earlier, document, now):
        publish(alert, now)
    return updated


def evaluated(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    *,
    as_of: datetime,
    version: int,
    tried: str | None = None,
) -> dict[str, Any]:
    """The score of *project* at *as_of*, as it is shown; under the policy *tried* in place of the plan's, if named."""
    score = score_of(session, project, facts, policies, as_of=as_of, tried=tried)
    return rules.document(score, version=version, explanations=store.explanations(session, score.explained))


def score_of(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    *,
    as_of: datetime,
    tried: str | None = None,
) -> Score:
    """The score of *project* at *as_of*, exact."""
    plan = planned_under(plan_of(facts, project), tried)
    return rules.evaluate(
        facts,
        plan,
        policies[plan.policy],
        as_of=as_of,
        parked=store.is_parked(session, project),
        diverged=store.is_diverged(session),
    )


def planned_under(plan: Plan, tried: str | None) -> Plan:
    """*plan* under the policy *tried*, if one is named; what it refines is its own policy only."""
    return plan if tried in (None, plan.policy) else replace(plan, policy=tried, policy_overrides=None)


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
    same = not changed_indicators(kept, fresh, by_time=True) and _frame(kept, by_time=True) == _frame(
        fresh, by_time=True
    )
    return msgspec.json.encode(fresh) if same else row.document


def changed_indicators(
    before: Mapping[str, Any], after: Mapping[str, Any], *, by_time: bool = False
) -> list[ChangedIndicator]:
    """
    The indicators whose figures moved between two scores as shown; *by_time* leaves out that clocks ran on.
    """
    figures = _FIGURES[1:] if by_time else _FIGURES
    earlier = {row["code"]: row for row in before.get("details", ())}
    return [
        ChangedIndicator(code=row["code"], **{figure: row[figure] for figure in _FIGURES})
        for row in after["details"]
        if [row[figure] for figure in figures] != [earlier.get(row["code"], {}).get(figure) for figure in figures]
    ]


def _frame(document: Mapping[str, Any], *, by_time: bool) -> dict[str, Any]:
    """What makes a version besides the indicators' figures: everything but the clock and the version itself."""
    frame = {name: value for name, value in document.items() if name not in ("version", "as_of", "elapsed")}
    left_out = ("measured",) if by_time else ()
    frame["details"] = [{k: v for k, v in row.items() if k not in left_out} for row in document.get("details", ())]
    return frame


def _alerts(project: str, before: Mapping[str, Any], after: Mapping[str, Any], now: datetime) -> Iterator[AlertRaised]:
    """An alert for each indicator, and for budget execution, whose outlook turned for the worse."""
    earlier = dict(_outlooks(before))
    for code, found in _outlooks(after):
        previous = earlier.get(code, {"state": "on_track"})["state"]
        if WORSE[found["state"]] > WORSE[previous]:
            yield AlertRaised(
                project=project,
                code=code,
                outlook=found["state"],
                previous=previous,
                explanation=Words(**found["reason"]),
                version=after["version"],
                as_of=now,
            )


def _outlooks(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "execution_outlook" in document:
        yield EXECUTION, document["execution_outlook"]
    for row in document.get("details", ()):
        yield row["code"], row["outlook"]


def score_fields(project: str, facts: Facts, document: Mapping[str, Any], rule: str) -> ScoreFields:
    """What is kept of a score that was made under *rule*."""
    plan = plan_of(facts, project)
    return ScoreFields(
        project=project,
        version=document["version"],
        title=plan.title,
        unit=facts.unit,
        fiscal_year=plan.fiscal_year,
        total=document["total"],
        grade=document["grade"],
        is_final=document["final"],
        rule=rule,
        period_ends_at=end_of(plan.ends_on, facts.time_zone),
        document=msgspec.json.encode(document),
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
