"""Running totals say what going through all facts says: at any moment, in any order, however often they are asked."""

from datetime import datetime, timedelta
from fractions import Fraction
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.facts import Facts, Fault, watched_by
from services.evaluation.rules.measures import MEASURES, faults, money, readings, tallies
from services.evaluation.rules.measures.tallies import FEW, Covered, Ledger
from services.evaluation.rules.period import PER_HOUR, Period
from shared.events.monitoring import ReadingRecorded
from tests.evaluation.builders import (
    Happening,
    a_plan,
    an_indicator,
    at,
    day,
    declared,
    maintenance,
    opened,
    origins,
    paid,
    recorded,
    reopened,
    resolved,
    responded,
    reversed_,
)

BEGIN = at("03-01 00:00")
PLAN = a_plan(
    an_indicator("event_count", arguments={"type": "fault.opened"}),
    an_indicator("reading", arguments={"metric": "m"}),
    starts_on=day("03-02"),
    ends_on=day("03-03"),
)
HOURS = st.sampled_from([12, 24, 36, 48, 60, 71, 72, 84])  # Before the window, in its two days, and behind it.
ASK = st.tuples(st.just("ask"), st.just(0), HOURS)
ASSETS = "ab"
Steps = list[tuple[str, int, int]]


def steps(*kinds: str, most: int = 1) -> st.SearchStrategy[Steps]:
    """Few names, so that things happen to the same; an ask after every other one."""
    told = st.tuples(st.sampled_from(kinds), st.integers(0, most), HOURS)
    return st.lists(told | ASK, min_size=3, max_size=20)


def moment(hours: int) -> str:
    return (BEGIN + timedelta(hours=hours)).strftime("%m-%d %H:%M")


def happening(kind: str, number: int, hours: int) -> Happening:
    when, name, letter = moment(hours), str(number), ASSETS[number % 2]
    made: dict[str, Any] = {
        "paid": lambda: paid(f"{number + 1}.00", when, name, letter),
        "reversed": lambda: reversed_(f"{number + 1}.00", when, name, letter),
        "opened": lambda: opened(when, name, down=number > 0, asset=letter),
        "responded": lambda: responded(when, name),
        "resolved": lambda: resolved(when, name),
        "reopened": lambda: reopened(when, name),
        # Told when it has begun already.
        "maintained": lambda: (
            at(when),
            maintenance(moment(hours - 24), moment(hours + 6), (*ASSETS, None)[number])[1],
        ),
        "read": lambda: recorded(f"{number * hours % 7 - 3}.25", when, asset=letter, unit="°C" if number < 2 else "K"),
    }
    found: Happening = made[kind]()
    return found


def is_possible(facts: Facts, kind: str, number: int) -> bool:
    """Whether a source that keeps its promises could say it now."""
    payment, name = facts.payments.get(str(number)), str(number)
    if kind == "paid":
        return payment is None
    if kind == "reversed":
        return payment is not None and payment.reversal is None
    if kind in ("maintained", "read"):
        return True
    return (name in facts.faults) == (kind != "opened")


Asked = tuple[str, dict[str, str]]
PAID: list[Asked] = [("paid_amount", {}), ("paid_amount", {"line": "a"}), ("paid_amount", {"line": "b"})]
OF_FAULTS: list[Asked] = [
    ("fault_resolution_rate", {}),
    ("event_count", {"type": "fault.opened"}),
    ("event_count", {"type": "fault.opened", "where": "service_down=true"}),
    *(
        (name, {"statistic": statistic})
        for name in ("response_hours", "repair_hours")
        for statistic in faults.STATISTICS
    ),
    *((name, asset) for name in ("fault_rate", "availability") for asset in ({}, {"asset": "a"}, {"asset": "b"})),
]
OF_READINGS: list[Asked] = [
    ("reading", {"metric": "m", "statistic": statistic, **asset})
    for statistic in readings.STATISTICS
    for asset in ({}, {"asset": "a"})
]


def found(asked: Asked, facts: Facts, as_of: datetime) -> Any:
    """What a measure says: its value, the figures that it is made of, and of readings in what units they are."""
    name, arguments = asked
    measured = MEASURES[name].find(facts, Period.of(PLAN, facts, as_of), arguments)
    says = measured.value, [term.value for term in measured.terms]
    return (
        (*says, measured.terms[-1].en.partition("(")[2]) if name == "reading" and measured.value is not None else says
    )


