"""R1: the log is gapless, chained, in commit order, and exactly what was committed."""

import asyncio
import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session

from shared.events.base import GENESIS_HASH
from shared.log import EventLog, Trace, event_log, partition_of
from tests.shared.mechanism import NOW, Source, funds, open_databases

pytestmark = pytest.mark.usefixtures("either_store")


class RefusedError(Exception):
    """A unit of work that is refused after it has appended."""


async def events_of(source: Source) -> list[dict[str, object]]:
    rows = await source.database.read(lambda session: source.log.after(session, 0, 0, 10_000))
    return [json.loads(raw) for _, raw in rows]


def append(source: Source, receipt: str, *, refuse: bool = False):
    def work(session: Session) -> None:
        source.log.append(session, funds(receipt), time=NOW, trace=Trace(correlation_id="c"))
        if refuse:
            raise RefusedError

    return work


@settings(max_examples=30, deadline=None)
@given(refusals=st.lists(st.booleans(), max_size=30))
def test_refused_work_leaves_no_hole_whatever_shares_its_commit(refusals: list[bool]) -> None:
    async def scenario() -> list[dict[str, object]]:
        with TemporaryDirectory() as folder:
            source = Source(Path(folder))
            async with open_databases(source.database):
                await source.database.write(source.log.create)
                works = [append(source, f"r{i}", refuse=refuse) for i, refuse in enumerate(refusals)]
                await asyncio.gather(*(source.database.write(work) for work in works), return_exceptions=True)
                return await events_of(source)

    events = asyncio.run(scenario())

    assert [int(str(event["sequence"])) for event in events] == list(range(1, refusals.count(False) + 1))
    kept = [f"r{i}" for i, refuse in enumerate(refusals) if not refuse]
    assert [event["data"]["receipt"] for event in events] == kept  # type: ignore[index]


def test_each_event_names_the_sha256_of_the_bytes_before_it(tmp_path: Path) -> None:
    async def scenario() -> list[bytes]:
        source = Source(tmp_path)
        async with open_databases(source.database):
            await source.database.write(source.log.create)
            await source.append(5)
            rows = await source.database.read(lambda session: source.log.after(session, 0, 0, 100))
            return [raw for _, raw in rows]

    raws = asyncio.run(scenario())

    named = [json.loads(raw)["prevhash"] for raw in raws]
    assert named == [GENESIS_HASH, *(hashlib.sha256(raw).hexdigest() for raw in raws[:-1])]


def test_a_log_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    async def scenario() -> tuple[list[dict[str, object]], int]:
        for _ in range(2):
            source = Source(tmp_path)
            async with open_databases(source.database):
                await source.database.write(source.log.create)
                await source.append(3)
                events = await events_of(source)
        return events, len({str(event["epoch"]) for event in events})

    events, epochs = asyncio.run(scenario())

    assert [int(str(event["sequence"])) for event in events] == [1, 2, 3, 4, 5, 6]
    assert epochs == 1


def test_the_head_names_the_last_event(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, str, int, str]:
        source = Source(tmp_path)
        async with open_databases(source.database):
            await source.database.write(source.log.create)
            await source.append(4)
            head = await source.database.read(lambda session: source.log.head(session, 0))
            last = await source.database.read(
                lambda session: session.execute(select(event_log).order_by(event_log.c.seq.desc())).first()
            )
            return head.seq, head.hash, last.seq, last.hash

    head_seq, head_hash, seq, digest = asyncio.run(scenario())

    assert (head_seq, head_hash) == (seq, digest)


@pytest.mark.parametrize(("project", "expected"), [("ks-gov-web-2018", 4), ("p", 1)])
def test_the_partition_of_a_project_is_the_same_at_every_source(project: str, expected: int) -> None:
    # CRC-32 (ISO-HDLC) of the id, modulo 8: taken from the trailer that gzip writes, so that no source may differ.
    assert partition_of(project, 8) == expected


def test_an_event_carries_the_trace_of_its_request(tmp_path: Path) -> None:
    async def scenario() -> dict[str, object]:
        source = Source(tmp_path)
        log = EventLog("budget", source.clock)
        trace = Trace(correlation_id="from-the-request", causation_id="the-cause", traceparent="00-a-b-01")
        async with open_databases(source.database):
            await source.database.write(log.create)
            await source.database.write(lambda session: log.append(session, funds("r"), time=NOW, trace=trace))
            return (await events_of(source))[0]

    event = asyncio.run(scenario())

    assert (event["correlationid"], event["causationid"]) == ("from-the-request", "the-cause")
