"""R5: a database that was put back from a backup begins another epoch, and consumers go on or stand still."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from shared import epochs
from shared import log as log_table
from shared.database import Database
from shared.epochs import Witness, log_epoch, place_of
from shared.log import Head
from shared.relay import mac_of, stream_name
from tests.budget.driver import Budget, a_budget
from tests.shared.mechanism import KEY, NOW, Consumer, Source, a_source_and_a_consumer, open_databases
from tests.shared.small import Valkey, a_service, append
from tests.support import Running, eventually, problem_of

STREAM = stream_name("budget", 0)
FILES = ("service.db", "service.db-wal", "service.db-shm")


def back_up(folder: Path, *, with_witness: bool = False) -> Path:
    """Copy the database of a service that stands still."""
    copy = folder / "backup"
    copy.mkdir()
    for name in (*FILES, "service.db.head") if with_witness else FILES:
        if (folder / name).exists():
            shutil.copy2(folder / name, copy / name)
    return copy


def put_back(copy: Path, folder: Path) -> None:
    """Over what is there: the file keeps its identity, as ``cp`` leaves it."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True) if name != FILES[0] else None
    for path in copy.iterdir():
        with (folder / path.name).open("r+b" if (folder / path.name).exists() else "w+b") as file:
            file.write(path.read_bytes())
            file.truncate()


def on_stream(valkey: Valkey) -> list[bytes]:
    return [entry[b"event"] for entry in valkey.entries(STREAM)]


def lives(service: Running) -> list[tuple[int, str]]:
    """The epochs that have ended: where, and on what evidence."""
    query = select(log_epoch.c.seq, log_epoch.c.evidence).order_by(log_epoch.c.seq)
    return [(row.seq, row.evidence) for row in service.read(lambda session: session.execute(query).all())]


@pytest.fixture
def budget(tmp_path: Path) -> Iterator[Budget]:
    with a_budget(tmp_path) as started:
        started.declare()
        yield started


@contextmanager
def with_a_past(folder: Path, *, with_witness: bool = False) -> Iterator[tuple[Head, Path]]:
    """A service that wrote two events, was backed up, and wrote two more; its head then, and the copy."""
    with a_service(folder) as service:
        append(service, "r1", "r2")
    copy = back_up(folder, with_witness=with_witness)
    with a_service(folder) as service:
        append(service, "r3", "r4")
        head = service.head()
    yield head, copy


def test_starts_and_stops_begin_no_epoch(tmp_path: Path) -> None:
    with a_service(tmp_path) as service:
        append(service, "r1")
        first = service.head().epoch
    for _ in range(2):
        with a_service(tmp_path) as service:
            append(service, f"again-{_}")
            assert service.head().epoch == first
            assert lives(service) == []


def test_a_database_put_back_begins_an_epoch_by_itself_and_its_chain_goes_on(tmp_path: Path) -> None:
    with with_a_past(tmp_path) as (head, copy):
        put_back(copy, tmp_path)

        with a_service(tmp_path) as service:
            assert lives(service) == [(2, "witness")]
            assert service.head().epoch != head.epoch
            append(service, "r5")
            restored, first = service.events()[1:]

    assert (restored["epoch"], first["epoch"]) == (head.epoch, first["epoch"])
    assert first["epoch"] != head.epoch
    assert int(first["sequence"]) == 3
    assert first["prevhash"] != head.hash


def test_an_epoch_once_begun_is_not_begun_again(tmp_path: Path) -> None:
    with with_a_past(tmp_path) as (_, copy):
        put_back(copy, tmp_path)
        with a_service(tmp_path) as service:
            epoch = service.head().epoch
        with a_service(tmp_path) as service:
            assert service.head().epoch == epoch
            assert len(lives(service)) == 1


def test_a_crash_before_the_witness_saw_the_new_epoch_begins_no_further_one(tmp_path: Path) -> None:
    with with_a_past(tmp_path) as (_, copy):
        seen = (tmp_path / "service.db.head").read_bytes()
        put_back(copy, tmp_path)
        with a_service(tmp_path) as service:
            epoch = service.head().epoch
        (tmp_path / "service.db.head").write_bytes(seen)

        with a_service(tmp_path) as service:
            assert service.head().epoch == epoch


def test_a_whole_folder_put_back_elsewhere_begins_an_epoch(tmp_path: Path) -> None:
    with with_a_past(tmp_path, with_witness=True) as (head, copy):
        shutil.copytree(tmp_path / "keys", copy / "keys")

        with a_service(copy) as service:
            assert lives(service) == [(2, "place")]
            assert service.head().epoch != head.epoch


