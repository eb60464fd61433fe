"""The feed: the exact bytes, in order, to whoever shares the history and nobody else."""

import asyncio
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.events.base import GENESIS_HASH
from shared.feed import FeedDiverged, FeedReader, FeedUnreachable, TokenFile
from shared.log import Head
from tests.shared.small import a_service, append
from tests.support import Running, problem_of

pytestmark = pytest.mark.usefixtures("either_store")

SOON_SECONDS = 15.0  # A long poll that is not woken lasts twice as long; so does its failure.


@pytest.fixture(scope="module")
def feed(service: Running) -> Running:
    """A service with five events, for tests that only read."""
    append(service, "r1", "r2", "r3", "r4", "r5")
    return service


@pytest.fixture
def live_feed(fresh_service: Running) -> Running:
    """The same, for tests in which more happens."""
    append(fresh_service, "r1", "r2", "r3", "r4", "r5")
    return fresh_service


def receipts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/cloudevents-batch+json"
    return [event["data"]["receipt"] for event in answer.json()]


def ask(service: Running, query: str = "") -> httpx.Response:
    return service.send("GET", f"/events?{query}", role="service")


def test_the_feed_gives_the_very_bytes_of_the_log(feed: Running) -> None:
    answer = ask(feed)

    assert answer.content == b"[" + b",".join(feed.log()) + b"]"


def test_an_empty_log_is_an_empty_list(fresh_service: Running) -> None:
    service = fresh_service

    assert ask(service).content == b"[]"
    head = service.get("/events/head", role="service")
    assert head["partitions"] == [{"partition": 0, "seq": 0, "hash": GENESIS_HASH}]


def test_a_stranger_verifies_the_log_with_json_and_sha_256_alone(feed: Running) -> None:
    text = ask(feed).text

    scanner, at, previous, sequence = json.JSONDecoder(), 1, GENESIS_HASH, 0
    while text[at - 1] != "]":
        event, end = scanner.raw_decode(text, at)
        sequence += 1
        assert (event["prevhash"], int(event["sequence"])) == (previous, sequence)
        previous, at = hashlib.sha256(text[at:end].encode()).hexdigest(), end + 1

    head = feed.get("/events/head", role="service")
    assert head["partitions"] == [{"partition": 0, "seq": 5, "hash": previous}]
    assert head["epoch"] == event["epoch"]


def test_an_event_is_a_cloudevent(feed: Running) -> None:
    event = ask(feed, "limit=1").json()[0]

    assert (event["specversion"], event["source"], event["type"]) == ("1.0", "/budget", "funds.received.v1")
    assert event["datacontenttype"] == "application/json"
    assert event["sequence"] == "00000000000000000001"
    assert {"id", "time", "subject", "epoch", "partition", "recordedtime", "correlationid"} <= set(event)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["r1", "r2", "r3", "r4", "r5"]),
        ("after=0", ["r1", "r2", "r3", "r4", "r5"]),
        ("after=3", ["r4", "r5"]),
        ("after=5", []),
        ("after=99999", []),
        ("after=1&limit=2", ["r2", "r3"]),
        ("limit=1000", ["r1", "r2", "r3", "r4", "r5"]),
        ("partition=0&after=4", ["r5"]),
    ],
)
def test_the_feed_goes_on_after_a_number(feed: Running, query: str, expected: list[str]) -> None:
    assert receipts(ask(feed, query)) == expected


def test_the_feed_goes_on_after_an_event(feed: Running) -> None:
    ids = [event["id"] for event in feed.events()]

    assert receipts(ask(feed, f"lastEventId={ids[1]}")) == ["r3", "r4", "r5"]
    assert receipts(ask(feed, f"lastEventId={ids[4]}")) == []
    assert receipts(ask(feed, f"lastEventId={ids[1]}&after=4")) == ["r3", "r4", "r5"]


@pytest.mark.parametrize(
    "query", ["lastEventId=gone", "lastEventId=%00", "lastEventId=", "partition=1", "partition=" + "9" * 30]
)
def test_an_event_or_a_partition_that_is_not_there_is_not_found(feed: Running, query: str) -> None:
    assert problem_of(ask(feed, query)) == (404, "not-found")


