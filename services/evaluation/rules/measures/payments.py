"""Measures over what contracts are owed and when it is paid."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from services.evaluation.facts import Acceptance, Contract, Facts, Origin
from services.evaluation.rules.measures.base import Measured, Term, quotient
from services.evaluation.rules.measures.contracts import latest_terms
from services.evaluation.rules.measures.money import movements
from services.evaluation.rules.period import Period
from shared.dates import end_of, zone
from shared.money import FEN_PER_YUAN


def on_time_payment_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of contracts due that were paid in full in time (资金支付及时率).

    A contract is due when the days it allows for payment, counted from its latest passed acceptance, are over; in time
    is what was paid by the end of the last of them, less reversals.

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: while the window is open and no contract was due; vacuously met when it is over.
    Source: interfaces, "Precise points".
    """
    paid: dict[str | None, list[tuple[Origin, int]]] = defaultdict(list)
    for payment, origin, amount in movements(facts, period):
        paid[payment.contract].append((origin, amount))
    states: list[tuple[Origin, Fraction]] = []
    rests_on: list[tuple[Origin, Fraction]] = []
    for name, contract in facts.contracts.items():
        acceptance = _latest_passed(contract, period)
        if acceptance is None or (last_day := _last_day(contract, acceptance, period)) is None:
            continue
        by_then = [found for found in paid[name] if found[0].time < end_of(last_day, period.time_zone)]
        is_paid = sum(amount for _, amount in by_then) >= latest_terms(contract, period).amount
        states.append((acceptance.origin, Fraction(is_paid)))
        rests_on += [(origin, Fraction(amount, FEN_PER_YUAN)) for origin, amount in by_then]
    in_time, due = sum((state for _, state in states), Fraction(0)), Fraction(len(states))
    return Measured(
        value=quotient(in_time, due),
        terms=(
            Term("按期付清的合同数", "contracts paid in full in time", in_time),
            Term("已到付款期限的合同数", "contracts due", due),
        ),
        formula=("按期付清的合同数 ÷ 已到付款期限的合同数", "contracts paid in time ÷ contracts due"),
        expression="a / b",
        evidence=(*states, *rests_on),
    )


def _latest_passed(contract: Contract, period: Period) -> Acceptance | None:
    passed = [found for found in contract.acceptances if found.has_passed and period.has(found.origin)]
    return max(passed, key=lambda found: (found.origin.time, found.origin.sequence), default=None)


def _last_day(contract: Contract, acceptance: Acceptance, period: Period) -> date | None:
    """The last day to pay on, if it is over within the window."""
    accepted_on = acceptance.origin.time.astimezone(zone(period.time_zone)).date()
    last_day = accepted_on + timedelta(days=contract.payment_days)
    return last_day if last_day <= min(period.last_day, period.last_day_over) else None
