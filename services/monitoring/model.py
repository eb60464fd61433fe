"""The nouns of monitoring: frozen values. Who recorded something is kept, but makes no other content of it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

Severity = Literal["critical", "major", "minor"]
FaultStatus = Literal["open", "responded", "resolved"]
AssetKind = Literal["website", "line", "ups", "room", "host", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What monitoring has learned of a project (项目) from budget."""

    project: str
    fiscal_year: int
    starts_on: date
    ends_on: date
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Something that is watched: a website, a line, a machine room."""

    asset: str
    project: str
    name: str
    kind: AssetKind
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReport:
    """A fault (故障) as it was reported."""

    fault: str
    project: str
    asset: str | None
    severity: Severity
    title: str
    occurred_at: datetime
    service_down: bool
    fingerprint: str | None  # What an agent calls this fault while it lasts; at most one is open by it.


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultResponse:
    """Somebody took a fault up (响应)."""

    responded_at: datetime
    responder: str
    by: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultResolution:
    """A fault was repaired (修复)."""

    resolved_at: datetime
    cause: str
    remedy: str
    by: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCycle:
    """A fault from its opening to its repair; a reopening begins another cycle."""

    opened_at: datetime
    reason: str | None  # Of the reopening; None in the first cycle.
    by: str = field(compare=False)
    response: FaultResponse | None = None
    resolution: FaultResolution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault on record: its report, and every cycle since, oldest first."""

    report: FaultReport
    recorded_at: datetime
    cycles: tuple[FaultCycle, ...]

    @property
    def cycle(self) -> FaultCycle:
        return self.cycles[-1]

    @property
    def status(self) -> FaultStatus:
        if self.cycle.resolution is not None:
            return "resolved"
        return "open" if self.cycle.response is None else "responded"

    @property
    def first_response(self) -> FaultResponse | None:
        """The answer that counts for the response time: a reopened fault was answered before."""
        return next((cycle.response for cycle in self.cycles if cycle.response is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultStep:
    """What an agent says of a fault that it knows by id; it may name the project the fault must belong to."""

    fault: str
    project: str | None
    step: FaultResponse | FaultResolution


class Origin(NamedTuple):
    """What makes a foreign event the same one: where it comes from, its id there, and the project it is about."""

    source: str
    id: str
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A value that was measured."""

    reading: str
    project: str
    asset: str | None
    metric: str
    value: Decimal
    unit: str
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """Announced downtime: of one asset, or of the whole project."""

    window: str
    project: str
    asset: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """How a complaint ended."""

    closed_at: datetime
    outcome: str
    satisfied: bool | None
    by: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint (投诉). Its subject is a citizen's own words: it never leaves monitoring's tables."""

    complaint: str
    project: str
    channel: str
    subject: str
    received_at: datetime
    closure: Closure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswers:
    """How many answered a survey (问卷), and how many of them were satisfied (满意)."""

    answer: str
    survey: str
    project: str
    answered: int
    satisfied: int
    collected_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCount:
    """How often a service was used from one day to another, both included."""

    service_count: str
    project: str
    count: int
    kind: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an inspection found wrong (检查发现的问题)."""

    text: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectification:
    """How the findings of an inspection were put right (整改)."""

    closed_on: date
    remedy: str
    by: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """An inspection (检查) and what it found. Its texts never leave monitoring's tables."""

    inspection: str
    project: str
    inspected_on: date
    findings: tuple[Finding, ...]
    rectification: Rectification | None = None
