"""What an archive of a project holds, gathered from one snapshot so that form, score and events fit together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session

from services.evaluation import policies as policy_files
from services.evaluation import rules, store
from services.evaluation.archive import Archive
from services.evaluation.dossiers import folded
from services.evaluation.handlers.documents import show_documents
from services.evaluation.handlers.forms import filled
from services.evaluation.handlers.plans import plan_of
from services.evaluation.handlers.reports import reported
from services.evaluation.handlers.scores import evaluated
from services.evaluation.model import Policy
from services.evaluation.rules.forms.layout import Language, Layout
from services.evaluation.rules.forms.model import Form
from services.evaluation.rules.reports.model import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What is not in the archive yet once the database was read."""

    form: Form
    report: Report
    documents: list[dict[str, Any]]
    facts: dict[str, Any]  # For the manifest.


def gather(
    session: Session,
    archive: Archive,
    project: str,
    policies: Mapping[str, Policy],
    layout: Layout,
    language: Language,
    *,
    now: datetime,
) -> Gathered:
    """
    Write what the database holds of *project* into *archive*, and return what papers are made of.

    The facts are folded anew, from the very events that are written: those in memory may be further on.

    Raises:
        NotFound: If the project has no plan.
    """
    facts = folded(session, project)
    plan = plan_of(facts, project)
    row = store.score(session, project)
    version = 0 if row is None else row.version  # The last in the archived log, even if it was made after *now*.
    score = evaluated(session, project, facts, policies, as_of=now, version=version)
    form = filled(session, project, facts, policies, layout, language, as_of=now, version=version)
    report = reported(session, project, facts, policies, language, as_of=now, version=version)
    archive.add("score.json", msgspec.json.encode(score))
    archive.add("plan.json", msgspec.json.encode(rules.plan_event(plan, project)))
    archive.add("policy.toml", policy_files.source_of(plan.policy))
    narrative = {language: store.narrative(session, project, language) for language in ("zh", "en")}
    archive.add("narrative.json", msgspec.json.encode(narrative))
    for kind in store.sealed_hashes(session, project):
        paper = store.sealed_paper(session, project, kind)
        if paper is not None:
            archive.add(f"sealed/form.{kind}", paper.content)
    counts = _add_events(session, archive, project)
    documents = list(show_documents(session, project, store.documents(session, project)))
    tips = [
        {"source": source, "partition": p, "epoch": epoch, "seq": seq, "hash": digest}
        for source, p, epoch, seq, digest in store.tips(session)
    ]
    about = {"project": project, "title": plan.title, "as_of": score["as_of"], "version": version}
    return Gathered(form=form, report=report, documents=documents, facts=about | {"tips": tips, "events": counts})


def _add_events(session: Session, archive: Archive, project: str) -> dict[str, int]:
    """Write the events of each source, a line each; returns how many there are."""
    counts: dict[str, int] = {}

    def lines(source: str) -> Iterator[bytes]:
        for event in store.kept_events(session, project, source):
            counts[source] += 1
            yield _line(event)

    for source in dict.fromkeys(tip[0] for tip in store.tips(session)):
        counts[source] = 0
        archive.add_pieces(f"events/{source}.ndjson", lines(source))
    return counts


def _line(event: store.KeptEvent) -> bytes:
    """An event as a line; its own bytes stand in it unchanged, so that their hash can be checked."""
    return (
        msgspec.json.encode(
            {
                "source": event.source,
                "partition": event.partition,
                "epoch": event.epoch,
                "seq": event.seq,
                "hash": event.hash,
                "parked": event.is_parked,
                "event": msgspec.Raw(event.raw),
            }
        )
        + b"\n"
    )