@pytest.mark.parametrize("spoilt", [b"", b"{", b'{"0":{}}', b"\xff", b"[]"])
def test_a_spoilt_witness_is_no_evidence_and_stops_nothing(tmp_path: Path, spoilt: bytes) -> None:
    with a_service(tmp_path) as service:
        append(service, "r1")
        epoch = service.head().epoch
    (tmp_path / "service.db.head").write_bytes(spoilt)

    with a_service(tmp_path) as service:
        assert service.head().epoch == epoch


def test_a_witness_that_lags_behind_is_no_evidence(tmp_path: Path) -> None:
    with a_service(tmp_path) as service:
        append(service, "r1")
        epoch = service.head().epoch
    seen = (tmp_path / "service.db.head").read_bytes()
    with a_service(tmp_path) as service:
        append(service, "r2")
    (tmp_path / "service.db.head").write_bytes(seen)

    with a_service(tmp_path) as service:
        assert service.head().epoch == epoch


def test_the_witness_sees_each_commit_soon_while_the_service_runs(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "service.db.head")
    with a_service(tmp_path) as service:
        for number in (1, 2):
            append(service, f"r{number}")

            assert eventually(lambda: witness.read()[0].seq == number, "its look")  # noqa: B023  # Asked at once.


def test_a_witness_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "missing" / "head")

    witness.write([Head(partition=0, epoch="e", seq=1, hash="0" * 64)])

    assert witness.read() == {}


