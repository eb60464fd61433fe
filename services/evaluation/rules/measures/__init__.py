"""The measures by name. A plan's indicator names one; `with` gives its arguments."""

from collections.abc import Mapping
from typing import Final

from services.evaluation.rules.measures import contracts, faults, inspections, money, payments, people, readings
from services.evaluation.rules.measures.base import Measure, Measured, Term

_ALL = (
    Measure(
        name="accepted_quantity",
        kind="count",
        empty="zero",
        find=contracts.accepted_quantity,
        needed=frozenset({"item"}),
        course="grows",
    ),
    Measure(
        name="government_procurement_rate", kind="ratio", empty="pending", find=contracts.government_procurement_rate
    ),
    Measure(name="acceptance_pass_rate", kind="ratio", empty="pending", find=contracts.acceptance_pass_rate),
    Measure(
        name="service_months",
        kind="months",
        empty="zero",
        find=contracts.service_months,
        needed=frozenset({"item"}),
        course="grows",
    ),
    Measure(name="fault_rate", kind="ratio", empty="pending", find=faults.fault_rate, optional=frozenset({"asset"})),
    Measure(
        name="availability", kind="ratio", empty="pending", find=faults.availability, optional=frozenset({"asset"})
    ),
    Measure(name="fault_resolution_rate", kind="ratio", empty="vacuous", find=faults.fault_resolution_rate),
    Measure(
        name="response_hours",
        kind="hours",
        empty="vacuous",
        find=faults.response_hours,
        optional=frozenset({"statistic"}),
        statistics=faults.STATISTICS,
    ),
    Measure(
        name="repair_hours",
        kind="hours",
        empty="vacuous",
        find=faults.repair_hours,
        optional=frozenset({"statistic"}),
        statistics=faults.STATISTICS,
    ),
    Measure(
        name="paid_amount",
        kind="money",
        empty="zero",
        find=money.paid_amount,
        optional=frozenset({"line"}),
        course="grows",
    ),
    Measure(name="execution_rate", kind="ratio", empty="zero", find=money.execution_rate, course="grows"),
    Measure(name="on_time_payment_rate", kind="ratio", empty="vacuous", find=payments.on_time_payment_rate),
    Measure(name="complaint_rate", kind="ratio", empty="pending", find=people.complaint_rate),
    Measure(name="complaint_closure_rate", kind="ratio", empty="vacuous", find=people.complaint_closure_rate),
    Measure(
        name="satisfaction_rate",
        kind="ratio",
        empty="pending",
        find=people.satisfaction_rate,
        optional=frozenset({"survey"}),
    ),
    Measure(
        name="reading",
        kind="figure",
        empty="pending",
        find=readings.reading,
        needed=frozenset({"metric"}),
        optional=frozenset({"statistic", "asset"}),
        statistics=readings.STATISTICS,
    ),
    Measure(name="inspections", kind="count", empty="zero", find=inspections.inspections, course="grows"),
    Measure(name="rectification_rate", kind="ratio", empty="vacuous", find=inspections.rectification_rate),
    Measure(
        name="event_count",
        kind="count",
        empty="zero",
        find=readings.event_count,
        needed=frozenset({"type"}),
        optional=frozenset({"where"}),
        course="grows",
    ),
    Measure(name="rating", kind="percent", empty="pending", find=people.rating),
    Measure(name="reported", kind="figure", empty="pending", find=people.reported),
)
MEASURES: Final[Mapping[str, Measure]] = {measure.name: measure for measure in _ALL}

__all__ = ["MEASURES", "Measure", "Measured", "Term"]
