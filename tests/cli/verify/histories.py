"""Random histories of a project that its sources could have told, and plans that measure everything."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from cli.verify.events import Told
from services.evaluation.model import Indicator, Plan
from services.evaluation.rules import plan_event
from services.evaluation.rules.methods import OPERATORS
from shared.dates import end_of, start_of
from shared.events import budget, evaluation, monitoring, procurement
from shared.events.base import EventData
from tests.evaluation.builders import PROJECT, Happening, a_plan, an_indicator, declared, origins

EARLIEST, LATEST = date(2017, 11, 15), date(2019, 2, 15)
ZONES = ("Asia/Shanghai", "Asia/Urumqi", "America/New_York")  # The last one has summer time.
ITEMS, ASSETS = ("i", "j"), (None, "web", "db")

# Days that meet one another: ends of months, terms of whole months, acceptances and the days that payment is due.
MEETING = [
    date.fromisoformat(text)
    for text in (
        *("2017-12-31", "2018-01-01", "2018-01-31", "2018-02-28", "2018-03-01", "2018-03-14", "2018-03-15"),
        *("2018-05-01", "2018-05-02", "2018-05-03", "2018-05-31", "2018-06-01", "2018-06-14"),
        *("2018-11-30", "2018-12-01", "2018-12-31", "2019-01-01"),
    )
]
days = st.one_of(st.sampled_from(MEETING), st.dates(EARLIEST, LATEST))
# Coarse, so that spans touch, overlap and coincide; some to the microsecond.
moments = st.builds(
    lambda day, half_hours, ticks: (
        datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=30 * half_hours, microseconds=ticks)
    ),
    days,
    st.integers(0, 47),
    st.sampled_from([0, 0, 0, 1, 999_999]),
)
amounts = st.one_of(  # Often the same, so that a contract may be paid in full.
    st.sampled_from(["0.01", "5.00", "10.00"]), st.integers(1, 9_999).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
)
quantities = st.sampled_from(["0", "1", "2.5", "60", "0.333333"])
weights = st.sampled_from(["3", "4.5", "3.335", "0.01", "7"])


@st.composite
def zones_and_histories(draw: st.DrawFn) -> tuple[str, list[Happening]]:
    """A time zone and what happened, each source's events in the order of its log."""
    zone = draw(st.sampled_from(ZONES))
    story = [
        declared(draw(amounts), time_zone=zone),
        *draw(_money(zone)),
        *draw(_contracts(zone)),
        *draw(_faults()),
        *draw(_operation(zone)),
        *draw(_people(zone)),
        *draw(_assessments()),
    ]
    return zone, story


@st.composite
def _money(draw: st.DrawFn, zone: str) -> list[Happening]:
    story: list[Happening] = []
    for number in range(draw(st.integers(0, 4))):
        day, amount, name = draw(days), draw(amounts), f"z{number}"
        line, contract = draw(st.sampled_from("ab")), draw(st.sampled_from([None, "c0", "c1"]))
        paid = budget.PaymentMade(
            project=PROJECT, payment=name, line=line, amount=amount, paid_on=day, contract=contract
        )
        story.append((start_of(day, zone), paid))
        if draw(st.booleans()):
            reversal = budget.PaymentReversed(
                project=PROJECT, payment=name, line=line, amount=amount, contract=contract
            )
            story.append((draw(moments), reversal))
    for number in range(draw(st.integers(0, 2))):
        day = draw(days)
        receipt = budget.FundsReceived(
            project=PROJECT, receipt=f"r{number}", amount=draw(amounts), origin="fiscal", received_on=day
        )
        story.append((start_of(day, zone), receipt))
    for _ in range(draw(st.integers(0, 2))):
        amount = draw(amounts)
        sources = budget.Sources(fiscal=amount, self_raised="0.00", carry_over="0.00", other="0.00")
        story.append((draw(moments), budget.BudgetAdjusted(project=PROJECT, lines=(), sources=sources, amount=amount)))
    return draw(st.permutations(story)) if not _has_reversal(story) else story


def _has_reversal(story: list[Happening]) -> bool:
    return any(isinstance(data, budget.PaymentReversed) for _, data in story)


def _items(draw: st.DrawFn) -> tuple[procurement.ContractItem, ...]:
    names = draw(st.lists(st.sampled_from(ITEMS), unique=True, max_size=2))
    return tuple(procurement.ContractItem(item=name, name="I", unit="u", quantity="1") for name in names)


@st.composite
def _contracts(draw: st.DrawFn, zone: str) -> list[Happening]:
    story: list[Happening] = []
    for number in range(draw(st.integers(0, 3))):
        story += draw(_contract(f"c{number}", zone))
    return story


