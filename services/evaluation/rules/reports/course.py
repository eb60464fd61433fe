"""A year month by month: execution, score, money and faults as charts and tables show them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

from services.evaluation.facts import Facts
from services.evaluation.model import Score
from services.evaluation.rules.measures import MEASURES, money
from services.evaluation.rules.period import Period
from shared.dates import end_of, zone

MONTHS_MAX: Final = 36  # Of a longer window the last three years are shown.


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """
    One month of the window, as of its end.

    Attributes:
        name: As in 2018-07.
        received: In the month, fen.
        spent: In the month, fen: payments less reversals.
        to_date: Spent from the window's start to the month's end, fen.
        score: The whole score as of its end.
        response: The longest response to a fault of the month, in hours as far as known now; None without one.
    """

    name: str
    received: int
    spent: int
    to_date: int
    score: Score
    response: Fraction | None


def months(facts: Facts, period: Period, score_at: Callable[[datetime], Score]) -> list[Month]:
    """The months of the window that have begun, oldest first; the last one as it stands."""
    found = []
    received_before = spent_before = 0
    for first, end in _ends(period):
        score = score_at(end)
        execution = score.execution
        found.append(
            Month(
                name=f"{first:%Y-%m}",
                received=execution.received - received_before,
                spent=execution.spent - spent_before,
                to_date=execution.spent,
                score=score,
                response=_longest(facts, period, first),
            )
        )
        received_before, spent_before = execution.received, execution.spent
    return found[-MONTHS_MAX:]


def month_of(moment: datetime, time_zone: str) -> str:
    """The month of *moment*, as in 2018-07."""
    return f"{moment.astimezone(zone(time_zone)):%Y-%m}"


def _ends(period: Period) -> list[tuple[date, datetime]]:
    """The first day of each month that has begun, and the moment it is seen from."""
    last = min(period.as_of, period.ends_at - datetime.resolution)
    first, found = period.first_day.replace(day=1), []
    while first <= last.astimezone(zone(period.time_zone)).date():
        after = (first + timedelta(days=32)).replace(day=1)
        end = end_of(after - timedelta(days=1), period.time_zone) - datetime.resolution
        found.append((first, min(end, last)))
        first = after
    return found


def _longest(facts: Facts, period: Period, first: date) -> Fraction | None:
    name = f"{first:%Y-%m}"
    own = {
        fault: each
        for fault, each in facts.faults.items()
        if period.has(each.origin) and month_of(each.origin.time, period.time_zone) == name
    }
    return MEASURES["response_hours"].find(Facts(faults=own), period, {}).value if own else None


def spent_by_line(facts: Facts, period: Period) -> dict[str, int]:
    """Payments less reversals by budget line, fen."""
    found: dict[str, int] = {}
    for payment, _, amount in money.movements(facts, period):
        found[payment.line] = found.get(payment.line, 0) + amount
    return found
