"""What monitoring publishes: faults, readings, maintenance, and what citizens said, as counts."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from shared.events.base import EventData, Figure, Id, Moment

Count = Annotated[int, Meta(ge=0, le=10**12)]


class FaultOpened(EventData, frozen=True, kw_only=True):
    """A fault began. While one with ``service_down`` is open, the service is down."""

    type: ClassVar[str] = "fault.opened"
    source: ClassVar[str] = "monitoring"

    fault: Id
    asset: Id | None = None
    severity: Literal["critical", "major", "minor"]
    occurred_at: Moment
    service_down: bool


class FaultResponded(EventData, frozen=True, kw_only=True):
    """Somebody took the fault up."""

    type: ClassVar[str] = "fault.responded"
    source: ClassVar[str] = "monitoring"

    fault: Id
    responded_at: Moment


class FaultResolved(EventData, frozen=True, kw_only=True):
    """The fault was repaired."""

    type: ClassVar[str] = "fault.resolved"
    source: ClassVar[str] = "monitoring"

    fault: Id
    resolved_at: Moment


class FaultReopened(EventData, frozen=True, kw_only=True):
    """The repair did not hold: the fault is open again."""

    type: ClassVar[str] = "fault.reopened"
    source: ClassVar[str] = "monitoring"

    fault: Id
    reopened_at: Moment


class ReadingRecorded(EventData, frozen=True, kw_only=True):
    """A value was measured."""

    type: ClassVar[str] = "reading.recorded"
    source: ClassVar[str] = "monitoring"

    reading: Id
    asset: Id | None = None
    metric: Id
    value: Figure
    unit: str
    measured_at: Moment


class MaintenanceScheduled(EventData, frozen=True, kw_only=True):
    """Downtime was announced: inside the window it does not count."""

    type: ClassVar[str] = "maintenance.scheduled"
    source: ClassVar[str] = "monitoring"

    window: Id
    asset: Id | None = None  # None excuses every asset of the project.
    starts_at: Moment
    ends_at: Moment


class ComplaintFiled(EventData, frozen=True, kw_only=True):
    """A complaint came in."""

    type: ClassVar[str] = "complaint.filed"
    source: ClassVar[str] = "monitoring"

    complaint: Id
    channel: Id
    received_at: Moment


class ComplaintClosed(EventData, frozen=True, kw_only=True):
    """A complaint was answered."""

    type: ClassVar[str] = "complaint.closed"
    source: ClassVar[str] = "monitoring"

    complaint: Id
    closed_at: Moment
    satisfied: bool | None = None


class SurveyAnswered(EventData, frozen=True, kw_only=True):
    """Answers to a survey were collected: how many, and how many of them satisfied."""

    type: ClassVar[str] = "survey.answered"
    source: ClassVar[str] = "monitoring"

    survey: Id
    answer: Id
    answered: Count
    satisfied: Count
    collected_on: date


class ServiceCounted(EventData, frozen=True, kw_only=True):
    """How often a service was used from one day to another, both included."""

    type: ClassVar[str] = "service.counted"
    source: ClassVar[str] = "monitoring"

    service_count: Id
    count: Count
    kind: Id
    starts_on: date
    ends_on: date


class InspectionRecorded(EventData, frozen=True, kw_only=True):
    """An inspection was held; what it found stays in monitoring's tables."""

    type: ClassVar[str] = "inspection.recorded"
    source: ClassVar[str] = "monitoring"

    inspection: Id
    inspected_on: date
    findings: Count  # How many; 0 if all was in order.


class RectificationClosed(EventData, frozen=True, kw_only=True):
    """Every finding of an inspection was put right."""

    type: ClassVar[str] = "rectification.closed"
    source: ClassVar[str] = "monitoring"

    inspection: Id
    closed_on: date
    findings: Count  # How many were put right: all of the inspection's.


EVENTS = (
    FaultOpened,
    FaultResponded,
    FaultResolved,
    FaultReopened,
    ReadingRecorded,
    MaintenanceScheduled,
    ComplaintFiled,
    ComplaintClosed,
    SurveyAnswered,
    ServiceCounted,
    InspectionRecorded,
    RectificationClosed,
)
