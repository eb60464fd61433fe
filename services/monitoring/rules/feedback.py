"""Decisions about complaints and surveys."""

from dataclasses import replace

from services.monitoring.model import Closure, Complaint
from shared.problems import Invalid, Refusal


class AlreadyClosed(Refusal):
    """The complaint was closed otherwise."""

    slug, title = "already-closed", "The complaint is already closed"

    def __init__(self, complaint: str) -> None:
        super().__init__(f"complaint {complaint} is closed with other content", complaint=complaint)


def close(complaint: Complaint, closure: Closure) -> Complaint:
    """
    The complaint after *closure*; the same complaint if that closure is on record.

    Raises:
        AlreadyClosed: If another closure is on record.
        Invalid: If it would be closed before it came in.
    """
    if complaint.closure == closure:
        return complaint
    if complaint.closure is not None:
        raise AlreadyClosed(complaint.complaint)
    if closure.closed_at < complaint.received_at:
        raise Invalid.field("closed_at", "before_receipt", "a complaint is not closed before it is received")
    return replace(complaint, closure=closure)


def check_survey(answered: int, satisfied: int) -> None:
    """
    Let the counts of a survey pass: nobody is satisfied who did not answer.

    Raises:
        Invalid: If more are satisfied than answered.
    """
    if satisfied > answered:
        raise Invalid.field("satisfied", "above_answered", f"{satisfied} satisfied are more than {answered} answers")
