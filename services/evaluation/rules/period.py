"""The window a project is measured in, seen from a moment."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final, TypeAlias

from services.evaluation.facts import Facts, Origin
from services.evaluation.model import Plan
from shared.dates import end_of, start_of, zone

Span: TypeAlias = tuple[datetime, datetime]
_MICROSECOND: Final = timedelta(microseconds=1)
PER_SECOND: Final = 1_000_000  # Microseconds.
PER_HOUR: Final = 3600 * PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """
    A plan's window [*starts_at*, *ends_at*) as seen at *as_of*.

    Facts count if they lie in the window and had happened by *as_of*; clocks run until *until*. Moments are in UTC:
    in one zone with summer time the difference of two would be that of the wall clock.
    """

    first_day: date
    last_day: date
    starts_at: datetime
    ends_at: datetime
    as_of: datetime
    time_zone: str

    @classmethod
    def of(cls, plan: Plan, facts: Facts, as_of: datetime) -> "Period":
        return cls(
            first_day=plan.starts_on,
            last_day=plan.ends_on,
            starts_at=start_of(plan.starts_on, facts.time_zone).astimezone(UTC),
            ends_at=end_of(plan.ends_on, facts.time_zone).astimezone(UTC),
            as_of=as_of.astimezone(UTC),
            time_zone=facts.time_zone,
        )

    @property
    def whole(self) -> "Period":
        """The same window as seen from its end."""
        return replace(self, as_of=self.ends_at)

    @property
    def elapsed(self) -> Fraction:
        """The share of the window that has passed, 0 to 1."""
        whole = microseconds(self.starts_at, self.ends_at)
        passed = microseconds(self.starts_at, min(max(self.as_of, self.starts_at), self.ends_at))
        return Fraction(passed, whole)

    @property
    def is_over(self) -> bool:
        """Whether the last day is over: its last microsecond is what a bare date means."""
        return self.as_of >= self.ends_at - datetime.resolution

    @property
    def last_day_over(self) -> date:
        """The last day that is over, in the project's zone."""
        today = self.as_of.astimezone(zone(self.time_zone)).date()
        is_over = self.as_of >= end_of(today, self.time_zone) - datetime.resolution
        return today if is_over else today - timedelta(days=1)

    @property
    def until(self) -> datetime:
        """Where clocks end: now, or the end of the window."""
        return self.ends_at if self.is_over else self.as_of

    def has(self, origin: Origin) -> bool:
        """Whether a fact counts."""
        return self.starts_at <= origin.time < self.ends_at and origin.time <= self.as_of

    def has_changed(self, origin: Origin) -> bool:
        """Whether a change to something older counts: made before the window or in it, not after it."""
        return origin.time < self.ends_at and origin.time <= self.as_of

    def had_happened(self, origin: Origin) -> bool:
        """Whether a fact that counts whenever given had been given."""
        return origin.time <= self.as_of


def union(spans: Iterable[Span]) -> list[Span]:
    """*spans* merged where they touch or overlap, in order; empty ones are left out."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def without(spans: Iterable[Span], excused: Sequence[Span]) -> list[Span]:
    """What is left of *spans* outside *excused*, which is merged already: it is long, and asked for fault by fault."""
    left: list[Span] = []
    for start, end in union(spans):
        since = start
        for index in range(bisect_right(excused, start, key=_end), len(excused)):
            gap_start, gap_end = excused[index]
            if gap_start >= end:
                break
            if since < gap_start:
                left.append((since, gap_start))
            since = gap_end
        if since < end:
            left.append((since, end))
    return left


def clip(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The parts of *spans* inside [*start*, *end*)."""
    return union((max(a, start), min(b, end)) for a, b in spans)


def microseconds(start: datetime, end: datetime) -> int:
    """The microseconds from *start* to *end*; below 0 if it is before."""
    return (end - start) // _MICROSECOND


def seconds(spans: Iterable[Span]) -> Fraction:
    """The length of *spans* together, exact to the microsecond."""
    return Fraction(sum(microseconds(start, end) for start, end in spans), PER_SECOND)


def hours(start: datetime, end: datetime) -> Fraction:
    """The hours from *start* to *end*, never below 0."""
    return Fraction(max(0, microseconds(start, end)), PER_HOUR)


def _end(span: Span) -> datetime:
    return span[1]
