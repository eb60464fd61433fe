"""The self-evaluation report of a project, and its monitoring form."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlmodel import Session

from services.evaluation import store
from services.evaluation.facts import Facts
from services.evaluation.handlers.plans import plan_of
from services.evaluation.handlers.scores import score_of
from services.evaluation.model import Policy, Score
from services.evaluation.rules.forms.layout import Language
from services.evaluation.rules.forms.monitoring import MonitoringForm, monitor
from services.evaluation.rules.reports.model import Report
from services.evaluation.rules.reports.report import Material, write


def reported(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    language: Language,
    *,
    as_of: datetime,
    version: int,
) -> Report:
    """
    The report of *project* as of a moment.

    Raises:
        NotFound: If the project has no plan.
    """
    plan = plan_of(facts, project)
    find = partial(score_of, session, project, facts, policies)

    def score_at(moment: datetime) -> Score:
        return find(as_of=moment)

    score = find(as_of=as_of)
    return write(
        Material(
            score=score,
            plan=plan,
            facts=facts,
            score_at=score_at,
            version=version,
            explanations=store.explanations(session, score.explained),
            narrative=store.narrative(session, project, language),
            language=language,
        )
    )


def monitored(
    session: Session,
    project: str,
    facts: Facts,
    policies: Mapping[str, Policy],
    language: Language,
    *,
    as_of: datetime,
    version: int,
) -> MonitoringForm:
    """
    The monitoring form of *project* as of a moment.

    Raises:
        NotFound: If the project has no plan.
    """
    plan = plan_of(facts, project)
    score = score_of(session, project, facts, policies, as_of=as_of)
    words = store.explanations(session, [row.deviation for row in score.rows if row.deviation is not None])
    return monitor(language, score=score, plan=plan, facts=facts, version=version, explanations=words)