def gone_through(asked: Asked, facts: Facts, as_of: datetime) -> Any:
    """The same, from all facts one by one, as somebody would who has nothing but them."""
    name, arguments = asked
    period = Period.of(PLAN, facts, as_of)
    if name == "paid_amount":
        of = [fen for paid, _, fen in money.movements(facts, period) if arguments.get("line", paid.line) == paid.line]
        return Fraction(sum(of), 100) if of else None, [Fraction(sum(of), 100)]
    if name == "reading":
        return read_through(facts, period, arguments)
    seen = [fault for fault in facts.faults.values() if period.has(fault.origin)]
    if name == "event_count":
        count = sum(fault.is_service_down or "where" not in arguments for fault in seen)
        return count or None, [count]
    if name == "fault_resolution_rate":
        states = [
            bool(turns := told(fault, period, "resolved", "reopened")) and turns[-1][0] == "resolved" for fault in seen
        ]
        return Fraction(sum(states), len(states)) if states else None, [sum(states), len(states)]
    if name in ("fault_rate", "availability"):
        return counted_by_hours(seen, facts, period, arguments.get("asset"), is_up=name == "availability")
    return waited(seen, period, answers=name == "response_hours", statistic=arguments["statistic"])


def told(fault: Fault, period: Period, *kinds: str) -> list[tuple[str, datetime]]:
    return [(step, origin.time) for step, origin in fault.steps if step in kinds and period.has(origin)]


def read_through(facts: Facts, period: Period, arguments: dict[str, str]) -> Any:
    kept = [
        (origin.time, origin.sequence, Fraction(data.value), data.unit)
        for origin, data in facts.events.get("reading.recorded:m", ())
        if isinstance(data, ReadingRecorded) and period.has(origin) and arguments.get("asset", data.asset) == data.asset
    ]
    if not kept:
        return None, [0]
    values, units = [value for _, _, value, _ in sorted(kept)], sorted({unit for *_, unit in kept})
    values_of = {"last": values[-1], "min": min(values), "max": max(values), "mean": sum(values) / len(values)}
    value = values_of[arguments["statistic"]]
    return value, [len(values), value], f"{'、'.join(units)})"


def counted_by_hours(seen: list[Fault], facts: Facts, period: Period, asset: str | None, *, is_up: bool) -> Any:
    """Hour by hour: whatever happens here happens at a full one."""
    windows = [
        (window.asset, window.starts_at, window.ends_at)
        for window in facts.maintenance
        if period.has_changed(window.origin)
    ]
    hours = [period.starts_at + timedelta(hours=number) for number in range(48)]
    past = [hour for hour in hours if hour < period.until]
    whole = [hour for hour in past if not any(start <= hour < end for of, start, end in windows if of is None)]
    down = 0
    for hour in past:
        down += any(
            fault.is_service_down
            and asset in (None, fault.asset)
            and is_open(fault, period, hour)
            and not any(start <= hour < end for of, start, end in windows if of in (None, fault.asset))
            for fault in seen
        )
    amount = len(whole) - down if is_up else down
    return Fraction(amount, len(whole)) if whole else None, [amount, len(whole)]


def is_open(fault: Fault, period: Period, hour: datetime) -> bool:
    since: datetime | None = fault.origin.time
    for step, time in told(fault, period, "resolved", "reopened"):
        if step == "resolved" and since is not None:
            if since <= hour < time:
                return True
            since = None
        elif step == "reopened" and since is None:
            since = time
    return since is not None and since <= hour