@st.composite
def _contract(draw: st.DrawFn, name: str, zone: str) -> list[Happening]:
    signed_on, starts_on, ends_on = draw(days), draw(days), draw(days)
    signed = procurement.ContractSigned(
        project=PROJECT,
        contract=name,
        line="a",
        supplier="s",
        supplier_name="S",
        amount=draw(amounts),
        method="inquiry",
        government_procurement=draw(st.booleans()),
        signed_on=signed_on,
        starts_on=starts_on,
        ends_on=ends_on,
        items=_items(draw),
        advance_amount="0.00",
        payment_days=draw(st.sampled_from([0, 1, 30])),
    )
    later: list[Happening] = []
    for number in range(draw(st.integers(0, 3))):
        day = draw(days)
        kind = draw(st.sampled_from([procurement.ContractAccepted, procurement.ContractRejected]))
        names = draw(st.lists(st.sampled_from(ITEMS), unique=True, min_size=1, max_size=2))
        found = tuple(procurement.AcceptedItem(item=i, inspected="60", passed=draw(quantities)) for i in names)
        inspected = kind(project=PROJECT, acceptance=f"{name}-{number}", contract=name, accepted_on=day, items=found)
        later.append((start_of(day, zone), inspected))
    for _ in range(draw(st.integers(0, 2))):
        amended = procurement.ContractAmended(
            project=PROJECT, contract=name, amount=draw(amounts), ends_on=draw(days), items=_items(draw)
        )
        later.append((draw(moments), amended))
    if draw(st.booleans()):
        day = draw(days)
        terminated = procurement.ContractTerminated(project=PROJECT, contract=name, terminated_on=day)
        later.append((start_of(day, zone), terminated))
    return [(start_of(signed_on, zone), signed), *draw(st.permutations(later))]


@st.composite
def _faults(draw: st.DrawFn) -> list[Happening]:
    story: list[Happening] = []
    for number in range(draw(st.integers(0, 4))):
        name, at = f"f{number}", draw(moments)
        opened = monitoring.FaultOpened(
            project=PROJECT,
            fault=name,
            asset=draw(st.sampled_from(ASSETS)),
            severity="major",
            occurred_at=at,
            service_down=draw(st.sampled_from([True, True, False])),
        )
        story.append((at, opened))
        story += draw(_steps(name, at))
    for number in range(draw(st.integers(0, 3))):
        start, end = sorted((draw(moments), draw(moments)))
        window = monitoring.MaintenanceScheduled(
            project=PROJECT, window=f"w{number}", asset=draw(st.sampled_from(ASSETS)), starts_at=start, ends_at=end
        )
        story.append((start, window))
    return story


@st.composite
def _steps(draw: st.DrawFn, name: str, at: datetime) -> list[Happening]:
    """Steps as monitoring takes them: open, perhaps answered, resolved, reopened; each not before the last."""
    story: list[Happening] = []
    is_open = True
    for _ in range(draw(st.integers(0, 5))):
        at += timedelta(minutes=draw(st.sampled_from([0, 1, 45, 600, 60 * 24 * 40])))
        data: EventData
        if is_open and draw(st.booleans()):
            data = monitoring.FaultResponded(project=PROJECT, fault=name, responded_at=at)
        elif is_open:
            data, is_open = monitoring.FaultResolved(project=PROJECT, fault=name, resolved_at=at), False
        else:
            data, is_open = monitoring.FaultReopened(project=PROJECT, fault=name, reopened_at=at), True
        story.append((at, data))
    return story


@st.composite
def _operation(draw: st.DrawFn, zone: str) -> list[Happening]:
    story: list[Happening] = []
    for number in range(draw(st.integers(0, 4))):
        at = draw(moments)
        reading = monitoring.ReadingRecorded(
            project=PROJECT,
            reading=f"g{number}",
            asset=draw(st.sampled_from(ASSETS)),
            metric=draw(st.sampled_from(["uptime", "load"])),
            value=draw(quantities),
            unit="%",
            measured_at=at,
        )
        story.append((at, reading))
    for number in range(draw(st.integers(0, 3))):
        day, findings = draw(days), draw(st.integers(0, 3))
        name = f"n{number}"
        held = monitoring.InspectionRecorded(project=PROJECT, inspection=name, inspected_on=day, findings=findings)
        story.append((start_of(day, zone), held))
        if findings and draw(st.booleans()):
            closed_on = day + timedelta(days=draw(st.sampled_from([0, 1, 60])))
            right = monitoring.RectificationClosed(
                project=PROJECT, inspection=name, closed_on=closed_on, findings=findings
            )
            story.append((start_of(closed_on, zone), right))
    return story


