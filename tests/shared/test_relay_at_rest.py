"""A relay at rest asks the database for nothing that it knows, and believes nothing for long."""

import asyncio
from collections.abc import Callable
from typing import Any, Self, cast

from redis.asyncio import Redis

from shared.events.base import GENESIS_HASH
from shared.log import EventLog, Head
from shared.relay import BACKSTOP_SECONDS, Relay


class CountingDatabase:
    """Knows the head of a log without events, and how often it was asked."""

    def __init__(self) -> None:
        self.reads = 0
        self.during: Callable[[], None] = lambda: None

    async def read(self, _: Any) -> Head:
        self.reads += 1
        self.during()
        return Head(partition=0, epoch="first", seq=0, hash=GENESIS_HASH)


class EmptyRedis:
    """Takes every heartbeat, and has no stream."""

    def pipeline(self, **_: Any) -> Self:
        return self

    def xadd(self, *_: Any, **__: Any) -> None:
        pass

    def xrevrange(self, *_: Any, **__: Any) -> None:
        pass

    async def execute(self, **_: Any) -> list[Any]:
        return [b"1-0", []]


def reads_of(database: CountingDatabase, relay: Relay, *between: Callable[[], Any]) -> int:
    """How often the log is asked in two looks, with *between* done after the first."""

    async def story() -> None:
        await relay._last_on_stream(cast(Redis, EmptyRedis()), is_quiet=True)
        relay._wake.clear()
        for step in between:
            step()
        await relay._last_on_stream(cast(Redis, EmptyRedis()), is_quiet=True)

    asyncio.run(story())
    return database.reads


def a_relay(database: CountingDatabase) -> Relay:
    return Relay(cast(Any, database), EventLog("budget", cast(Any, None)), 0, b"key")


def test_where_the_log_ends_is_not_asked_again_while_nothing_is_committed() -> None:
    database = CountingDatabase()

    assert reads_of(database, a_relay(database)) == 1


def test_it_is_asked_again_after_a_commit() -> None:
    database = CountingDatabase()
    relay = a_relay(database)

    assert reads_of(database, relay, relay.wake) == 2


def test_it_is_asked_again_after_a_commit_that_came_while_it_was_asked() -> None:
    database = CountingDatabase()
    relay = a_relay(database)
    database.during = relay.wake

    assert reads_of(database, relay) == 2


def test_it_is_asked_again_after_a_while_since_a_server_may_have_lost_commits() -> None:
    database = CountingDatabase()
    relay = a_relay(database)

    def later() -> None:
        relay._end_read_at -= BACKSTOP_SECONDS

    assert reads_of(database, relay, later) == 2
