"""Running totals say what going through all facts says: at any moment, in any order, however often they are asked."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.facts import Facts, watched_by
from services.evaluation.rules.measures import MEASURES, faults, money, tallies
from services.evaluation.rules.measures.readings import member_text
from services.evaluation.rules.measures.tallies import FEW, Ledger
from services.evaluation.rules.period import Period
from shared.events.monitoring import FaultOpened
from tests.evaluation.builders import (
    Happening,
    a_plan,
    an_indicator,
    at,
    day,
    declared,
    opened,
    origins,
    paid,
    reopened,
    resolved,
    responded,
    reversed_,
)

BEGIN = at("03-01 00:00")
PLAN = a_plan(
    an_indicator("event_count", arguments={"type": "fault.opened"}), starts_on=day("03-02"), ends_on=day("03-03")
)
HOURS = st.sampled_from([12, 24, 36, 48, 60, 71, 72, 84])  # Before the window, in its two days, and behind it.
ASK = st.tuples(st.just("ask"), st.just(0), HOURS)
Steps = list[tuple[str, int, int]]


def steps(*kinds: str) -> st.SearchStrategy[Steps]:
    """Few names, so that things happen to the same; an ask after every other one."""
    told = st.tuples(st.sampled_from(kinds), st.integers(0, 1), HOURS)
    return st.lists(told | ASK, min_size=3, max_size=20)


def happening(kind: str, number: int, hours: int) -> Happening:
    when = (BEGIN + timedelta(hours=hours)).strftime("%m-%d %H:%M")
    name, line = str(number), "ab"[number % 2]
    made: dict[str, Any] = {
        "paid": lambda: paid(f"{number + 1}.00", when, name, line),
        "reversed": lambda: reversed_(f"{number + 1}.00", when, name, line),
        "opened": lambda: opened(when, name, down=bool(number % 2)),
        "responded": lambda: responded(when, name),
        "resolved": lambda: resolved(when, name),
        "reopened": lambda: reopened(when, name),
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
    return (name in facts.faults) == (kind != "opened")


def asked(facts: Facts, as_of: datetime) -> list[Any]:
    """What the measures say, with each line and each condition."""
    period = Period.of(PLAN, facts, as_of)
    values = [money.spent(facts, period), MEASURES["fault_resolution_rate"].find(facts, period, {}).value]
    values += [MEASURES["paid_amount"].find(facts, period, line).value for line in ({}, {"line": "a"}, {"line": "b"})]
    counting: list[dict[str, str]] = [{"type": "fault.opened"}, {"type": "fault.opened", "where": "service_down=true"}]
    return values + [MEASURES["event_count"].find(facts, period, each).value for each in counting]


def gone_through(facts: Facts, as_of: datetime) -> list[Any]:
    """The same, from all facts one by one."""
    period = Period.of(PLAN, facts, as_of)
    moved = list(money.movements(facts, period))
    states = [faults._is_resolved(fault, period) for fault in faults._faults(facts, period)]
    values: list[Any] = [sum(fen for _, _, fen in moved), Fraction(sum(states), len(states)) if states else None]
    for line in (None, "a", "b"):
        found = [fen for payment, _, fen in moved if line in (None, payment.line)]
        values.append(Fraction(sum(found), 100) if found else None)
    happened = [data for origin, data in facts.events.get(FaultOpened.type, ()) if period.has(origin)]
    down = [data for data in happened if member_text(data, "service_down") == "true"]
    return values + [len(each) or None for each in (happened, down)]


def check(steps: Steps, last: int) -> None:
    facts = Facts(watched=watched_by(PLAN))
    told = origins([declared(), *(happening(*step) for step in steps if step[0] != "ask")])
    facts.fold(*told.pop(0))
    for kind, number, hours in [*steps, ("ask", 0, last)]:
        if kind == "ask":
            as_of = BEGIN + timedelta(hours=hours)
            assert asked(facts, as_of) == gone_through(facts, as_of)
            continue
        origin, data = told.pop(0)
        if is_possible(facts, kind, number):
            facts.fold(origin, data)


@given(steps=steps("paid", "reversed"), last=HOURS)
def test_what_was_paid_is_the_sum_of_all_payments(steps: Steps, last: int) -> None:
    check(steps, last)


@pytest.mark.parametrize(
    "told",
    [
        [("opened", 0, 12), ("resolved", 0, 36)],  # Opened before the window.
        [("opened", 0, 36), ("resolved", 0, 60), ("reopened", 0, 48)],  # In another order than that of their times.
        [("opened", 0, 36), ("resolved", 0, 48), ("resolved", 0, 60)],  # Twice.
        [("opened", 0, 36), ("resolved", 0, 48), ("reopened", 0, 60), ("resolved", 0, 84)],  # The last behind it.
    ],
)
@pytest.mark.parametrize("last", [12, 36, 48, 60, 84])
def test_what_happens_to_a_fault_counts_when_it_did(told: Steps, last: int) -> None:
    check(told, last)


@given(steps=steps("opened", "responded", "resolved", "resolved", "reopened"), last=HOURS)
def test_faults_counted_along_are_those_of_all_faults(steps: Steps, last: int) -> None:
    check(steps, last)


@given(rows=st.lists(st.tuples(HOURS, st.integers(-5, 5)), max_size=3 * FEW), bulk=st.integers(0, 2 * FEW))
def test_a_ledger_sums_up_to_any_moment_whatever_order_amounts_come_in(rows: list[tuple[int, int]], bulk: int) -> None:
    ledger = Ledger()
    for number, (hours, amount) in enumerate(rows, 1):
        ledger.add(BEGIN + timedelta(hours=hours), amount)
        if number > bulk:
            ledger.until(BEGIN)

    for hours in range(0, 97, 8):
        wanted = sum(amount for hour, amount in rows if hour <= hours)
        assert ledger.until(BEGIN + timedelta(hours=hours)) == wanted


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


def test_windows_that_are_asked_for_once_are_not_kept_for_ever() -> None:
    facts = Facts()
    for number in range(3 * tallies.TALLIES_MAX):
        plan = a_plan(starts_on=day("01-01") + timedelta(days=number))
        money.spent(facts, Period.of(plan, facts, BEGIN))

    assert len(facts.trail.tallies) <= tallies.TALLIES_MAX