def test_without_a_witness_the_stream_proves_that_events_were_lost(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        eventually(lambda: len(on_stream(valkey)) >= 2, "the stream")
    copy = back_up(tmp_path)
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r3")
        head = service.head()
        eventually(lambda: service.log()[2] in [entry[b"event"] for entry in valkey.entries(STREAM)], "r3")
    put_back(copy, tmp_path)
    (tmp_path / "service.db.head").unlink()

    with a_service(tmp_path, redis_url=valkey.url) as service:
        eventually(lambda: lives(service) == [(2, "stream")], "the new epoch")
        append(service, "r4")
        assert service.events()[-1]["epoch"] == service.head().epoch != head.epoch
        raw = service.log()[-1]
        eventually(lambda: on_stream(valkey)[-1] == raw, "r4 on the stream")
        assert len(lives(service)) == 1


@pytest.mark.parametrize("mac", ["", "0" * 64])
def test_an_unsigned_entry_on_the_stream_proves_nothing(tmp_path: Path, valkey: Valkey, mac: str) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1")
        forged = service.log()[0].replace(b'"sequence":"' + b"0" * 19 + b"1", b'"sequence":"' + b"0" * 19 + b"9")
        valkey._client.xadd(STREAM, {"event": forged, "mac": mac})
        append(service, "r2")
        eventually(lambda: service.log()[1] in [entry[b"event"] for entry in valkey.entries(STREAM)], "r2")
    with a_service(tmp_path, redis_url=valkey.url) as service:
        valkey._client.xadd(STREAM, {"event": forged, "mac": mac})
        before = len(on_stream(valkey))
        eventually(lambda: len(on_stream(valkey)) > before, "the stream filled again")
        assert lives(service) == []


def test_an_operator_begins_an_epoch_with_a_reason_that_is_kept(budget: Budget) -> None:
    before = budget.head()

    answer = budget.send("POST", "/epochs", {"reason": "restored from Monday's dump"}, role="operator", subject="anna")

    assert answer.status_code == 201
    assert answer.json()["epoch"] == budget.head().epoch != before.epoch
    assert (budget.head().seq, budget.head().hash) == (before.seq, before.hash)
    [entry] = budget.get("/operations", role="auditor")["items"]
    assert (entry["action"], entry["by"], entry["reason"]) == ("epoch", "anna", "restored from Monday's dump")


def test_only_an_operator_of_all_projects_begins_an_epoch(budget: Budget) -> None:
    body = {"reason": "x"}
    answers = [budget.send("POST", "/epochs", body, role=role) for role in ("finance", "auditor", "service")]

    assert [answer.status_code for answer in answers] == [403] * 3
    some = budget.send("POST", "/epochs", body, role="operator", projects=["web"])
    assert problem_of(some) == (404, "not-found")


def test_who_asks_beyond_the_logs_end_is_counted(service: Running) -> None:
    def ahead() -> float:
        return REGISTRY.get_sample_value("scorebus_feed_askers_ahead_total", {"source": "budget"}) or 0

    before, head = ahead(), service.head()

    answer = service.send("GET", f"/events?epoch={head.epoch}&after={head.seq + 5}&hash={'a' * 64}", role="service")

    assert problem_of(answer) == (409, "diverged")
    assert ahead() == before + 1


def play(scenario: Any, folder: Path, events: int) -> None:
    async def run() -> None:
        async with a_source_and_a_consumer(folder, events) as (source, consumer):
            await scenario(source, consumer)

    asyncio.run(run())


async def copy_of(source: Source, folder: Path, name: str) -> Source:
    """The source as it is now, in a file of its own."""
    copy = Source(folder, name)
    copy.count = source.count
    query = f"VACUUM INTO '{folder}/{name}.db'"
    await asyncio.to_thread(_vacuum, folder / "source.db", query)
    return copy


def _vacuum(path: Path, query: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(query)
    connection.close()


async def begin_epoch(source: Source) -> None:
    await source.database.write(lambda session: epochs.begin(session, source.log, "operator", "", NOW))


def test_a_consumer_behind_the_backup_goes_on_in_the_new_epoch(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await consumer.subscription.catch_up()
        await source.append(2)
        restored = await copy_of(source, tmp_path, "restored")
        await source.append(2)
        lost = (await source.entries())[-2:]
        async with open_databases(restored.database):
            await begin_epoch(restored)
            restored.count += 100
            await restored.append(3)
            consumer.feed.source = restored

            await consumer.subscription.catch_up()
            await consumer.subscription.deliver(lost)  # The stream still has what the source has lost.
            await consumer.subscription.catch_up()
            await consumer.subscription.deliver(lost)
            await consumer.subscription.catch_up()

            mark = await consumer.mark()
            assert mark is not None
            assert mark.diverged is None
            assert mark.at == await consumer.feed.head(0)
            assert consumer.applied == [f"r{number}" for number in (*range(1, 7), 107, 108, 109)]

    play(scenario, tmp_path, 4)


@pytest.mark.parametrize("appended", [0, 1, 2, 5])
@pytest.mark.parametrize("is_new_epoch", [True, False])
def test_a_consumer_ahead_of_the_backup_stands_still_whatever_the_source_writes_next(
    tmp_path: Path, appended: int, is_new_epoch: bool
) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        restored = await copy_of(source, tmp_path, "restored")
        await source.append(2)
        await consumer.subscription.catch_up()
        before = await consumer.stored()
        async with open_databases(restored.database):
            if is_new_epoch:
                await begin_epoch(restored)
            restored.count += 100
            if appended:
                await restored.append(appended)
            consumer.feed.source = restored

            await consumer.subscription.catch_up()
            await consumer.subscription.deliver(await restored.entries())
            await consumer.subscription.catch_up()

            mark = await consumer.mark()
            assert mark is not None
            assert mark.diverged is not None
            assert await consumer.stored() == before

    play(scenario, tmp_path, 4)


def test_a_consumer_put_back_pulls_what_it_has_forgotten_and_applies_each_event_once_more(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await consumer.subscription.catch_up()
        await asyncio.to_thread(_vacuum, tmp_path / "consumer.db", f"VACUUM INTO '{tmp_path}/old.db'")
        await source.append(3)
        await consumer.subscription.catch_up()
        old = Consumer(tmp_path, source, name="old")
        async with open_databases(old.database):
            await old.subscription.deliver((await source.entries())[-1:])
            await old.subscription.catch_up()

            assert await old.stored() == await consumer.stored()
            assert old.applied == ["r5", "r6", "r7"]

    play(scenario, tmp_path, 4)


def test_a_signed_event_that_differs_from_the_one_applied_makes_the_consumer_ask(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await consumer.subscription.catch_up()
        raw, _ = (await source.entries())[1]
        other = raw.replace(b'"1.00"', b'"9.00"')
        labels = {"consumer": "consumer", "source": "budget", "reason": "history"}
        before = REGISTRY.get_sample_value("scorebus_events_refused_total", labels) or 0
        consumer.subscription._nudged.clear()

        await consumer.subscription.deliver([(other, mac_of(KEY, other))])

        assert REGISTRY.get_sample_value("scorebus_events_refused_total", labels) == before + 1
        assert consumer.subscription._nudged.is_set()

    play(scenario, tmp_path, 4)


def test_the_place_of_a_postgresql_table_is_another_after_a_dump_was_put_back(postgresql_url: str) -> None:
    def place(url: str) -> str | None:
        database = Database(url, log_table.metadata)
        database.start()
        try:
            return database.submit(lambda session: place_of(session, database.url)).result()
        finally:
            database.close()

    first, again = place(postgresql_url), place(postgresql_url)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE copy AS TABLE event_log")
        connection.execute("DROP TABLE event_log")

    assert first is not None
    assert again == first
    assert place(postgresql_url) != first
