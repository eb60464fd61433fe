"""Requests that come together are written together, and nobody waits for who does not come."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shared.arrivals import HELD_SECONDS, QUIET_TURNS, Arrivals


@dataclass
class Unit:
    name: str
    done: "asyncio.Future[None]"


class Writer:
    """Takes what is handed on; says that it is done when told to."""

    def __init__(self, most: int = 100) -> None:
        self.loop = asyncio.get_running_loop()
        self.groups: list[list[Unit]] = [[]]
        self.arrivals: Arrivals[Any] = Arrivals(self.loop, most, self._take)

    def _take(self, unit: Unit) -> None:
        self.groups[-1].append(unit)

    def add(self, *names: str) -> None:
        for name in names:
            self.arrivals.add(Unit(name, self.loop.create_future()))

    def finish(self) -> None:
        for unit in self.groups[-1]:
            unit.done.set_result(None)
        self.groups.append([])

    @property
    def names(self) -> list[str]:
        """What has been handed on, group by group."""
        return ["".join(unit.name for unit in group) for group in self.groups]


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


ENOUGH = QUIET_TURNS + 2


def told(story: Callable[[], Awaitable[list[str]]]) -> list[str]:
    return asyncio.run(story())  # type: ignore[arg-type]


def test_a_request_alone_goes_after_some_turns_of_the_loop() -> None:
    async def story() -> list[str]:
        writer = Writer()
        writer.add("a")
        at_once = writer.names
        await turns(ENOUGH)
        return at_once + writer.names

    assert told(story) == ["", "a"]


def test_what_turn_after_turn_of_the_loop_brings_goes_together() -> None:
    async def story() -> list[str]:
        writer = Writer()
        for name in "abcdef":
            writer.add(name)
            await turns(1)
        await turns(ENOUGH)
        return writer.names

    assert told(story) == ["abcdef"]


def test_what_comes_while_others_are_written_goes_with_what_follows_their_answers() -> None:
    async def story() -> list[str]:
        writer = Writer()
        writer.add("a", "b")
        await turns(ENOUGH)
        writer.add("c")
        await turns(20)
        writer.finish()
        await turns(1)
        writer.add("d")
        await turns(ENOUGH)
        return writer.names

    assert told(story) == ["ab", "cd"]


def test_who_comes_after_all_others_were_answered_goes_as_the_first_did() -> None:
    async def story() -> list[str]:
        writer = Writer()
        for name in "ab":
            writer.add(name)
            await turns(ENOUGH)
            writer.finish()
            await turns(2 * ENOUGH)
        return writer.names

    assert told(story) == ["a", "b", ""]


def test_a_request_that_is_given_up_holds_nobody_back() -> None:
    async def story() -> list[str]:
        writer = Writer()
        writer.add("a")
        await turns(ENOUGH)
        writer.groups[-1][0].done.cancel()
        writer.add("b")
        await turns(2 * ENOUGH)
        return writer.names

    assert told(story) == ["ab"]


def test_as_many_as_one_commit_takes_are_not_held_back() -> None:
    async def story() -> list[str]:
        writer = Writer(most=3)
        writer.add("a")
        await turns(1)
        writer.add("b", "c", "d")
        await turns(1)
        return writer.names

    assert told(story) == ["abcd"]


def test_however_busy_the_loop_is_what_has_come_goes_after_a_while() -> None:
    async def story() -> list[str]:
        writer = Writer()
        clock = [0.0]
        writer.arrivals._now = lambda: clock[0]
        writer.add("a")
        for name in "bc":
            writer.add(name)
            await turns(1)
        clock[0] = HELD_SECONDS
        writer.add("d")
        await turns(1)
        return writer.names

    assert told(story) == ["abcd"]
