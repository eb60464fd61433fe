"""
Units of requests on their way to the writer.

The writer and the event loop take turns at the interpreter, and whoever wants it while the other one computes waits
half a millisecond, at each statement. So requests that come together are written together: while the loop still brings
units, and while the ones before are written, those that have come are held back. Then the loop rests while they are
written, and the writer while requests are read.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

QUIET_TURNS: Final = 2  # Of the loop, that have brought nothing more. In the first, answers may just have been given.
HELD_SECONDS: Final = 0.02  # At most, once the writer is free; then what has come goes, however busy the loop is.


class Awaited(Protocol):
    """What somebody on an event loop waits for."""

    @property
    def done(self) -> "asyncio.Future[Any] | Any": ...


T = TypeVar("T", bound=Awaited)


class Arrivals(Generic[T]):
    """Those of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int, hand_on: Callable[[T], None]) -> None:
        """
        Nothing has come yet.

        Args:
            loop: The loop on which all of this is called.
            most: How many are held back at most.
            hand_on: Gives one to the writer.
        """
        self.loop = loop
        self._now = loop.time
        self._most = most
        self._hand_on = hand_on
        self._come: deque[T] = deque()
        self._is_waiting = False  # For quiet turns, or for the writer.

    def add(self, unit: T) -> None:
        """Hold *unit* back until those that come with it are here."""
        self._come.append(unit)
        if not self._is_waiting:
            self._is_waiting = True
            self._begin()

    def _begin(self) -> None:
        self._turn(0, 0, self._now() + HELD_SECONDS)

    def _turn(self, before: int, quiet: int, until: float) -> None:
        come = len(self._come)
        quiet = quiet + 1 if come == before else 0
        if quiet < QUIET_TURNS and come < self._most and self._now() < until:
            self.loop.call_soon(self._turn, come, quiet, until)
        else:
            self._go()

    def _go(self) -> None:
        last: T | None = None
        while self._come:
            last = self._come.popleft()
            self._hand_on(last)
        if last is None:
            self._is_waiting = False
        else:
            last.done.add_done_callback(lambda _: self._begin())
