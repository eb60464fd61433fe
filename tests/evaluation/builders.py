"""Builders that state only what matters: events of a project, their facts, and a plan to measure them by."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from services.evaluation import policies
from services.evaluation.facts import Facts, Origin, watched_by
from services.evaluation.model import Indicator, Plan, Score, Target
from services.evaluation.rules import document, evaluate
from services.evaluation.rules.evaluating import score_indicator
from services.evaluation.rules.period import Period
from shared.events import budget, evaluation, monitoring, procurement
from shared.events.base import EventData

CHINA = timezone(timedelta(hours=8))
PROJECT = "p"
MOF_2020 = policies.read_all()["mof-2020"]
YEAR_OVER = datetime(2019, 1, 1, tzinfo=CHINA)
NEXT_YEAR = datetime(2019, 6, 1, tzinfo=UTC)
MID_YEAR = datetime(2018, 7, 1, tzinfo=CHINA)

Happening = tuple[datetime, EventData]


def at(text: str) -> datetime:
    """A moment in China: ``at("03-01 08:00")`` of 2018."""
    return datetime.strptime(f"2018-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)


def an_id(*parts: str) -> str:
    return "-".join(parts).replace(" ", "-").replace(":", ".")


def day(text: str) -> date:
    return date.fromisoformat(f"2018-{text}")


def declared(amount: str = "100.00", **changes: Any) -> Happening:
    line = budget.BudgetLine(line="a", name="A", initial=amount, amount=amount)
    fields: dict[str, Any] = {
        "project": PROJECT,
        "name": "n",
        "unit": "u",
        "department": "d",
        "fiscal_year": 2018,
        "nature": "new",
        "starts_on": day("01-01"),
        "ends_on": day("12-31"),
        "time_zone": "Asia/Shanghai",
        "lines": (line,),
        "sources": budget.Sources(fiscal=amount, self_raised="0.00", carry_over="0.00", other="0.00"),
        "amount": amount,
    }
    return at("01-01 00:00"), budget.ProjectDeclared(**fields | changes)


def adjusted(amount: str, when: str) -> Happening:
    sources = budget.Sources(fiscal=amount, self_raised="0.00", carry_over="0.00", other="0.00")
    return at(when), budget.BudgetAdjusted(project=PROJECT, lines=(), sources=sources, amount=amount)


def received(amount: str, when: str = "01-02 00:00", receipt: str = "r") -> Happening:
    data = budget.FundsReceived(
        project=PROJECT, receipt=receipt, amount=amount, origin="fiscal", received_on=at(when).date()
    )
    return at(when), data


def paid(amount: str, when: str = "03-01 00:00", payment: str = "z", line: str = "a", **more: Any) -> Happening:
    data = budget.PaymentMade(
        project=PROJECT, payment=payment, line=line, amount=amount, paid_on=at(when).date(), **more
    )
    return at(when), data


def reversed_(amount: str, when: str, payment: str = "z", line: str = "a") -> Happening:
    return at(when), budget.PaymentReversed(project=PROJECT, payment=payment, line=line, amount=amount)


def signed(contract: str = "c", amount: str = "10.00", item: str = "i", quantity: str = "1", **more: Any) -> Happening:
    fields: dict[str, Any] = {
        "project": PROJECT,
        "contract": contract,
        "line": "a",
        "supplier": "s",
        "supplier_name": "S",
        "amount": amount,
        "method": "inquiry",
        "government_procurement": True,
        "signed_on": day("01-01"),
        "starts_on": day("01-01"),
        "ends_on": day("12-31"),
        "items": (procurement.ContractItem(item=item, name="I", unit="u", quantity=quantity),),
        "advance_amount": "0.00",
        "payment_days": 30,
    }
    return at("01-01 00:00"), procurement.ContractSigned(**fields | more)


def inspected(passed: str, when: str, contract: str = "c", item: str = "i", *, has_passed: bool = True) -> Happening:
    event = procurement.ContractAccepted if has_passed else procurement.ContractRejected
    items = (procurement.AcceptedItem(item=item, inspected=passed, passed=passed),)
    data = event(
        project=PROJECT, acceptance=an_id(contract, when), contract=contract, accepted_on=at(when).date(), items=items
    )
    return at(when), data


def terminated(when: str, contract: str = "c") -> Happening:
    return at(when), procurement.ContractTerminated(project=PROJECT, contract=contract, terminated_on=at(when).date())


def amended(amount: str, when: str, contract: str = "c", item: str = "i", **more: Any) -> Happening:
    fields: dict[str, Any] = {
        "project": PROJECT,
        "contract": contract,
        "amount": amount,
        "ends_on": day("12-31"),
        "items": (procurement.ContractItem(item=item, name="I", unit="u", quantity="1"),),
    }
    return at(when), procurement.ContractAmended(**fields | more)


def later(happening: Happening, years: int = 1) -> Happening:
    """The same, *years* after."""
    when, data = happening
    return when.replace(year=when.year + years), data


def opened(when: str, fault: str = "f", *, down: bool = True, asset: str | None = None) -> Happening:
    data = monitoring.FaultOpened(
        project=PROJECT, fault=fault, asset=asset, severity="major", occurred_at=at(when), service_down=down
    )
    return at(when), data


def responded(when: str, fault: str = "f") -> Happening:
    return at(when), monitoring.FaultResponded(project=PROJECT, fault=fault, responded_at=at(when))


def resolved(when: str, fault: str = "f") -> Happening:
    return at(when), monitoring.FaultResolved(project=PROJECT, fault=fault, resolved_at=at(when))


def reopened(when: str, fault: str = "f") -> Happening:
    return at(when), monitoring.FaultReopened(project=PROJECT, fault=fault, reopened_at=at(when))


def maintenance(start: str, end: str, asset: str | None = None) -> Happening:
    data = monitoring.MaintenanceScheduled(
        project=PROJECT, window=f"w{start}", asset=asset, starts_at=at(start), ends_at=at(end)
    )
    return at(start), data


def complained(when: str, complaint: str = "k") -> Happening:
    return at(when), monitoring.ComplaintFiled(
        project=PROJECT, complaint=complaint, channel="phone", received_at=at(when)
    )


def closed(when: str, complaint: str = "k") -> Happening:
    return at(when), monitoring.ComplaintClosed(project=PROJECT, complaint=complaint, closed_at=at(when))


def counted(count: int, when: str = "01-31 00:00") -> Happening:
    data = monitoring.ServiceCounted(
        project=PROJECT,
        service_count=an_id("n", when),
        count=count,
        kind="k",
        starts_on=day("01-01"),
        ends_on=at(when).date(),
    )
    return at(when), data


def answered(of: int, satisfied: int, when: str = "06-01 00:00", survey: str = "s") -> Happening:
    data = monitoring.SurveyAnswered(
        project=PROJECT,
        survey=survey,
        answer=an_id(survey, when),
        answered=of,
        satisfied=satisfied,
        collected_on=at(when).date(),
    )
    return at(when), data


def recorded(value: str, when: str, metric: str = "m", asset: str | None = None, unit: str = "°C") -> Happening:
    data = monitoring.ReadingRecorded(
        project=PROJECT,
        reading=f"{metric}{when}{asset}".replace(" ", "-").replace(":", "-"),
        asset=asset,
        metric=metric,
        value=value,
        unit=unit,
        measured_at=at(when),
    )
    return at(when), data


def held(findings: int, when: str, inspection: str = "n") -> Happening:
    return at(when), monitoring.InspectionRecorded(
        project=PROJECT, inspection=inspection, inspected_on=at(when).date(), findings=findings
    )


def rectified(findings: int, when: str, inspection: str = "n") -> Happening:
    return at(when), monitoring.RectificationClosed(
        project=PROJECT, inspection=inspection, closed_on=at(when).date(), findings=findings
    )


def reported(value: str, when: str = "12-01 00:00", code: str = "1") -> Happening:
    return at(when), evaluation.MeasurementReported(
        project=PROJECT, measurement=f"{code}{when}", code=code, value=value, evidence=()
    )


def explained(when: str, code: str = "1", deviation: str = "d") -> Happening:
    return at(when), evaluation.DeviationExplained(project=PROJECT, deviation=deviation, code=code)


def rated(percent: str, when: str = "12-20 00:00", code: str = "1", level: str = "achieved") -> Happening:
    data = evaluation.RatingGiven(project=PROJECT, rating=f"{code}{when}", code=code, level=level, percent=percent)
    return at(when), data


def origins(happenings: Iterable[Happening]) -> list[tuple[Origin, EventData]]:
    """Each event with its origin, numbered by its source."""
    numbers: dict[str, itertools.count[int]] = {}
    made = []
    for when, data in happenings:
        sequence = next(numbers.setdefault(data.source, itertools.count(1)))
        event_id = f"{data.source}-{sequence}"
        made.append(
            (
                Origin(
                    source=data.source,
                    partition=0,
                    sequence=sequence,
                    id=event_id,
                    type=data.type,
                    time=when,
                    recorded=when,
                    hash=event_id,
                ),
                data,
            )
        )
    return made


def facts_of(*happenings: Happening, plan: Plan | None = None) -> Facts:
    facts = Facts(watched=watched_by(plan))
    for origin, data in origins(happenings):
        facts.fold(origin, data)
    return facts


def an_indicator(measure: str = "fault_rate", op: str = "<=", value: Any = "1", **changes: Any) -> Indicator:
    fields: dict[str, Any] = {
        "code": "1",
        "dimension": "output",
        "aspect": "quality",
        "name": "n",
        "unit": "%",
        "target": Target(op=op, value=value),  # type: ignore[arg-type]
        "weight": Decimal(90),
        "measure": measure,
        "arguments": {},
    }
    return Indicator(**fields | changes)


def a_plan(*indicators: Indicator, execution: str = "10", **changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "title": "t",
        "fiscal_year": 2018,
        "starts_on": day("01-01"),
        "ends_on": day("12-31"),
        "policy": "mof-2020",
        "objective": "o",
        "execution_weight": Decimal(execution),
        "indicators": indicators or (an_indicator(),),
    }
    return Plan(**fields | changes)


def measured(indicator: Indicator, *happenings: Happening, as_of: datetime = YEAR_OVER) -> Any:
    """The row of one indicator."""
    facts = facts_of(declared(), *happenings, plan=a_plan(indicator))
    row, _ = score_indicator(indicator, facts, Period.of(a_plan(indicator), facts, as_of), MOF_2020)
    return row


def scored(plan: Plan, happenings: Sequence[Happening], as_of: datetime = YEAR_OVER) -> tuple[Score, dict[str, Any]]:
    score = evaluate(facts_of(*happenings, plan=plan), plan, MOF_2020, as_of=as_of)
    return score, document(score, version=1)
