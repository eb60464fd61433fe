"""
The facts of one project, folded from events.

Each publisher's events arrive in its own order; publishers may interleave in any way. So a fact is kept under its own
id as its publisher told it, and what belongs together across publishers is joined only when a score is made.
"""

import hashlib
from collections.abc import Callable, Hashable
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, TypeVar

import msgspec

from services.evaluation.model import Indicator, Plan, Target
from shared.events import budget, evaluation, monitoring, procurement
from shared.events.base import EventData
from shared.money import fen

T = TypeVar("T")

Step = Literal["responded", "resolved", "reopened"]
DEFAULT_ZONE: Final = "Asia/Shanghai"


class BrokenPromise(Exception):
    """An event contradicts what its own source said before."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The event that a fact comes from."""

    source: str
    partition: int
    sequence: int
    id: str
    type: str  # Without version.
    time: datetime  # When it happened.
    recorded: datetime  # When the log took it.
    hash: str


class Payment(msgspec.Struct, gc=False):
    """A payment, in fen, and its reversal if there is one."""

    origin: Origin
    line: str
    amount: int
    contract: str | None
    reversal: Origin | None = None


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What a contract says from a moment on."""

    origin: Origin
    amount: int  # Fen.
    ends_on: date
    items: frozenset[str]


class Acceptance(msgspec.Struct, frozen=True, gc=False):
    """An inspection of what a contract delivered."""

    origin: Origin
    acceptance: str
    has_passed: bool
    passed: dict[str, Decimal]  # Quantity by item.


class Contract(msgspec.Struct, gc=False):
    """A contract with its terms, newest last, its acceptances and its end."""

    origin: Origin
    is_government_procurement: bool
    starts_on: date
    payment_days: int
    terms: list[Terms]
    acceptances: list[Acceptance] = msgspec.field(default_factory=list)
    termination: tuple[Origin, date] | None = None
    method: str = ""  # How it was purchased.


class Fault(msgspec.Struct, gc=False):
    """A fault and what happened to it, in order."""

    origin: Origin
    asset: str | None
    is_service_down: bool
    steps: list[tuple[Step, Origin]] = msgspec.field(default_factory=list)


class Maintenance(msgspec.Struct, frozen=True, gc=False):
    """An announced window; without an asset it excuses the whole project."""

    origin: Origin
    asset: str | None
    starts_at: datetime
    ends_at: datetime


class Complaint(msgspec.Struct, gc=False):
    """A complaint and its closure."""

    origin: Origin
    closure: Origin | None = None


class SurveyAnswers(msgspec.Struct, frozen=True, gc=False):
    """Answers to a survey, and how many of them were satisfied."""

    origin: Origin
    survey: str
    answered: int
    satisfied: int


class Rating(msgspec.Struct, frozen=True, gc=False):
    """A rating of a qualitative indicator."""

    origin: Origin
    code: str
    percent: Decimal
    level: str


class Inspection(msgspec.Struct, gc=False):
    """An inspection, how many findings it had, and that they were put right."""

    origin: Origin
    findings: int
    rectification: Origin | None = None


class Measurement(msgspec.Struct, frozen=True, gc=False):
    """A value reported by hand; the papers that prove it stand in evaluation's table."""

    origin: Origin
    measurement: str
    code: str
    value: Decimal


class Deviation(msgspec.Struct, frozen=True, gc=False):
    """An explanation why an indicator misses its target; its words stand in evaluation's table."""

    origin: Origin
    code: str
    deviation: str


class Trail:
    """
    What came in, in the order in which it did, for whoever adds it up piece by piece; and the totals so far.

    It says nothing that the facts do not say.
    """

    __slots__ = ("faults", "payments", "reversals", "tallies")

    def __init__(self) -> None:
        self.payments: list[Payment] = []
        self.reversals: list[Payment] = []
        self.faults: list[Fault] = []  # Each time something was told of one.
        self.tallies: dict[Hashable, object] = {}


