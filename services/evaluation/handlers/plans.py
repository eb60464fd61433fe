"""What planners and assessors tell: plans, ratings, measurements, and why a target is missed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from services.evaluation import rules
from services.evaluation.facts import Facts
from services.evaluation.model import Cause, Indicator, Plan, Policy
from services.evaluation.rules.evaluating import EXECUTION
from services.evaluation.store.tables import DeviationRow, MeasurementRow, RatingRow
from shared.events.base import Envelope
from shared.events.evaluation import DeviationExplained, MeasurementReported, RatingGiven
from shared.problems import Invalid, NotFound
from shared.service import Publish


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A value reported by hand, with the papers that prove it."""

    measurement: str
    project: str
    code: str
    value: str
    reason: str
    evidence: tuple[dict[str, str], ...]  # name, sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Why an indicator misses its target, and what is done about it (偏差原因分析及改进措施)."""

    deviation: str
    project: str
    code: str
    reason: str
    remedy: str
    cause: Cause | None


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
    _measured_by("rating", rating.code, plan)
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


def report_measurement(
    measurement: Measurement, facts: Facts, session: Session, publish: Publish, *, at: datetime, by: str
) -> Envelope:
    """
    Put a value reported by hand on record.

    Raises:
        NotFound: If the project has no plan.
        UnknownIndicator: If the plan has no such indicator that is reported by hand.
        Invalid: If a day is told where the target is none, or the other way round.
    """
    indicator = _measured_by("reported", measurement.code, plan_of(facts, measurement.project))
    value = rules.told_value(measurement.value, indicator.target)
    session.add(
        MeasurementRow(
            measurement=measurement.measurement,
            project=measurement.project,
            code=measurement.code,
            value=measurement.value,
            reason=measurement.reason,
            evidence=list(measurement.evidence),
            reported_by=by,
            occurred_at=at,
        )
    )
    reported = MeasurementReported(
        project=measurement.project,
        measurement=measurement.measurement,
        code=measurement.code,
        value=value,
        evidence=tuple(paper["sha256"] for paper in measurement.evidence),
    )
    return publish(reported, at)


def explain_deviation(
    deviation: Deviation, facts: Facts, session: Session, publish: Publish, *, at: datetime, by: str
) -> Envelope:
    """
    Put on record why an indicator, or budget execution, misses its target.

    Raises:
        NotFound: If the project has no plan, or the plan no such indicator.
    """
    plan = plan_of(facts, deviation.project)
    if deviation.code not in (EXECUTION, *(indicator.code for indicator in plan.indicators)):
        message = f"the plan of {deviation.project} has no indicator {deviation.code}"
        raise NotFound(message, project=deviation.project, code=deviation.code)
    session.add(
        DeviationRow(
            deviation=deviation.deviation,
            project=deviation.project,
            code=deviation.code,
            reason=deviation.reason,
            remedy=deviation.remedy,
            cause=deviation.cause,
            explained_by=by,
            occurred_at=at,
        )
    )
    explained = DeviationExplained(project=deviation.project, deviation=deviation.deviation, code=deviation.code)
    return publish(explained, at)


def _measured_by(measure: str, code: str, plan: Plan) -> Indicator:
    found = next((each for each in plan.indicators if each.code == code and each.measure == measure), None)
    if found is None:
        message = f"the plan has no indicator {code} that is measured by {measure}"
        raise UnknownIndicator([{"field": "code", "code": "unknown", "message": message}])
    return found
