"""
Running totals: what is asked with each score must not cost the whole past of a project each time.

A tally belongs to one window of one project's facts. It takes up what was folded since it was last asked, so that each
fact costs once, and answers for any moment. It says what going through all facts would say; a test holds it to that.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable
from datetime import datetime
from itertools import accumulate
from operator import add, itemgetter
from typing import Final, Protocol, TypeVar, cast

from services.evaluation.facts import Facts, Origin
from services.evaluation.rules.period import Period, microseconds

TALLIES_MAX: Final = 256  # Of one project: its plan's, and those of other windows that somebody asked for.
FEW: Final = 32  # Amounts that are put in their places one by one.

T = TypeVar("T", bound="Tally")


class Tally(Protocol):
    """What takes up facts."""

    def take_up(self, facts: Facts) -> None:
        """Count what was folded since the last time."""
        ...


class Ledger:
    """Amounts at moments, combined up to any moment: summed, if nothing else is said."""

    def __init__(self, combine: Callable[[int, int], int] = add) -> None:
        """*combine* is given what came before and the next amount in the order of moments; of one moment, as added."""
        self._combine = combine
        self._times: list[datetime] = []
        self._amounts: list[int] = []
        self._combined: list[int] = []
        self._new: list[tuple[datetime, int]] = []

    def add(self, time: datetime, amount: int) -> None:
        """Let *amount* count from *time* on."""
        self._new.append((time, amount))

    def until(self, moment: datetime) -> int:
        """All amounts up to *moment*, itself included; 0 if there are none."""
        place = self.count(moment)
        return self._combined[place - 1] if place else 0

    def count(self, moment: datetime) -> int:
        """How many amounts there are up to *moment*, itself included."""
        if self._new:
            self._settle()
        return bisect_right(self._times, moment)

    def _settle(self) -> None:
        new, self._new = self._new, []
        if len(new) > FEW:
            rows = sorted([*zip(self._times, self._amounts, strict=True), *new], key=itemgetter(0))
            self._times, self._amounts = [time for time, _ in rows], [amount for _, amount in rows]
            self._combined = list(accumulate(self._amounts, self._combine))
            return
        for time, amount in new:  # Mostly at the end, or near it.
            place = bisect_right(self._times, time)
            self._times.insert(place, time)
            self._amounts.insert(place, amount)
            first = self._combine(self._combined[place - 1], amount) if place else amount
            self._combined[place:] = accumulate(self._amounts[place + 1 :], self._combine, initial=first)


class Covered:
    """Time that spans cover together, and how much of it lies up to any moment; in microseconds."""

    def __init__(self) -> None:
        self._starts: list[datetime] = []  # Of the spans merged, in order; they do not touch.
        self._ends: list[datetime] = []
        self._sums: list[int] = []

    def add(self, start: datetime, end: datetime) -> None:
        """Cover [*start*, *end*) too, which is not empty."""
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if first < last:  # It touches these.
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = [start], [end]
        before = self._sums[first - 1] if first else 0
        lengths = map(microseconds, self._starts[first:], self._ends[first:])
        self._sums[first:] = [before + length for length in accumulate(lengths)]

    def until(self, moment: datetime) -> int:
        """How much is covered before *moment*."""
        place = bisect_right(self._starts, moment)
        return self._sums[place - 1] - max(0, microseconds(moment, self._ends[place - 1])) if place else 0


def tally(facts: Facts, key: Hashable, make: Callable[[], T]) -> T:
    """The tally of *facts* under *key*, made by *make* if there is none, with everything taken up."""
    kept = facts.trail.tallies
    found = kept.get(key)
    if found is None:
        if len(kept) >= TALLIES_MAX:
            kept.clear()
        found = kept[key] = make()
    made = cast(T, found)
    made.take_up(facts)
    return made


def lies_in(period: Period, origin: Origin) -> bool:
    """Whether a fact lies in the window, whenever one looks."""
    return period.starts_at <= origin.time < period.ends_at
