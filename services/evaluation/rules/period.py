"""The window a project is measured in, seen from a moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TypeAlias

from services.evaluation.facts import Facts, Origin
from services.evaluation.model import Plan
from shared.dates import end_of, start_of, zone

Span: TypeAlias = tuple[datetime, datetime]


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


def without(spans: Iterable[Span], excused: Iterable[Span]) -> list[Span]:
    """What is left of *spans* outside *excused*."""
    left = union(spans)
    for start, end in union(excused):
        left = [piece for a, b in left for piece in ((a, min(b, start)), (max(a, end), b)) if piece[0] < piece[1]]
    return left


def clip(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The parts of *spans* inside [*start*, *end*)."""
    return union((max(a, start), min(b, end)) for a, b in spans)


def seconds(spans: Iterable[Span]) -> Fraction:
    """The length of *spans* together, exact to the microsecond."""
    return sum((_length(start, end) for start, end in spans), Fraction(0))


def hours(start: datetime, end: datetime) -> Fraction:
    """The hours from *start* to *end*, never below 0."""
    return max(Fraction(0), _length(start, end) / 3600)


def _length(start: datetime, end: datetime) -> Fraction:
    delta = end - start
    return Fraction(delta.days * 86_400 + delta.seconds) + Fraction(delta.microseconds, 1_000_000)
