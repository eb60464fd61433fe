"""
What one more event costs the score of a project, the more of them it has behind it: folded, scored and shown, in this
process alone. The plan holds the measures over what there is most of.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from bench.speed.figures import Figure, NotSo, ratios
from services.evaluation import policies, rules
from services.evaluation.facts import Facts, Origin, watched_by
from services.evaluation.model import Indicator, Plan, Target
from shared.events.base import EventData
from shared.events.budget import PaymentMade
from shared.events.monitoring import FaultOpened, FaultResolved, FaultResponded, ReadingRecorded

PASTS = (100, 1_000, 10_000)  # Payments, readings and faults, each so many.
EVENTS = 5  # Of one of each.
MORE = 40  # Of each, event by event.
FLAT = "<= 1.20"
PROJECT, POLICY, YEAR = "p", "mof-2020", 2018
BEGIN = datetime(YEAR, 1, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEP, RESPONSE, REPAIR = 40 * MINUTE, 6 * MINUTE, 30 * MINUTE
WINDOW_BEGIN = datetime(YEAR - 1, 12, 31, 16, tzinfo=UTC)  # Midnight of the project's zone.
MEASURES: tuple[tuple[str, dict[str, str]], ...] = (
    ("fault_resolution_rate", {}),
    ("response_hours", {"statistic": "p95"}),
    ("repair_hours", {"statistic": "mean"}),
    ("reading", {"metric": "m", "statistic": "mean"}),
    ("event_count", {"type": FaultOpened.type}),
    ("paid_amount", {}),
    ("fault_rate", {}),
)


def measure(runs: int, scale: float = 1.0) -> list[Figure]:
    """Each past, *runs* times in turn."""
    costs: dict[int, list[float]] = {past: [] for past in PASTS}
    for _ in range(runs):
        for past, found in costs.items():
            found.append(_cost_us(round(past * scale)))
    least, most = costs[PASTS[0]], costs[PASTS[-1]]
    return [
        *(Figure(f"score after {past:,} of each", "one more event", "us", tuple(costs[past])) for past in PASTS),
        Figure("growth of a score", "cost, most to least", "ratio", ratios(most, least), FLAT),
    ]


def _cost_us(past: int) -> float:
    """The median of events that come one by one."""
    plan, policy = _plan(), policies.read_all()[POLICY]
    facts = Facts(watched=watched_by(plan))
    spent = []
    for number, (origin, data) in enumerate(_happening(past + MORE)):
        since = time.perf_counter()
        facts.fold(origin, data)
        if number >= EVENTS * past:
            score = rules.evaluate(facts, plan, policy, as_of=origin.time)
            rules.document(score, version=1)
            spent.append(time.perf_counter() - since)
    _check([row.measured for row in score.rows], past + MORE)
    return statistics.median(spent[1:]) * 1e6  # The first one takes up the past.


def _check(measured: Sequence[Fraction | None], each: int) -> None:
    passed = BEGIN + (each - 1) * STEP + REPAIR - WINDOW_BEGIN
    down = Fraction(each * (REPAIR // MINUTE), passed // MINUTE)
    wanted = [Fraction(1), Fraction(1, 10), Fraction(1, 2), Fraction(1, 2), Fraction(each), Fraction(each), down]
    if measured != wanted:
        raise NotSo(f"a score says {[str(figure) for figure in measured]}")


def _plan() -> Plan:
    indicators = (
        Indicator(
            code=str(number),
            dimension="output",
            aspect="quality",
            name=measure,
            unit="次",
            target=Target(op="<=", value="1"),
            weight=Decimal(10),
            measure=measure,
            arguments=arguments,
        )
        for number, (measure, arguments) in enumerate(MEASURES)
    )
    return Plan(
        title=PROJECT,
        fiscal_year=YEAR,
        starts_on=date(YEAR, 1, 1),
        ends_on=date(YEAR, 12, 31),
        policy=POLICY,
        objective="o",
        execution_weight=Decimal(30),
        indicators=tuple(indicators),
    )


def _happening(times: int) -> Iterator[tuple[Origin, EventData]]:
    """A payment, a reading of 0 or 1, and a fault with its end, again and again."""
    for number in range(times):
        begun, fault = BEGIN + number * STEP, f"f{number}"
        answered, repaired = begun + RESPONSE, begun + REPAIR
        told: list[tuple[datetime, EventData]] = [
            (begun, PaymentMade(project=PROJECT, payment=f"z{number}", line="a", amount="1.00", paid_on=begun.date())),
            (begun, _reading(number, begun)),
            (begun, _fault(fault, begun)),
            (answered, FaultResponded(project=PROJECT, fault=fault, responded_at=answered)),
            (repaired, FaultResolved(project=PROJECT, fault=fault, resolved_at=repaired)),
        ]
        for sequence, (time_, data) in enumerate(told, EVENTS * number + 1):
            yield Origin(data.source, 0, sequence, f"e{sequence}", data.type, time_, time_, f"{sequence:064x}"), data


def _reading(number: int, at: datetime) -> ReadingRecorded:
    return ReadingRecorded(
        project=PROJECT, reading=f"r{number}", metric="m", value=str(number % 2), unit="%", measured_at=at
    )


def _fault(fault: str, at: datetime) -> FaultOpened:
    return FaultOpened(project=PROJECT, fault=fault, severity="major", occurred_at=at, service_down=True)
