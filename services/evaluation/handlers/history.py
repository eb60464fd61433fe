"""A score over time: by the versions that were published, and by the moments at which things happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session

from services.evaluation import rules, store
from services.evaluation.facts import Facts
from services.evaluation.handlers.plans import plan_of
from services.evaluation.handlers.scores import changed_indicators
from services.evaluation.model import Policy
from services.evaluation.store.tables import RestatementRow
from shared.dates import end_of
from shared.events.base import read

Item = dict[str, Any]


def versions(
    session: Session, project: str, *, after: int, since: datetime | None, until: datetime | None, limit: int
) -> list[tuple[int, Item]]:
    """
    The versions of a score, oldest first, each with the number of its event.

    One that another plan or policy made of the same facts says what it changed, indicator by indicator.
    """
    found = []
    for seq, raw in store.versions(session, project, after=after, since=since, until=until, limit=limit):
        event = read(raw)
        item: Item = msgspec.json.decode(event.envelope.data)
        found.append((seq, item | {"recorded_at": event.envelope.recordedtime.isoformat(), "hash": event.hash}))
    restated = store.restatements(session, project, [item["version"] for _, item in found])
    for _, item in found:
        row = restated.get(item["version"])
        item["restated"] = row is not None
        item["difference"] = None if row is None else _difference(row)
    return found


def restatement(session: Session, project: str, version: int) -> Item | None:
    """The score before and after a restatement, and the difference; None if that version is none."""
    row = store.restatement(session, project, version)
    if row is None:
        return None
    before, after = msgspec.json.decode(row.before), msgspec.json.decode(row.after)
    return {"version": version, "before": before, "after": after, "difference": rules.difference(before, after)}


def _difference(row: RestatementRow) -> list[Item]:
    return rules.difference(msgspec.json.decode(row.before), msgspec.json.decode(row.after))


def course(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    *,
    after: datetime | None,
    since: datetime | None,
    until: datetime,
    limit: int,
) -> list[tuple[datetime, Item]]:
    """
    The score at each moment at which something happened that moved it, oldest first, at most *limit* of them.

    Args:
        session: Of a reader.
        project: Its id.
        facts: What is on record now.
        policies: By name.
        after: The moment that the page before ended with.
        since: The first moment of interest.
        until: The last one.
        limit: How many.
    """
    plan = plan_of(facts, project)
    policy = policies[plan.policy]
    happened = _moments(session, project, facts, until)
    last = max((moment for moment in happened if after is not None and moment <= after), default=None)

    def shown(moment: datetime) -> Item:
        return rules.document(rules.evaluate(facts, plan, policy, as_of=moment), version=0)

    before: Item = {} if last is None else shown(last)
    found: list[tuple[datetime, Item]] = []
    for moment in sorted(happened):
        if len(found) == limit:
            break
        if (after is not None and moment <= after) or (since is not None and moment < since):
            continue
        document = shown(moment)
        changed = changed_indicators(before, document)
        if changed or _head(before) != _head(document):
            found.append((moment, _point(document, changed, happened[moment])))
        before = document
    return found


def _moments(session: Session, project: str, facts: Facts, until: datetime) -> dict[datetime, list[Item]]:
    """The moments at which something happened, with what did; and the end of the window."""
    happened: dict[datetime, list[Item]] = {}
    for _, _, received, data in store.happened(session, project, 0, 0):
        envelope = received.envelope
        if envelope.time <= until:
            cause = {"source": envelope.source.removeprefix("/"), "type": data.type, "id": envelope.id}
            happened.setdefault(envelope.time, []).append(cause)
    plan = plan_of(facts, project)
    end = end_of(plan.ends_on, facts.time_zone) - datetime.resolution
    if end <= until:
        happened.setdefault(end, [])
    return happened


def _head(document: Item) -> tuple[Any, ...]:
    return tuple(document.get(name) for name in ("total", "grade", "final", "execution"))


def _point(document: Item, changed: list[Any], causes: list[Item]) -> Item:
    return {
        "as_of": document["as_of"],
        "total": document["total"],
        "grade": document["grade"],
        "final": document["final"],
        "execution_rate": document["execution"]["rate"],
        "changed": msgspec.to_builtins(changed),
        "causes": causes,
    }
