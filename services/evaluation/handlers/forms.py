"""The statutory form of a project, filled, and what people write of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from sqlmodel import Session

from services.evaluation import store
from services.evaluation.facts import Facts
from services.evaluation.handlers.documents import proofs_of
from services.evaluation.handlers.plans import UnknownIndicator, plan_of
from services.evaluation.handlers.scores import score_of
from services.evaluation.model import Plan, Policy
from services.evaluation.rules.forms.filling import fill
from services.evaluation.rules.forms.layout import Language, Layout
from services.evaluation.rules.forms.model import Form

NOTES: Final = "indicators"  # The section of the narrative that holds, as JSON, what was written of each of them.


def filled(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    layout: Layout,
    language: Language,
    *,
    as_of: datetime,
    version: int,
    known: datetime | None = None,
) -> Form:
    """
    The form of *project* as of a moment, with the papers that had been linked by *known*.

    Raises:
        NotFound: If the project has no plan.
    """
    plan = plan_of(facts, project)
    score = score_of(session, project, facts, policies, as_of=as_of)
    texts = store.narrative(session, project, language)
    return fill(
        layout,
        language,
        score=score,
        plan=plan,
        facts=facts,
        version=version,
        explanations=store.explanations(session, score.explained),
        achieved=texts.get("achieved", ""),
        tips=[f"{source} {p} {epoch} {seq} {digest}" for source, p, epoch, seq, digest in store.tips(session)],
        proofs=proofs_of(session, project, known),
        notes=notes_in(texts),
    )


def notes_in(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What was written of single indicators, by code; the narrative holds it as one of its texts."""
    found: dict[str, dict[str, str]] = msgspec.json.decode(texts.get(NOTES) or "{}")
    return found


def shown_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """What was written of the project's sections, without what was written of single indicators."""
    return {section: words for section, words in texts.items() if section != NOTES}


def write_narrative(
    session: Session,
    project: str,
    language: str,
    texts: Mapping[str, str],
    notes: Mapping[str, Mapping[str, str]],
    plan: Plan,
    *,
    by: str,
    now: datetime,
) -> None:
    """
    Keep what was written of some sections and indicators; an empty text takes one back.

    Raises:
        UnknownIndicator: If *notes* name a code that the plan does not have.
    """
    unknown = [code for code in notes if code not in {indicator.code for indicator in plan.indicators}]
    if unknown:
        raise UnknownIndicator(
            [
                {"field": f"indicators.{code}", "code": "unknown", "message": f"the plan has no indicator {code}"}
                for code in unknown
            ]
        )
    written = dict(texts)
    if notes:
        before = notes_in(store.narrative(session, project, language))
        merged = {code: before.get(code, {}) | dict(notes.get(code, {})) for code in {**before, **notes}}
        kept = {code: {name: text for name, text in each.items() if text} for code, each in merged.items()}
        written[NOTES] = msgspec.json.encode({code: each for code, each in kept.items() if each}).decode()
    store.save_narrative(session, project, language, written, by=by, now=now)
