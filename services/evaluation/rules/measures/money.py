"""Measures over payments and the budget."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction

from services.evaluation.facts import Facts, Origin, Payment
from services.evaluation.rules.measures.base import Later, Measured, Term
from services.evaluation.rules.measures.tallies import Ledger, lies_in, tally
from services.evaluation.rules.period import Period
from shared.money import FEN_PER_YUAN


def paid_amount(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    Payments less reversals (实际支出), of one line or of all.

    Unit: yuan, or 万元 where the indicator's unit says so.
    Bounds: from 0.
    Pending: while the window is open and nothing was paid; 0 when it is over.
    Source: interfaces, "Measures".
    """
    line = arguments.get("line")
    paid = _paid(facts, period)
    total = Fraction(paid.fen(line, period.as_of), FEN_PER_YUAN)
    return Measured(
        value=total if paid.is_any(line, period.as_of) else None,
        terms=(Term("支付金额减冲销金额", "payments less reversals", total),),
        formula=("支付金额之和 − 冲销金额之和", "the sum of payments less the sum of reversals"),
        expression="a",
        evidence=Later(
            lambda: (
                (origin, Fraction(amount, FEN_PER_YUAN))
                for payment, origin, amount in movements(facts, period)
                if line is None or payment.line == line
            )
        ),
    )


def execution_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of the adjusted budget that was spent (预算执行率).

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: from 0; above 1 where more was spent than the budget. 0 where there is no budget.
    Pending: never: 0 from the start.
    Source: 财预〔2020〕10号; that the budget is the adjusted one stands on published forms.
    """
    paid = paid_amount(facts, period, {})
    spent = paid.terms[0].value
    whole = Fraction(budget(facts, period), FEN_PER_YUAN)
    return Measured(
        value=spent / whole if whole else Fraction(0),
        terms=(
            Term("实际支出", "spent", spent),
            Term("全年预算数(调整后)", "budget after adjustment", whole),
        ),
        formula=("实际支出 ÷ 全年预算数", "spent ÷ budget after adjustment"),
        expression="a / b" if whole else "0",
        evidence=Later(lambda: (*paid.evidence, *_budget_evidence(facts, period, whole))),
    )


def budget(facts: Facts, period: Period) -> int:
    """The budget in fen: the initial one at every moment, an adjusted one from when it was adjusted."""
    found = _budget(facts, period)
    return 0 if found is None else found[1]


def _budget(facts: Facts, period: Period) -> tuple[Origin, int] | None:
    # The one recorded last holds, as in budget's own view: an adjustment carries the whole budget, backdated or not.
    return next((found for found in reversed(facts.adjustments) if period.had_happened(found[0])), facts.initial_budget)


def _budget_evidence(facts: Facts, period: Period, whole: Fraction) -> list[tuple[Origin, Fraction]]:
    found = _budget(facts, period)
    return [] if found is None else [(found[0], whole)]


def spent(facts: Facts, period: Period) -> int:
    """Payments less reversals, in fen."""
    return _paid(facts, period).fen(None, period.as_of)


def received(facts: Facts, period: Period) -> int:
    """Funds that arrived (到位资金), in fen."""
    return sum(amount for origin, amount in facts.receipts.values() if period.has(origin))


def movements(facts: Facts, period: Period) -> Iterator[tuple[Payment, Origin, int]]:
    """Every payment that counts, and every reversal of one, each by its own event, in fen."""
    for payment in facts.payments.values():
        if period.has(payment.origin):
            yield payment, payment.origin, payment.amount
            if payment.reversal is not None and period.has(payment.reversal):
                yield payment, payment.reversal, -payment.amount


class _Paid:
    """The running totals of `movements`, by line."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._payments = self._reversals = 0  # Taken up.
        self._fen: defaultdict[str, Ledger] = defaultdict(Ledger)
        self._first: dict[str, datetime] = {}  # When the earliest payment was made.

    def take_up(self, facts: Facts) -> None:
        trail, period = facts.trail, self._period
        for payment in trail.payments[self._payments :]:
            if lies_in(period, payment.origin):
                line, time = payment.line, payment.origin.time
                self._fen[line].add(time, payment.amount)
                if time < self._first.get(line, period.ends_at):
                    self._first[line] = time
        for payment in trail.reversals[self._reversals :]:
            reversal = payment.reversal
            if reversal is not None and lies_in(period, payment.origin) and lies_in(period, reversal):
                # It counts once both have happened, whichever was told to be the earlier.
                time = max(payment.origin.time, reversal.time)
                self._fen[payment.line].add(time, -payment.amount)
        self._payments, self._reversals = len(trail.payments), len(trail.reversals)

    def fen(self, line: str | None, as_of: datetime) -> int:
        """What was paid by then, less reversals; of all lines under None."""
        return sum(self._fen[each].until(as_of) for each in self._of(line))

    def is_any(self, line: str | None, as_of: datetime) -> bool:
        """Whether a payment was made by then."""
        return any(self._first[each] <= as_of for each in self._of(line))

    def _of(self, line: str | None) -> Iterable[str]:
        return self._first if line is None else (line,) if line in self._first else ()


def _paid(facts: Facts, period: Period) -> _Paid:
    return tally(facts, (_Paid, period.starts_at, period.ends_at), lambda: _Paid(period))
