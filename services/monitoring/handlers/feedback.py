"""What those who use a service say of it, and how often they use it. Their words stay here; events carry counts."""

from datetime import datetime

from services.monitoring.handlers.learning import known_project
from services.monitoring.model import Closure, Complaint, ServiceCount, SurveyAnswers
from services.monitoring.rules.feedback import check_survey, close
from services.monitoring.rules.times import check_not_ahead, check_span
from services.monitoring.store import Store
from shared.dates import start_of
from shared.events import monitoring as events


def file_complaint(complaint: Complaint, store: Store, *, now: datetime, by: str) -> None:
    """
    Put a complaint on record.

    Raises:
        ProjectUnknown: If its project is not known yet.
        Invalid: If it lies in the future.
    """
    check_not_ahead("received_at", complaint.received_at, now)
    known_project(complaint.project, store)
    store.add_complaint(complaint, by)
    store.publish(
        events.ComplaintFiled(
            project=complaint.project,
            complaint=complaint.complaint,
            channel=complaint.channel,
            received_at=complaint.received_at,
        ),
        complaint.received_at,
    )


def close_complaint(complaint: Complaint, closure: Closure, store: Store, *, now: datetime) -> Complaint:
    """
    Close a complaint. The same closure again changes nothing.

    Raises:
        Invalid: If it lies in the future or before the complaint.
        AlreadyClosed: If it was closed otherwise.
    """
    check_not_ahead("closed_at", closure.closed_at, now)
    after = close(complaint, closure)
    if after is not complaint:
        store.save_closure(complaint.complaint, closure)
        store.publish(
            events.ComplaintClosed(
                project=complaint.project,
                complaint=complaint.complaint,
                closed_at=closure.closed_at,
                satisfied=closure.satisfied,
            ),
            closure.closed_at,
        )
    return after


def record_answers(answers: SurveyAnswers, store: Store, *, by: str) -> None:
    """
    Put the answers to a survey on record.

    Raises:
        ProjectUnknown: If its project is not known yet.
        Invalid: See `check_survey`.
    """
    check_survey(answers.answered, answers.satisfied)
    project = known_project(answers.project, store)
    store.save_answers(answers, by)
    store.publish(
        events.SurveyAnswered(
            project=answers.project,
            survey=answers.survey,
            answer=answers.answer,
            answered=answers.answered,
            satisfied=answers.satisfied,
            collected_on=answers.collected_on,
        ),
        start_of(answers.collected_on, project.time_zone),
    )


def count_services(counted: ServiceCount, store: Store, *, by: str) -> None:
    """
    Put on record how often a service was used.

    Raises:
        ProjectUnknown: If its project is not known yet.
        Invalid: See `check_span`.
    """
    check_span(counted.starts_on, counted.ends_on)
    project = known_project(counted.project, store)
    store.save_service_count(counted, by)
    store.publish(
        events.ServiceCounted(
            project=counted.project,
            service_count=counted.service_count,
            count=counted.count,
            kind=counted.kind,
            starts_on=counted.starts_on,
            ends_on=counted.ends_on,
        ),
        # A count is no fact before its last day. That day, not the moment after it: a count to the end of a project
        # still lies in the project's window.
        start_of(counted.ends_on, project.time_zone),
    )
