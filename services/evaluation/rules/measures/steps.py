"""What the steps of one fault say of it, as a period sees them."""

from collections.abc import Iterator
from datetime import datetime

from services.evaluation.facts import Fault, Origin
from services.evaluation.rules.period import Period, Span


def happened(fault: Fault, period: Period, *kinds: str) -> Iterator[Origin]:
    """The steps of some kinds that count, in the order in which they were told."""
    return (origin for step, origin in fault.steps if step in kinds and period.has(origin))


def is_resolved(fault: Fault, period: Period) -> bool:
    """Whether it was resolved, and not reopened since: what was told last holds."""
    told = [step for step, origin in fault.steps if step != "responded" and period.has(origin)]
    return bool(told) and told[-1] == "resolved"


def answered_at(fault: Fault, period: Period) -> datetime | None:
    """When it was first responded to; one resolved without a response was answered by that."""
    return min((origin.time for origin in happened(fault, period, "responded", "resolved")), default=None)


def repaired_at(fault: Fault, period: Period) -> datetime | None:
    """When it was resolved for good, as far as is known."""
    if not is_resolved(fault, period):
        return None
    *_, last = happened(fault, period, "resolved")
    return last.time


def outages(fault: Fault, period: Period) -> tuple[list[Span], datetime | None]:
    """
    When the fault was open: from its occurrence, and from each reopening, to the resolution that followed; and since
    when it still is. A further step never changes the spans before it.
    """
    closed: list[Span] = []
    since: datetime | None = fault.origin.time
    for step, origin in fault.steps:
        if not period.has(origin):
            continue
        if step == "resolved" and since is not None:
            closed.append((since, origin.time))
            since = None
        elif step == "reopened" and since is None:
            since = origin.time
    return closed, since
