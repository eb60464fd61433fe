"""Every measure of the specification by name, what it is where nothing was found, and the unit of its value."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from cli.verify.recount import citizens, contracts, faults, money, operation
from cli.verify.recount.money import Arguments
from cli.verify.recount.scene import Scene

Empty = Literal["zero", "vacuous", "pending"]
Kind = Literal["ratio", "hours", "money", "other"]


class Measure(NamedTuple):
    """How a measure is recomputed."""

    find: Callable[[Scene, Arguments], Fraction | None]
    kind: Kind
    empty: Empty  # What it is once the window is over and there was nothing to count.


MEASURES: Final[dict[str, Measure]] = {
    "accepted_quantity": Measure(contracts.accepted_quantity, "other", "zero"),
    "government_procurement_rate": Measure(contracts.government_procurement_rate, "ratio", "pending"),
    "acceptance_pass_rate": Measure(contracts.acceptance_pass_rate, "ratio", "pending"),
    "fault_rate": Measure(faults.fault_rate, "ratio", "pending"),
    "availability": Measure(faults.availability, "ratio", "pending"),
    "fault_resolution_rate": Measure(faults.fault_resolution_rate, "ratio", "vacuous"),
    "response_hours": Measure(faults.response_hours, "hours", "vacuous"),
    "repair_hours": Measure(faults.repair_hours, "hours", "vacuous"),
    "service_months": Measure(contracts.service_months, "other", "zero"),
    "paid_amount": Measure(money.paid_amount, "money", "zero"),
    "execution_rate": Measure(money.execution_rate, "ratio", "zero"),
    "on_time_payment_rate": Measure(contracts.on_time_payment_rate, "ratio", "vacuous"),
    "complaint_rate": Measure(citizens.complaint_rate, "ratio", "pending"),
    "complaint_closure_rate": Measure(citizens.complaint_closure_rate, "ratio", "vacuous"),
    "satisfaction_rate": Measure(citizens.satisfaction_rate, "ratio", "pending"),
    "reading": Measure(operation.reading, "other", "pending"),
    "inspections": Measure(operation.inspections, "other", "zero"),
    "rectification_rate": Measure(operation.rectification_rate, "ratio", "vacuous"),
    "event_count": Measure(operation.event_count, "other", "zero"),
    "reported": Measure(operation.reported, "other", "pending"),
    "rating": Measure(citizens.rating, "other", "pending"),
}

FACTORS: Final[dict[tuple[Kind, str], Fraction]] = {
    ("ratio", "%"): Fraction(100),
    ("money", "万元"): Fraction(1, 10_000),
    ("hours", "分钟"): Fraction(60),
    ("hours", "minutes"): Fraction(60),
}