@st.composite
def _people(draw: st.DrawFn, zone: str) -> list[Happening]:
    story: list[Happening] = []
    for number in range(draw(st.integers(0, 3))):
        at, name = draw(moments), f"k{number}"
        story.append((at, monitoring.ComplaintFiled(project=PROJECT, complaint=name, channel="phone", received_at=at)))
        if draw(st.booleans()):
            closed = at + timedelta(days=draw(st.sampled_from([0, 1, 90])))
            story.append((closed, monitoring.ComplaintClosed(project=PROJECT, complaint=name, closed_at=closed)))
    for number in range(draw(st.integers(0, 2))):
        day, answered = draw(days), draw(st.integers(0, 9))
        answers = monitoring.SurveyAnswered(
            project=PROJECT,
            survey=draw(st.sampled_from("st")),
            answer=f"a{number}",
            answered=answered,
            satisfied=draw(st.integers(0, answered)),
            collected_on=day,
        )
        story.append((start_of(day, zone), answers))
    for number in range(draw(st.integers(0, 2))):
        day = draw(days)
        counted = monitoring.ServiceCounted(
            project=PROJECT,
            service_count=f"m{number}",
            count=draw(st.integers(0, 9)),
            kind="k",
            starts_on=day,
            ends_on=day,
        )
        story.append((start_of(day, zone), counted))
    return story


@st.composite
def _assessments(draw: st.DrawFn) -> list[Happening]:
    story: list[Happening] = []
    for number in range(draw(st.integers(0, 3))):
        percent = draw(st.sampled_from(["0", "59.99", "79.995", "80", "100"]))
        rated = evaluation.RatingGiven(
            project=PROJECT, rating=f"t{number}", code="rating", level="achieved", percent=percent
        )
        story.append((draw(moments), rated))
    for number in range(draw(st.integers(0, 2))):
        reported = evaluation.MeasurementReported(
            project=PROJECT, measurement=f"h{number}", code="reported", value=draw(quantities), evidence=()
        )
        story.append((draw(moments), reported))
    for number, code in enumerate(draw(st.lists(st.sampled_from(["0", "1", "execution"]), max_size=2))):
        explained = evaluation.DeviationExplained(project=PROJECT, deviation=f"d{number}", code=code)
        story.append((draw(moments), explained))
    return story


MEASURED: list[tuple[str, dict[str, str], str]] = [
    ("accepted_quantity", {"item": "i"}, "项"),
    ("government_procurement_rate", {}, "%"),
    ("acceptance_pass_rate", {}, "%"),
    ("fault_rate", {}, "%"),
    ("fault_rate", {"asset": "web"}, ""),
    ("availability", {}, "%"),
    ("availability", {"asset": "db"}, "%"),
    ("fault_resolution_rate", {}, "%"),
    ("response_hours", {}, "小时"),
    ("response_hours", {"statistic": "mean"}, "分钟"),
    ("response_hours", {"statistic": "p95"}, "小时"),
    ("repair_hours", {}, "小时"),
    ("repair_hours", {"statistic": "mean"}, "小时"),
    ("service_months", {"item": "j"}, "月"),
    ("paid_amount", {}, "元"),
    ("paid_amount", {"line": "a"}, "万元"),
    ("execution_rate", {}, "%"),
    ("on_time_payment_rate", {}, "%"),
    ("complaint_rate", {}, "%"),
    ("complaint_closure_rate", {}, "%"),
    ("satisfaction_rate", {}, "%"),
    ("satisfaction_rate", {"survey": "s"}, ""),
    ("reading", {"metric": "load"}, "%"),
    ("reading", {"metric": "uptime", "statistic": "mean", "asset": "web"}, ""),
    ("reading", {"metric": "load", "statistic": "max"}, ""),
    ("reading", {"metric": "load", "statistic": "min"}, ""),
    ("inspections", {}, "次"),
    ("rectification_rate", {}, "%"),
    ("event_count", {"type": "fault.opened"}, "次"),
    ("event_count", {"type": "fault.opened", "where": "asset=web,service_down=true"}, "次"),
    ("event_count", {"type": "payment.made", "where": "contract="}, "次"),
    ("event_count", {"type": "inspection.recorded", "where": "findings=0"}, "次"),
    ("event_count", {"type": "rating.given"}, "次"),
    ("reported", {}, "TB"),
    ("rating", {}, ""),
]
BY = st.tuples(st.just("by"), st.sampled_from(["1970-01-02", "1970-03-02"]))  # What is reported counts days.
TARGETS = st.one_of(
    st.tuples(st.sampled_from(["=", ">=", "<=", ">", "<"]), st.sampled_from(["0", "1", "2.5", "50", "99.9"])),
    st.tuples(st.just("between"), st.sampled_from([("0", "0"), ("0.5", "10"), ("50", "100")])),
)


