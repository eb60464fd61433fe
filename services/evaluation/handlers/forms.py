"""The statutory form of a project, filled, and what people write of it."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from services.evaluation import store
from services.evaluation.facts import Facts
from services.evaluation.handlers.documents import proofs_of
from services.evaluation.handlers.plans import plan_of
from services.evaluation.handlers.scores import score_of
from services.evaluation.model import Policy
from services.evaluation.rules.forms.filling import fill
from services.evaluation.rules.forms.layout import Language, Layout
from services.evaluation.rules.forms.model import Form


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
    return fill(
        layout,
        language,
        score=score,
        plan=plan,
        facts=facts,
        version=version,
        explanations=store.explanations(session, score.explained),
        achieved=store.narrative(session, project, language).get("achieved", ""),
        tips=[f"{source} {p} {epoch} {seq} {digest}" for source, p, epoch, seq, digest in store.tips(session)],
        proofs=proofs_of(session, project, known),
    )