def waited(seen: list[Fault], period: Period, *, answers: bool, statistic: str) -> Any:
    spans = []
    for fault in seen:
        turns = told(fault, period, "resolved", "reopened")
        ended = [turns[-1][1]] if turns and turns[-1][0] == "resolved" else []
        if answers:
            ended = [time for _, time in told(fault, period, "responded", "resolved")]
        span = min(ended, default=period.until) - fault.origin.time
        spans.append(Fraction(max(span, timedelta()) // timedelta(hours=1)))
    if not spans:
        return None, [0]
    spans.sort()
    value = {"max": spans[-1], "mean": sum(spans) / len(spans), "p95": spans[-(-len(spans) * 95 // 100) - 1]}[statistic]
    return value, [len(spans), value]


def check(asked: list[Asked], steps: Steps, last: int) -> None:
    facts = Facts(watched=watched_by(PLAN))
    told = origins([declared(), *(happening(*step) for step in steps if step[0] != "ask")])
    facts.fold(*told.pop(0))
    for kind, number, hours in [*steps, ("ask", 0, last)]:
        if kind == "ask":
            as_of = BEGIN + timedelta(hours=hours)
            for each in asked:
                assert (each, found(each, facts, as_of)) == (each, gone_through(each, facts, as_of))
            continue
        origin, data = told.pop(0)
        if is_possible(facts, kind, number):
            facts.fold(origin, data)


@given(steps=steps("paid", "reversed"), last=HOURS)
def test_what_was_paid_is_the_sum_of_all_payments(steps: Steps, last: int) -> None:
    check(PAID, steps, last)


@pytest.mark.parametrize(
    "told",
    [
        [("opened", 1, 12), ("resolved", 1, 36)],  # Opened before the window.
        [("opened", 1, 36), ("resolved", 1, 60), ("reopened", 1, 48)],  # In another order than that of their times.
        [("opened", 1, 36), ("resolved", 1, 48), ("resolved", 1, 60)],  # Twice.
        [("opened", 1, 36), ("resolved", 1, 48), ("reopened", 1, 60), ("resolved", 1, 84)],  # The last behind it.
        [("opened", 1, 36), ("resolved", 1, 60), ("maintained", 1, 48)],  # Excused when it was counted already.
        [("opened", 1, 36), ("resolved", 1, 48), ("maintained", 2, 60)],  # Excused, but not before that was told.
        [("opened", 1, 36), ("maintained", 2, 48), ("ask", 0, 60), ("maintained", 2, 24)],  # While it is open.
        [("opened", 1, 36), ("resolved", 1, 48), ("opened", 2, 24), ("resolved", 2, 60)],  # One within the other.
    ],
)
@pytest.mark.parametrize("last", [12, 36, 48, 60, 84])
@pytest.mark.parametrize("between", [[], [("ask", 0, 84)]])
def test_what_happens_to_a_fault_counts_when_it_did(told: Steps, between: Steps, last: int) -> None:
    check(OF_FAULTS, [step for each in told for step in (each, *between)], last)


@given(
    steps=steps("opened", "opened", "responded", "resolved", "resolved", "reopened", "maintained", most=2), last=HOURS
)
def test_faults_counted_along_are_those_of_all_faults(steps: Steps, last: int) -> None:
    check(OF_FAULTS, steps, last)


@given(steps=steps("read", most=3), last=HOURS)
def test_readings_taken_along_are_those_of_all_readings(steps: Steps, last: int) -> None:
    check(OF_READINGS, steps, last)


@given(spans=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 9)).map(lambda x: (x[0], x[0] + x[1])), max_size=15))
def test_what_spans_cover_is_counted_once_up_to_any_moment(spans: list[tuple[int, int]]) -> None:
    covered = Covered()
    for start, end in spans:
        covered.add(BEGIN + timedelta(hours=start), BEGIN + timedelta(hours=end))

    for until in range(40):
        wanted = sum(any(start <= hour < end for start, end in spans) for hour in range(until))
        assert covered.until(BEGIN + timedelta(hours=until)) == wanted * PER_HOUR


@given(rows=st.lists(st.tuples(HOURS, st.integers(-5, 5)), max_size=3 * FEW), bulk=st.integers(0, 2 * FEW))
def test_a_ledger_sums_up_to_any_moment_whatever_order_amounts_come_in(rows: list[tuple[int, int]], bulk: int) -> None:
    ledger, last = Ledger(), Ledger(lambda _, latest: latest)
    for number, (hours, amount) in enumerate(rows, 1):
        for each in (ledger, last):
            each.add(BEGIN + timedelta(hours=hours), amount)
            if number > bulk:
                each.until(BEGIN)

    for hours in range(0, 97, 8):
        there = [(hour, amount) for hour, amount in rows if hour <= hours]
        assert ledger.until(BEGIN + timedelta(hours=hours)) == sum(amount for _, amount in there)
        assert ledger.count(BEGIN + timedelta(hours=hours)) == len(there)
        wanted = max(reversed(there), key=itemgetter(0))[1] if there else 0  # Of one hour, the one added last.
        assert last.until(BEGIN + timedelta(hours=hours)) == wanted


def test_many_amounts_at_once_are_sorted_in() -> None:
    ledger = Ledger()
    ledger.add(BEGIN, 1)
    assert ledger.until(BEGIN) == 1
    for number in reversed(range(2 * FEW)):
        ledger.add(BEGIN + timedelta(hours=number), 1)

    assert [ledger.until(BEGIN + timedelta(hours=hours)) for hours in (0, 1, FEW, 3 * FEW)] == [
        2,
        3,
        FEW + 2,
        2 * FEW + 1,
    ]


def test_of_many_amounts_at_one_moment_the_one_added_last_is_last() -> None:
    ledger = Ledger(lambda _, latest: latest)
    for amount in reversed(range(2 * FEW)):
        ledger.add(BEGIN, amount)

    assert ledger.until(BEGIN) == 0


def test_windows_that_are_asked_for_once_are_not_kept_for_ever() -> None:
    facts = Facts()
    for number in range(3 * tallies.TALLIES_MAX):
        plan = a_plan(starts_on=day("01-01") + timedelta(days=number))
        money.spent(facts, Period.of(plan, facts, BEGIN))

    assert len(facts.trail.tallies) <= tallies.TALLIES_MAX