LOSSES: list[dict[str, Any]] = [
    {"deduct": "0.5"},
    {"deduct": "1", "per": "2", "count": "started", "tolerance": "0.5"},
    {"deduct_share": "0.05", "count": "exact"},
    {"deduct_share": "0.3", "count": "once"},
]
UPWARD, DOWNWARD = (("90", "10"), ("60", "5")), (("1", "10"), ("50", "5"))
METHODS: dict[str, list[dict[str, Any]]] = {
    "proportional": [{}, {"floor": "0.6"}],
    "all_or_nothing": [{}],
    "steps": [{"steps": UPWARD, "out_of": "10"}, {"steps": UPWARD, "out_of": "12", "full_when_met": True}],
    "intervals": [{"steps": UPWARD, "out_of": "10"}, {"steps": UPWARD, "out_of": "12", "full_when_met": True}],
    "per_unit_missing": LOSSES,
    "per_point_missing": LOSSES,
    "zero_tolerance": [{}],
    "bands": [{}],
    "date": [{}, *LOSSES],
}


@st.composite
def scorings(draw: st.DrawFn, op: str) -> evaluation.Scoring:
    """A method that goes with the operator, with figures that go with one another."""
    method = draw(st.sampled_from([name for name in sorted(METHODS) if op in OPERATORS[name]]))
    figures = dict(draw(st.sampled_from(METHODS[method])))
    if method == "steps" and op in ("<=", "<"):
        figures["steps"] = DOWNWARD
    return evaluation.Scoring(method=method, **figures)  # type: ignore[arg-type]


overrides = st.builds(
    evaluation.PolicyOverrides,
    rounding=st.none()
    | st.builds(
        evaluation.RoundingChange,
        mode=st.sampled_from([None, "half_up", "half_even", "down", "up"]),
        digits=st.sampled_from([None, 0, 1, 2, 3]),
        place=st.sampled_from([None, "row", "total"]),
    ),
    execution=st.none() | scorings(">="),
    over_achievement=st.none()
    | st.builds(
        evaluation.OverAchievement,
        above=st.sampled_from(["100", "130"]),
        per=st.sampled_from(["1", "10"]),
        deduct_share=st.sampled_from(["0", "0.001"]),
    ),
)


@st.composite
def plans(draw: st.DrawFn, policies: list[str]) -> Plan:
    """A plan of every measure, with any policy, targets, weights and methods; its window is most of a year."""
    indicators: list[Indicator] = []
    for number, (measure, arguments, unit) in enumerate(MEASURED):
        op, value = (
            ("level", "good") if measure == "rating" else draw(BY | TARGETS if measure == "reported" else TARGETS)
        )
        indicators.append(
            an_indicator(
                measure,
                op,
                value,
                code=measure if measure in ("rating", "reported") else str(number),
                dimension=draw(st.sampled_from(["output", "benefit", "satisfaction", "cost"])),
                arguments=arguments,
                unit=unit,
                weight=Decimal(draw(weights)),
                scoring=draw(st.none() | scorings(op)),
            )
        )
    return a_plan(
        *indicators,
        starts_on=draw(st.sampled_from([date(2018, 1, 1), date(2018, 1, 31), date(2018, 3, 15)])),
        ends_on=draw(st.sampled_from([date(2018, 12, 31), date(2018, 11, 30)])),
        policy=draw(st.sampled_from(policies)),
        policy_overrides=draw(st.none() | overrides),
    )


def moments_of(plan: Plan, zone: str) -> st.SearchStrategy[datetime]:
    """Moments to ask for: any, and those around the last day's end."""
    over = end_of(plan.ends_on, zone)
    ticks = st.integers(-2, 2).map(lambda tick: over + timedelta(microseconds=tick))
    midnights = st.sampled_from(MEETING).map(lambda day: start_of(day, zone))
    return st.one_of(moments, ticks, midnights, st.just(over + timedelta(days=60)))


def told(happenings: list[Happening]) -> list[Told]:
    """The events as they stand in a feed: through JSON, with nothing of their types left."""
    return [
        Told(origin.source, origin.sequence, data.type, origin.time, origin.recorded, _plain(data))
        for origin, data in origins(happenings)
    ]


def adopted(plan: Plan) -> dict[str, Any]:
    """What a plan's event says."""
    return _plain(plan_event(plan, PROJECT))


def _plain(data: EventData) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(data))
    return read
