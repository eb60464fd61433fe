"""What the pages of FastStream and SQLModel lead to: one handler, one session and one commit for each message."""

import asyncio
import sys
import time
from typing import Any

import msgspec
import redis
import sqlalchemy as sa
import uvloop
from faststream.redis import RedisBroker, StreamSub
from sqlmodel import Field, Session, SQLModel, create_engine, select

STREAM = "naive"
PATIENCE_SECONDS = 600.0


class Seen(SQLModel, table=True):
    """What was handled, so that a second delivery is known."""

    id: str = Field(primary_key=True)


class Standing(SQLModel, table=True):
    """What is known of a project."""

    project: str = Field(primary_key=True)
    paid: int = 0
    faults: int = 0


async def consume(url: str, database: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Send *events* as FastStream does and handle them; what came of them, and what handling them cost."""
    engine = create_engine(f"sqlite:///{database}")
    sa.event.listen(engine, "connect", _durable)
    SQLModel.metadata.create_all(engine)
    broker = RedisBroker(url, logger=None)
    handled, finished = 0, asyncio.Event()

    @broker.subscriber(stream=StreamSub(STREAM, group="naive", consumer="one"))
    async def handle(event: dict[str, Any]) -> None:
        nonlocal handled
        with Session(engine) as session:
            session.add(Seen(id=event["id"]))
            standing = session.get(Standing, event["subject"]) or Standing(project=event["subject"])
            _fold(standing, event)
            session.add(standing)
            session.commit()
        handled += 1
        if handled == len(events):
            finished.set()

    await broker.connect()
    for event in events:
        await broker.publish(event, stream=STREAM)
    with redis.Redis.from_url(url) as server:  # FastStream begins a new group at the stream's end.
        server.xgroup_create(STREAM, "naive", "0")
    since, cpu = time.monotonic(), time.process_time()
    await broker.start()
    await asyncio.wait_for(finished.wait(), PATIENCE_SECONDS)
    outcome: dict[str, Any] = {"seconds": time.monotonic() - since, "cpu": time.process_time() - cpu}
    await broker.stop()
    with Session(engine) as session:
        outcome["paid"] = {each.project: each.paid for each in session.exec(select(Standing)) if each.paid}
    return outcome


def _durable(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _fold(standing: Standing, event: dict[str, Any]) -> None:
    data = event["data"]
    if event["type"] == "payment.made.v1":
        standing.paid += round(float(data["amount"]) * 100)
    elif event["type"] == "fault.opened.v1":
        standing.faults += 1


if __name__ == "__main__":
    events = [msgspec.json.decode(line) for line in sys.stdin.buffer]
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(consume(sys.argv[1], sys.argv[2], events))))
