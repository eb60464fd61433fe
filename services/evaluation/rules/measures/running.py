"""
Running figures of a window's faults: each fault is looked at again when a step of it is told, and only then.

They see the window from its end, so they hold for every moment that is not before the last one they know of. What is
asked of an earlier one goes through all faults once more, as it was then.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import chain
from typing import TypeVar

from services.evaluation.facts import Facts, Fault, Maintenance
from services.evaluation.rules.measures.steps import is_resolved, outages
from services.evaluation.rules.measures.tallies import Covered, tally
from services.evaluation.rules.period import PER_SECOND, Period, Span, microseconds, union, without

T = TypeVar("T", bound="Running")
Ended = Callable[[Fault, Period], datetime | None]


class Running(ABC):
    """What is kept of the faults that a period sees."""

    def __init__(self, seen: Period) -> None:
        self._seen = seen
        self._taken = 0
        self.latest = datetime.min.replace(tzinfo=UTC)  # Of what counts.

    def take_up(self, facts: Facts) -> None:
        """Look at the faults that something was told of since the last time."""
        touched = {id(fault): fault for fault in facts.trail.faults[self._taken :]}
        self._taken = len(facts.trail.faults)
        for fault in touched.values():
            if self._seen.has(fault.origin):
                times = (origin.time for _, origin in fault.steps if self._seen.has(origin))
                self.latest = max(self.latest, fault.origin.time, *times)
                self.look_at(fault)

    @abstractmethod
    def look_at(self, fault: Fault) -> None:
        """Keep what *fault* is now, in place of what it was."""


def running(facts: Facts, period: Period, kind: Callable[..., T], *asked: object) -> T:
    """The running figures of a *kind*, made with what is *asked*, as they stand at *period*'s moment."""
    kept = tally(facts, (kind, period.starts_at, period.ends_at, *asked), lambda: kind(period.whole, *asked))
    if period.as_of >= kept.latest:
        return kept
    then = kind(period, *asked)
    then.take_up(facts)
    return then


class Resolved(Running):
    """How many faults were opened, and how many of them are resolved."""

    def __init__(self, seen: Period) -> None:
        super().__init__(seen)
        self._states: dict[int, bool] = {}
        self.resolved = 0

    @property
    def opened(self) -> int:
        return len(self._states)

    def look_at(self, fault: Fault) -> None:
        before, now = self._states.get(id(fault), False), is_resolved(fault, self._seen)
        self._states[id(fault)] = now
        self.resolved += now - before


class Waits(Running):
    """How long it took from each fault to its end, whatever that is; in microseconds."""

    def __init__(self, seen: Period, ended: Ended) -> None:
        super().__init__(seen)
        self._ended = ended
        self._over: dict[int, int] = {}
        self._lengths: list[int] = []  # Of those that are over, in order.
        self._sum = 0
        self._open: dict[int, Fault] = {}

    def look_at(self, fault: Fault) -> None:
        key = id(fault)
        self._open.pop(key, None)
        before = self._over.pop(key, None)
        if before is not None:
            del self._lengths[bisect_left(self._lengths, before)]
            self._sum -= before
        end = self._ended(fault, self._seen)
        if end is None:
            self._open[key] = fault
            return
        length = self._over[key] = max(0, microseconds(fault.origin.time, end))
        insort(self._lengths, length)
        self._sum += length

    def lengths(self, until: datetime) -> Sequence[int]:
        """All of them in order; what is not over counts to *until*."""
        if not self._open:
            return self._lengths
        found = self._lengths.copy()
        for fault in self._open.values():
            insort(found, max(0, microseconds(fault.origin.time, until)))
        return found

    def mean(self, until: datetime) -> Fraction:
        """Their mean; there must be one."""
        still = sum(max(0, microseconds(fault.origin.time, until)) for fault in self._open.values())
        return Fraction(self._sum + still, len(self._lengths) + len(self._open))


class Downtime(Running):
    """The time in which at least one fault with `service_down` was open, of one asset or of all."""

    def __init__(self, seen: Period, asset: str | None) -> None:
        super().__init__(seen)
        self._asset = asset
        self._windows = 0  # Of maintenance, taken up.
        self._excused: Mapping[str | None, list[Span]] = {None: []}
        self._begin()

    def _begin(self) -> None:
        self._taken = 0
        self._covered = Covered()
        self._open: dict[int, tuple[datetime, str | None]] = {}  # Since when, and of which asset.

    def take_up(self, facts: Facts) -> None:
        if len(facts.maintenance) != self._windows:  # It may excuse what is counted.
            self._windows = len(facts.maintenance)
            self._excused = excused(facts, self._seen)
            self._begin()
            for window in facts.maintenance:
                if self._seen.has_changed(window.origin):
                    self.latest = max(self.latest, window.origin.time)
        super().take_up(facts)

    def look_at(self, fault: Fault) -> None:
        if not is_outage(fault, self._asset):
            return
        closed, since = outages(fault, self._seen)
        for span in self._counted(closed, fault.asset):  # Some are covered already.
            self._covered.add(*span)
        self._open.pop(id(fault), None)
        if since is not None:
            self._open[id(fault)] = since, fault.asset

    def _counted(self, spans: Sequence[Span], asset: str | None) -> list[Span]:
        return without(spans, self._excused.get(asset, self._excused[None]))

    def seconds(self, until: datetime) -> Fraction:
        """How long it was down; what is open is so to *until*."""
        still = union(
            chain.from_iterable(self._counted([(since, until)], asset) for since, asset in self._open.values())
        )
        more = sum(
            microseconds(start, end) - self._covered.until(end) + self._covered.until(start) for start, end in still
        )
        return Fraction(self._covered.until(until) + more, PER_SECOND)


def is_outage(fault: Fault, asset: str | None) -> bool:
    """Whether *fault* put the service down that is asked for: of *asset*, or of all."""
    return fault.is_service_down and asset in (None, fault.asset)


def announced(facts: Facts, period: Period) -> Iterator[Maintenance]:
    """The windows that touch *period*."""
    return (
        window
        for window in facts.maintenance
        if window.starts_at < period.until and window.ends_at > period.starts_at and period.has_changed(window.origin)
    )


def excused(facts: Facts, period: Period) -> dict[str | None, list[Span]]:
    """What is announced, merged: under an asset its windows and the project's, under None these alone."""
    found: dict[str | None, list[Span]] = {None: []}
    for window in announced(facts, period):
        found.setdefault(window.asset, []).append((window.starts_at, window.ends_at))
    return {asset: union((*found[None], *spans)) for asset, spans in found.items()}
