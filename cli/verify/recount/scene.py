"""A project's events as seen from a moment, and the window that decides which of them count."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from heapq import merge
from typing import Final
from zoneinfo import ZoneInfo

from cli.verify.events import Told

ZONE_DEFAULT: Final = "Asia/Shanghai"
ONE: Final = Fraction(1)
_TICK: Final = timedelta(microseconds=1)
_HOUR_TICKS: Final = 3_600_000_000


class Scene:
    """
    What had happened to a project by *as_of*.

    A fact counts from the first day of the window to the last, both included, in the project's zone; some count
    whenever given. The order is that of each source's log.
    """

    def __init__(self, events: Sequence[Told], *, first: date, last: date, as_of: datetime) -> None:
        self._events = events
        self._places: dict[str, list[int]] = {}
        for place, event in enumerate(events):
            self._places.setdefault(event.type, []).append(place)
        self.zone = ZoneInfo(_zone(events))
        self.first = first
        self.last = last
        self.as_of = as_of.astimezone(UTC)
        self.start = self.midnight(first)
        self.end = self.midnight(last + timedelta(days=1))  # The first moment that is outside.

    @property
    def is_over(self) -> bool:
        """Whether the window is over; its last microsecond is what a bare day means."""
        return self.as_of + _TICK >= self.end

    @property
    def until(self) -> datetime:
        """Where the clocks of what is open end."""
        return self.end if self.is_over else self.as_of

    @property
    def elapsed(self) -> Fraction:
        """The share of the window that has passed, 0 to 1."""
        return min(Fraction(max(self.as_of - self.start, timedelta(0)) // _TICK, (self.end - self.start) // _TICK), ONE)

    @property
    def last_day_over(self) -> date:
        """The last day that is over at *as_of*."""
        return (self.as_of + _TICK).astimezone(self.zone).date() - timedelta(days=1)

    def midnight(self, day: date) -> datetime:
        """The moment at which *day* begins where the project is."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day(self, moment: datetime) -> date:
        """The day of *moment* where the project is."""
        return moment.astimezone(self.zone).date()

    def known(self, *types: str) -> Iterator[Told]:
        """Every event of *types*, whenever it happened: what others refer to."""
        return (self._events[place] for place in merge(*(self._places.get(name, ()) for name in types)))

    def happened(self, *types: str) -> Iterator[Told]:
        """Events that count whenever given, if they had been given."""
        return (event for event in self.known(*types) if event.time <= self.as_of)

    def changed(self, *types: str) -> Iterator[Told]:
        """Changes to what was there before: they count if made before the window ends."""
        return (event for event in self.happened(*types) if event.time < self.end)

    def counting(self, *types: str) -> Iterator[Told]:
        """Facts of the window."""
        return (event for event in self.changed(*types) if event.time >= self.start)


def hours(start: datetime, end: datetime) -> Fraction:
    """The hours between two moments, none if they are in the wrong order."""
    return max(Fraction((end - start) // _TICK, _HOUR_TICKS), Fraction(0))


def ratio(part: Fraction | int, whole: Fraction | int) -> Fraction | None:
    """*part* of *whole*; nothing where there is no whole."""
    return Fraction(part) / Fraction(whole) if whole else None


def latest(events: Iterable[Told]) -> Told | None:
    """The event that happened last; of two at one moment the one recorded later."""
    return max(events, key=lambda event: (event.time, event.seq), default=None)


def _zone(events: Iterable[Told]) -> str:
    zones = [event.says["time_zone"] for event in events if event.type == "project.declared"]
    return str(zones[-1]) if zones else ZONE_DEFAULT