class Facts(msgspec.Struct):
    """
    One project's facts. `fold` is the only way in.

    Readings, and whatever else `event_count` is to count, come by the hundred thousand: their events are kept only
    if the plan watches them.
    """

    watched: frozenset[str] = frozenset()  # Event types, without version; of readings, "reading.recorded:metric".

    name: str = ""
    unit: str = ""
    department: str = ""
    sources: list[tuple[Origin, budget.Sources]] = msgspec.field(default_factory=list)  # As declared, then as adjusted.
    lines: list[tuple[Origin, tuple[budget.BudgetLine, ...]]] = msgspec.field(default_factory=list)  # Likewise.
    time_zone: str = DEFAULT_ZONE
    initial_budget: tuple[Origin, int] | None = None
    adjustments: list[tuple[Origin, int]] = msgspec.field(default_factory=list)
    receipts: dict[str, tuple[Origin, int]] = msgspec.field(default_factory=dict)
    payments: dict[str, Payment] = msgspec.field(default_factory=dict)
    contracts: dict[str, Contract] = msgspec.field(default_factory=dict)
    faults: dict[str, Fault] = msgspec.field(default_factory=dict)
    maintenance: list[Maintenance] = msgspec.field(default_factory=list)
    complaints: dict[str, Complaint] = msgspec.field(default_factory=dict)
    surveys: list[SurveyAnswers] = msgspec.field(default_factory=list)
    service_counts: list[tuple[Origin, int]] = msgspec.field(default_factory=list)
    inspections: dict[str, Inspection] = msgspec.field(default_factory=dict)
    ratings: list[Rating] = msgspec.field(default_factory=list)
    measurements: list[Measurement] = msgspec.field(default_factory=list)
    deviations: list[Deviation] = msgspec.field(default_factory=list)
    events: dict[str, list[tuple[Origin, EventData]]] = msgspec.field(default_factory=dict)  # Of what is watched.
    plan: Plan | None = None
    plan_origin: Origin | None = None
    project: str = ""
    trail: Trail = msgspec.field(default_factory=Trail)

    def fold(self, origin: Origin, data: EventData) -> None:
        """
        Take up one event, in constant time.

        Raises:
            BrokenPromise: If it contradicts its own source's earlier events; the facts are as before.
        """
        fold = _FOLDS.get(type(data))
        if fold is not None:
            fold(self, origin, data)
            self.project = data.project
        if self.watched:
            for name in watch_names(data):
                if name in self.watched:
                    self.events.setdefault(name, []).append((origin, data))

    def digest(self) -> str:
        """
        The SHA-256 of a canonical form: equal for folds of the same events, however sources interleaved.

        Dictionaries and sets are written in the order of their keys, everything else as it is: lists hold one
        source's facts in its order.
        """
        # Of the trail nothing is written: it comes from the rest, and its order from how sources interleaved.
        canonical = msgspec.json.encode(self, order="deterministic", enc_hook=lambda _: None)
        return hashlib.sha256(canonical).hexdigest()


def watch_names(data: EventData) -> tuple[str, ...]:
    """What an event may be watched as."""
    if isinstance(data, monitoring.ReadingRecorded):
        return data.type, f"{data.type}:{data.metric}"
    return (data.type,)


def watched_by(plan: Plan | None) -> frozenset[str]:
    """The events that a plan's indicators need one by one."""
    watched = set()
    for indicator in () if plan is None else plan.indicators:
        if indicator.measure == "reading":
            watched.add(f"{monitoring.ReadingRecorded.type}:{indicator.arguments['metric']}")
        elif indicator.measure == "event_count":
            watched.add(indicator.arguments["type"])
    return frozenset(watched)


def plan_of(event: evaluation.PlanAdopted) -> Plan:
    """The plan that an event adopted."""
    return Plan(
        title=event.title,
        fiscal_year=event.fiscal_year,
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        policy=event.policy,
        objective=event.objective,
        execution_weight=Decimal(event.execution.weight),
        indicators=tuple(_indicator(planned) for planned in event.indicators),
        policy_overrides=event.policy_overrides,
    )


