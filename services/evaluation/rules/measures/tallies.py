"""
Running totals: what is asked with each score must not cost the whole past of a project each time.

A tally belongs to one window of one project's facts. It takes up what was folded since it was last asked, so that each
fact costs once, and answers for any moment. It says what going through all facts would say; a test holds it to that.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable
from datetime import datetime
from itertools import accumulate
from typing import Final, Protocol, TypeVar, cast

from services.evaluation.facts import Facts, Origin
from services.evaluation.rules.period import Period

TALLIES_MAX: Final = 32  # Of one project: its plan's, and those of a few other windows that somebody asked for.
FEW: Final = 32  # Amounts that are put in their places one by one.

T = TypeVar("T", bound="Tally")


class Tally(Protocol):
    """What takes up facts."""

    def take_up(self, facts: Facts) -> None:
        """Count what was folded since the last time."""
        ...


class Ledger:
    """Amounts at moments, summed up to any moment."""

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._amounts: list[int] = []
        self._sums: list[int] = []
        self._new: list[tuple[datetime, int]] = []

    def add(self, time: datetime, amount: int) -> None:
        """Let *amount* count from *time* on."""
        self._new.append((time, amount))

    def until(self, moment: datetime) -> int:
        """The sum of all amounts up to *moment*, itself included."""
        if self._new:
            self._settle()
        place = bisect_right(self._times, moment)
        return self._sums[place - 1] if place else 0

    def _settle(self) -> None:
        new, self._new = self._new, []
        if len(new) > FEW:
            rows = sorted([*zip(self._times, self._amounts, strict=True), *new])
            self._times, self._amounts = [time for time, _ in rows], [amount for _, amount in rows]
            self._sums = list(accumulate(self._amounts))
            return
        for time, amount in new:  # Mostly at the end, or near it.
            place = bisect_right(self._times, time)
            self._times.insert(place, time)
            self._amounts.insert(place, amount)
            before = self._sums[place - 1] if place else 0
            self._sums[place:] = accumulate(self._amounts[place + 1 :], initial=before + amount)


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
