"""What a library raises when a connection is reset under it is a lost connection, and a lost database is no bug."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self, cast

import httpx
import pytest
from fastapi import APIRouter
from redis.asyncio import Redis
from sqlalchemy import MetaData
from sqlalchemy.exc import DatabaseError
from structlog.testing import capture_logs

from shared.bus import Bus
from shared.events.base import GENESIS_HASH
from shared.feed import FeedReader, FeedUnreachable
from shared.log import EventLog, Head
from shared.problems import Unavailable
from shared.relay import Relay
from shared.service import Service, _kept_going
from tests.support import Issuer, settings_for

RESET = [RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")]


class Resetting:
    """A connection to Redis that is reset under every write."""

    def pipeline(self, **_: Any) -> Self:
        return self

    def xrevrange(self, *_: Any, **__: Any) -> Self:  # In a pipeline, and so not written yet.
        return self

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def fails(*_: Any, **__: Any) -> Any:
            raise RESET[0]

        return fails


class NewDatabase:
    """A database whose log has no event."""

    async def read(self, _: Any) -> Head:
        return Head(partition=0, epoch="first", seq=0, hash=GENESIS_HASH)


async def for_a_moment(work: Coroutine[Any, Any, None], until: Callable[[], Any]) -> None:
    """Run *work* until *until* holds; what it raises is raised."""
    task = asyncio.create_task(work)
    async with asyncio.timeout(20):
        while not until():
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_relay_takes_a_reset_under_a_write_for_redis_being_away() -> None:
    relay = Relay(cast(Any, NewDatabase()), EventLog("budget", cast(Any, None)), 0, b"key")

    with capture_logs() as logs:
        asyncio.run(for_a_moment(relay.run(cast(Redis, Resetting())), lambda: logs))

    assert [(entry["event"], entry["error"]) for entry in logs] == [("relay_waits", "RuntimeError")]


def test_the_bus_takes_it_for_redis_being_away(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus("redis://127.0.0.1:1")
    bus._redis, bus.is_up = cast(Redis, Resetting()), True

    with capture_logs() as logs:
        asyncio.run(for_a_moment(bus.run(lambda: None), lambda: not bus.is_up))

    assert [entry["event"] for entry in logs] == ["bus_down"]


@pytest.mark.parametrize("raised", [AttributeError("'NoneType' object has no attribute 'getpeername'"), *RESET])
def test_a_source_whose_connection_is_reset_under_the_question_is_out_of_reach(raised: Exception) -> None:
    def resets(_: httpx.Request) -> httpx.Response:
        raise raised

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(resets), base_url="http://source") as client:
            reader = FeedReader(client, lambda: "token")
            with pytest.raises(FeedUnreachable):
                await reader.head(0)
            with pytest.raises(FeedUnreachable):
                await reader.after(Head(partition=0, epoch="e", seq=0, hash=GENESIS_HASH))

    asyncio.run(ask())


def test_background_work_that_meets_a_lost_database_raises_no_alarm() -> None:
    async def reads() -> None:
        raise Unavailable("the database cannot take this now; nothing was stored")

    with capture_logs() as logs:
        asyncio.run(for_a_moment(_kept_going("ticking", reads), lambda: logs))

    assert [(entry["event"], entry["work"], "alarm" in entry) for entry in logs] == [
        ("background_work_waits", "ticking", False)
    ]


def test_a_spoilt_database_is_named_in_an_alarm_before_the_start_fails(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path / "keys")
    url = f"sqlite:///{tmp_path}/spoilt.db"
    service = Service("budget", settings_for(tmp_path, issuer.folder, database_url=url), MetaData())
    Path(str(service.database.url.database)).write_bytes(b"this was a database once" * 100)

    async def start() -> None:
        with pytest.raises(DatabaseError, match="not a database"):
            await service._open()

    with capture_logs() as logs:
        asyncio.run(start())

    assert [(entry["event"], entry["alarm"]) for entry in logs if entry.get("alarm")] == [
        ("database_cannot_be_opened", True)
    ]


def test_a_service_ends_though_a_library_swallows_that_it_shall(tmp_path: Path) -> None:
    swallowed: list[bool] = []
    begun = asyncio.Event()

    async def deaf() -> None:
        begun.set()
        while len(swallowed) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(True)

    async def scenario() -> None:
        issuer = Issuer(tmp_path / "keys")
        service = Service("budget", settings_for(tmp_path, issuer.folder), MetaData())
        service.in_background(deaf)
        app = service.app(APIRouter(), title="small", description="")
        async with asyncio.timeout(60), app.router.lifespan_context(app):
            await begun.wait()

    asyncio.run(scenario())

    assert swallowed == [True, True]