def test_who_shares_the_history_is_served(feed: Running) -> None:
    digest = hashlib.sha256(feed.log()[2]).hexdigest()
    epoch = feed.events()[0]["epoch"]

    assert receipts(ask(feed, f"after=3&hash={digest}&epoch={epoch}")) == ["r4", "r5"]
    assert len(receipts(ask(feed, f"after=0&hash={GENESIS_HASH}&epoch={epoch}"))) == 5


@pytest.mark.parametrize(
    "query",
    [
        f"after=3&hash={'a' * 64}",
        f"after=0&hash={'a' * 64}",
        f"after=3&hash={GENESIS_HASH}",
        "after=3&hash=",
        f"after=6&hash={'a' * 64}",
        "epoch=another",
        "epoch=",
        "epoch=another&after=99",
    ],
)
def test_who_has_another_history_is_told_where_this_one_is(feed: Running, query: str) -> None:
    answer = ask(feed, query)

    assert problem_of(answer) == (409, "diverged")
    assert answer.json()["epoch"] == feed.events()[0]["epoch"]
    assert answer.json()["seq"] == 5


def test_the_hash_of_another_event_is_another_history(feed: Running) -> None:
    digest = hashlib.sha256(feed.log()[2]).hexdigest()

    assert problem_of(ask(feed, f"after=4&hash={digest}")) == (409, "diverged")


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        "after=99999999999999999999",
        "limit=0",
        "limit=1001",
        "timeout=-1",
        "timeout=31",
        "timeout=NaN",
        "timeout=inf",
        "partition=-1",
        "partition=x",
        "epoch=" + "x" * 100,
        "hash=" + "x" * 100,
        "lastEventId=" + "x" * 100,
    ],
)
def test_a_question_that_makes_no_sense_is_refused(feed: Running, query: str) -> None:
    assert problem_of(ask(feed, query)) == (422, "validation")


@pytest.mark.parametrize("path", ["/events", "/events/head"])
def test_the_feed_needs_its_scope(feed: Running, path: str) -> None:
    assert problem_of(feed.send("GET", path, role="finance")) == (403, "forbidden")
    assert problem_of(feed.send("GET", path, role=None)) == (401, "unauthorized")
    assert feed.send("GET", path, role="events:read").status_code == 200


def test_a_long_poll_is_answered_by_the_next_event(live_feed: Running) -> None:
    async def poll() -> tuple[bool, httpx.Response]:
        waiting = asyncio.create_task(live_feed.sending("GET", "/events?after=5&timeout=30", role="service"))
        await live_feed.sending(
            "GET", "/events/head", role="service"
        )  # The poll has begun: readers are served in turn.
        was_waiting = not waiting.done()
        await live_feed.sending("POST", "/things", {"receipt": "r6"})
        async with asyncio.timeout(SOON_SECONDS):
            return was_waiting, await waiting

    was_waiting, answer = live_feed.run(poll)

    assert was_waiting
    assert receipts(answer) == ["r6"]


def test_an_event_committed_while_the_poll_looks_is_not_missed(live_feed: Running) -> None:
    read = live_feed.service.database.read
    looks = 0

    async def look_then_commit(work: Any) -> Any:
        nonlocal looks
        found = await read(work)
        looks += 1
        if looks == 1:
            await live_feed.sending("POST", "/things", {"receipt": "r6"})
        return found

    live_feed.service.database.read = look_then_commit  # type: ignore[method-assign]

    async def poll() -> httpx.Response:
        async with asyncio.timeout(SOON_SECONDS):
            return await live_feed.sending("GET", "/events?after=5&timeout=30", role="service")

    assert receipts(live_feed.run(poll)) == ["r6"]


def test_a_commit_that_appends_nothing_does_not_end_a_poll(live_feed: Running) -> None:
    async def poll() -> httpx.Response:
        waiting = asyncio.create_task(live_feed.sending("GET", "/events?after=5&timeout=30", role="service"))
        for _ in range(5):
            await live_feed.sending("GET", "/events/head", role="service")
            await live_feed.service.database.write(lambda _: None)
        assert not waiting.done()
        await live_feed.sending("POST", "/things", {"receipt": "r6"})
        return await waiting

    assert receipts(live_feed.run(poll)) == ["r6"]