def _indicator(planned: evaluation.PlannedIndicator) -> Indicator:
    return Indicator(
        code=planned.code,
        dimension=planned.dimension,
        aspect=planned.aspect,
        name=planned.name,
        unit=planned.unit,
        target=Target(op=planned.target.op, value=planned.target.value),
        weight=Decimal(planned.weight),
        measure=planned.measure,
        arguments=planned.arguments,
        scoring=planned.scoring,
    )


def _project_declared(facts: Facts, origin: Origin, data: budget.ProjectDeclared) -> None:
    facts.name, facts.unit, facts.department = data.name, data.unit, data.department
    facts.time_zone = data.time_zone
    if facts.initial_budget is None:  # A later declaration corrects words; amounts change by adjustment.
        facts.initial_budget = (origin, sum(fen(line.initial) for line in data.lines))
        facts.sources.append((origin, data.sources))
        facts.lines.append((origin, data.lines))


def _budget_adjusted(facts: Facts, origin: Origin, data: budget.BudgetAdjusted) -> None:
    if facts.initial_budget is None:
        raise BrokenPromise(f"the budget of {data.project} was adjusted before it was declared")
    facts.adjustments.append((origin, fen(data.amount)))
    facts.sources.append((origin, data.sources))
    facts.lines.append((origin, data.lines))


def _funds_received(facts: Facts, origin: Origin, data: budget.FundsReceived) -> None:
    _add(facts.receipts, data.receipt, (origin, fen(data.amount)), "receipt")


def _payment_made(facts: Facts, origin: Origin, data: budget.PaymentMade) -> None:
    payment = Payment(origin, data.line, fen(data.amount), data.contract)
    _add(facts.payments, data.payment, payment, "payment")
    facts.trail.payments.append(payment)


def _payment_reversed(facts: Facts, origin: Origin, data: budget.PaymentReversed) -> None:
    payment = _known(facts.payments, data.payment, "payment")
    if payment.reversal is not None:
        raise BrokenPromise(f"payment {data.payment} was reversed before")
    payment.reversal = origin
    facts.trail.reversals.append(payment)


def _contract_signed(facts: Facts, origin: Origin, data: procurement.ContractSigned) -> None:
    terms = Terms(origin, fen(data.amount), data.ends_on, frozenset(item.item for item in data.items))
    contract = Contract(origin, data.government_procurement, data.starts_on, data.payment_days, [terms])
    contract.method = data.method
    _add(facts.contracts, data.contract, contract, "contract")


def _contract_amended(facts: Facts, origin: Origin, data: procurement.ContractAmended) -> None:
    contract = _known(facts.contracts, data.contract, "contract")
    items = frozenset(item.item for item in data.items)
    contract.terms.append(Terms(origin, fen(data.amount), data.ends_on, items))


def _contract_terminated(facts: Facts, origin: Origin, data: procurement.ContractTerminated) -> None:
    contract = _known(facts.contracts, data.contract, "contract")
    if contract.termination is not None:
        raise BrokenPromise(f"contract {data.contract} was terminated before")
    contract.termination = (origin, data.terminated_on)


def _contract_inspected(
    facts: Facts, origin: Origin, data: procurement.ContractAccepted | procurement.ContractRejected
) -> None:
    contract = _known(facts.contracts, data.contract, "contract")
    has_passed = isinstance(data, procurement.ContractAccepted)
    contract.acceptances.append(
        Acceptance(origin, data.acceptance, has_passed, {item.item: Decimal(item.passed) for item in data.items})
    )


def _fault_opened(facts: Facts, origin: Origin, data: monitoring.FaultOpened) -> None:
    fault = Fault(origin, data.asset, data.service_down)
    _add(facts.faults, data.fault, fault, "fault")
    facts.trail.faults.append(fault)


def _step(facts: Facts, name: str, step: Step, origin: Origin) -> None:
    fault = _known(facts.faults, name, "fault")
    fault.steps.append((step, origin))
    facts.trail.faults.append(fault)


def _fault_responded(facts: Facts, origin: Origin, data: monitoring.FaultResponded) -> None:
    _step(facts, data.fault, "responded", origin)


def _fault_resolved(facts: Facts, origin: Origin, data: monitoring.FaultResolved) -> None:
    _step(facts, data.fault, "resolved", origin)