def test_a_long_poll_ends_empty_when_its_time_is_up(feed: Running) -> None:
    assert receipts(ask(feed, "after=5&timeout=0.05")) == []


def test_a_long_poll_with_something_to_tell_does_not_wait(feed: Running) -> None:
    assert receipts(ask(feed, "after=4&timeout=30")) == ["r5"]


def test_a_service_that_stops_ends_its_long_polls(tmp_path: Path) -> None:
    with a_service(tmp_path) as service:

        async def poll() -> httpx.Response:
            waiting = asyncio.create_task(service.sending("GET", "/events?timeout=30", role="service"))
            await service.sending("GET", "/events/head", role="service")
            service.service.stop()
            async with asyncio.timeout(SOON_SECONDS):
                return await waiting

        assert receipts(service.run(poll)) == []


def test_a_refused_request_leaves_the_feed_as_it_was(feed: Running) -> None:
    before = ask(feed).content

    feed.send("POST", "/things", {"receipt": "not an id"})

    assert ask(feed).content == before


def reader_of(service: Running) -> FeedReader:
    return FeedReader(service.client, TokenFile(service.issuer.folder / "service.token"))


def test_a_reader_gets_what_the_log_has(feed: Running) -> None:
    reader = reader_of(feed)

    async def read_all() -> tuple[Head, list[bytes]]:
        head = await reader.head(0)
        start = Head(partition=0, epoch=head.epoch, seq=0, hash=GENESIS_HASH)
        return head, [event.raw for event in await reader.after(start)]

    head, raws = feed.run(read_all)

    assert head == feed.head()
    assert raws == feed.log()


def test_a_reader_with_another_history_is_told_so(feed: Running) -> None:
    head = feed.head()
    foreign = Head(partition=0, epoch=head.epoch, seq=3, hash="a" * 64)

    with pytest.raises(FeedDiverged) as diverged:
        feed.run(lambda: reader_of(feed).after(foreign))

    assert diverged.value.epoch == head.epoch


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (401, b"{}"),
        (404, b"{}"),
        (302, b""),
        (409, b"<html>"),
        (409, b"[]"),
        (409, b"{}"),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b"[1]"),
        (200, b'[{"id": "x"}]'),
        (200, b"[" * 10_000),
    ],
)
def test_a_source_that_makes_no_sense_is_out_of_reach(tmp_path: Path, status: int, body: bytes) -> None:
    (tmp_path / "token").write_text("t")

    async def read_all() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
        async with httpx.AsyncClient(transport=transport, base_url="http://source") as client:
            reader = FeedReader(client, TokenFile(tmp_path / "token"))
            with pytest.raises(FeedUnreachable):
                await reader.after(Head(partition=0, epoch="e", seq=0, hash=GENESIS_HASH))
            with pytest.raises(FeedUnreachable):
                await reader.head(0)

    asyncio.run(read_all())


def test_a_renewed_token_is_used(tmp_path: Path) -> None:
    place = tmp_path / "token"
    place.write_text("one\n")
    token = TokenFile(place)
    assert token() == "one"

    place.write_text("two\n")
    os.utime(place, (1, 1))

    assert token() == "two"


def test_only_a_commit_that_may_have_appended_something_is_told_to_who_follows_the_log(live_feed: Running) -> None:
    service, told = live_feed.service, []
    service._committed = lambda _: told.append(service.log.changes)  # type: ignore[method-assign]

    async def commits() -> None:
        before = service.log.changes
        await service.database.write(lambda _: None)
        await live_feed.sending("POST", "/things", {"receipt": "r6"})
        await service.database.write(lambda _: None)
        await asyncio.sleep(0)  # What the writer's thread has told stands in the loop's queue by now.
        assert told == [before + 1]
        await service.begin_epoch("operator", "a test")
        await asyncio.sleep(0)
        assert told == [before + 1, before + 2]

    live_feed.run(commits)