def _fault_reopened(facts: Facts, origin: Origin, data: monitoring.FaultReopened) -> None:
    _step(facts, data.fault, "reopened", origin)


def _maintenance_scheduled(facts: Facts, origin: Origin, data: monitoring.MaintenanceScheduled) -> None:
    facts.maintenance.append(Maintenance(origin, data.asset, data.starts_at, data.ends_at))


def _complaint_filed(facts: Facts, origin: Origin, data: monitoring.ComplaintFiled) -> None:
    _add(facts.complaints, data.complaint, Complaint(origin), "complaint")


def _complaint_closed(facts: Facts, origin: Origin, data: monitoring.ComplaintClosed) -> None:
    _known(facts.complaints, data.complaint, "complaint").closure = origin


def _survey_answered(facts: Facts, origin: Origin, data: monitoring.SurveyAnswered) -> None:
    facts.surveys.append(SurveyAnswers(origin, data.survey, data.answered, data.satisfied))


def _service_counted(facts: Facts, origin: Origin, data: monitoring.ServiceCounted) -> None:
    facts.service_counts.append((origin, data.count))


def _inspection_recorded(facts: Facts, origin: Origin, data: monitoring.InspectionRecorded) -> None:
    _add(facts.inspections, data.inspection, Inspection(origin, data.findings), "inspection")


def _rectification_closed(facts: Facts, origin: Origin, data: monitoring.RectificationClosed) -> None:
    _known(facts.inspections, data.inspection, "inspection").rectification = origin


def _plan_adopted(facts: Facts, origin: Origin, data: evaluation.PlanAdopted) -> None:
    facts.plan, facts.plan_origin = plan_of(data), origin


def _rating_given(facts: Facts, origin: Origin, data: evaluation.RatingGiven) -> None:
    facts.ratings.append(Rating(origin, data.code, Decimal(data.percent), data.level))


def _measurement_reported(facts: Facts, origin: Origin, data: evaluation.MeasurementReported) -> None:
    facts.measurements.append(Measurement(origin, data.measurement, data.code, Decimal(data.value)))


def _deviation_explained(facts: Facts, origin: Origin, data: evaluation.DeviationExplained) -> None:
    facts.deviations.append(Deviation(origin, data.code, data.deviation))


_FOLDS: dict[type[EventData], Callable[..., None]] = {
    budget.ProjectDeclared: _project_declared,
    budget.BudgetAdjusted: _budget_adjusted,
    budget.FundsReceived: _funds_received,
    budget.PaymentMade: _payment_made,
    budget.PaymentReversed: _payment_reversed,
    procurement.ContractSigned: _contract_signed,
    procurement.ContractAmended: _contract_amended,
    procurement.ContractTerminated: _contract_terminated,
    procurement.ContractAccepted: _contract_inspected,
    procurement.ContractRejected: _contract_inspected,
    monitoring.FaultOpened: _fault_opened,
    monitoring.FaultResponded: _fault_responded,
    monitoring.FaultResolved: _fault_resolved,
    monitoring.FaultReopened: _fault_reopened,
    monitoring.MaintenanceScheduled: _maintenance_scheduled,
    monitoring.ComplaintFiled: _complaint_filed,
    monitoring.ComplaintClosed: _complaint_closed,
    monitoring.SurveyAnswered: _survey_answered,
    monitoring.ServiceCounted: _service_counted,
    monitoring.InspectionRecorded: _inspection_recorded,
    monitoring.RectificationClosed: _rectification_closed,
    evaluation.PlanAdopted: _plan_adopted,
    evaluation.RatingGiven: _rating_given,
    evaluation.MeasurementReported: _measurement_reported,
    evaluation.DeviationExplained: _deviation_explained,
}


def _add(kept: dict[str, T], name: str, fact: T, noun: str) -> None:
    if name in kept:
        raise BrokenPromise(f"{noun} {name} was told before")
    kept[name] = fact


def _known(kept: dict[str, T], name: str, noun: str) -> T:
    fact = kept.get(name)
    if fact is None:
        raise BrokenPromise(f"{noun} {name} was never told")
    return fact
