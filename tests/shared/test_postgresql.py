"""What only a server can do to us: end a session, fall over in the middle of a commit, lock, deadlock, lie."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session
from structlog.testing import capture_logs

from shared import stores
from shared.claim import ADVISORY_LOCK
from shared.database import ATTEMPTS_MAX, Database
from shared.log import EventLog
from shared.problems import Unavailable
from shared.statements import command, connection_of
from shared.units import on_undo
from tests.shared.mechanism import Source, open_databases
from tests.shared.test_database import add, metadata, notes
from tests.stores import Server, a_server_of_its_own, places
from tests.support import eventually


@pytest.fixture(autouse=True)
def _on_postgresql(postgresql_server: Server) -> Iterator[None]:
    with places.on(postgresql_server):
        yield


@contextmanager
def operator(url: str) -> Iterator[psycopg.Connection]:
    """Somebody else on the server."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def end_sessions(url: str, role: str = "%") -> int:
    """End the sessions of the service as an operator would; the writer's alone, for *role* ``writer``."""
    holder = f"AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {ADVISORY_LOCK})"
    query = f"""
        SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() {holder if role == "writer" else ""}
    """
    with operator(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        return int(row[0])


def run(scenario: Callable[[Database], Awaitable[Any]], url: str) -> Any:
    async def opened() -> Any:
        database = Database(url, metadata)
        async with open_databases(database):
            return await scenario(database)

    return asyncio.run(opened())


async def written(database: Database, text: str) -> None:
    """Write as a caller does that comes back when it is told to."""
    async with asyncio.timeout(30):
        while True:
            try:
                await database.write(add(text))
            except Unavailable:
                await asyncio.sleep(0.05)
            else:
                return


def test_a_session_that_was_ended_is_not_even_noticed(postgresql_url: str) -> None:
    async def scenario(database: Database) -> list[str]:
        await database.write(add("before"))
        assert end_sessions(postgresql_url) > 0
        await database.write(add("after"))
        return await database.read(notes)

    assert run(scenario, postgresql_url) == ["after", "before"]


def test_a_session_that_ends_in_the_middle_of_a_group_loses_nothing(postgresql_url: str) -> None:
    attempts: list[int] = []

    def ended_once(session: Session) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            end_sessions(postgresql_url, "writer")
        session.execute(sa.text("SELECT 1"))

    async def scenario(database: Database) -> list[str]:
        await database.write(add("a", ended_once))
        return await database.read(notes)

    assert run(scenario, postgresql_url) == ["a"]
    assert len(attempts) == 2


def test_a_session_that_ends_amid_statements_sent_together_is_dropped(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[int] = []

    def stuck_once(session: Session) -> None:
        attempts.append(1)
        connection = connection_of(session)
        if len(attempts) == 1:
            driver: Any = connection.connection.dbapi_connection
            driver.pgconn.enter_pipeline_mode()
            driver.pgconn.send_query_params(b"SELECT 1", None)
        command(connection, "SELECT 1")

    async def scenario(database: Database) -> list[str]:
        await database.write(add("a", stuck_once))
        return await database.read(notes)

    assert run(scenario, postgresql_url) == ["a"]
    assert len(attempts) == 2
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []  # No stack traces in the log.


@pytest.mark.parametrize("is_on_disk", [True, False])
def test_a_commit_whose_answer_was_lost_is_settled_by_asking(postgresql_url: str, *, is_on_disk: bool) -> None:
    undone: list[str] = []
    ended: list[int] = []

    def lose(connection: sa.Connection) -> None:
        if ended:
            return
        if is_on_disk:
            driver: Any = connection.connection.driver_connection
            driver.commit()
            driver.execute("SELECT 1")  # So that the next COMMIT has something to fail at.
        ended.append(end_sessions(postgresql_url, "writer"))

    async def scenario(database: Database) -> list[str]:
        assert database._writer_engine is not None
        await database.write(add("before"))
        sa.event.listen(database._writer_engine, "commit", lose)
        await database.write(add("a", lambda session: on_undo(session, lambda: undone.append("a"))))
        return await database.read(notes)

    assert run(scenario, postgresql_url) == ["a", "before"]
    assert ended == [1]
    assert undone == ([] if is_on_disk else ["a"])


def fall(state: str, times: int) -> Callable[[Session], None]:
    """Meet the error *state* so many times."""
    counter = itertools.count(1)

    def work(session: Session) -> None:
        if next(counter) <= times:
            session.execute(sa.text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))

    return work


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_transaction_that_fell_to_another_is_run_again(postgresql_url: str, state: str) -> None:
    async def scenario(database: Database) -> list[str]:
        await asyncio.gather(database.write(add("a")), database.write(add("b", fall(state, ATTEMPTS_MAX - 1))))
        return await database.read(notes)

    assert run(scenario, postgresql_url) == ["a", "b"]


def test_it_is_not_run_again_for_ever(postgresql_url: str) -> None:
    async def scenario(database: Database) -> tuple[list[object], list[str]]:
        outcomes = await asyncio.gather(database.write(add("a", fall("40001", 10**6))), return_exceptions=True)
        await database.write(add("b"))
        return list(outcomes), await database.read(notes)

    [outcome], stored = run(scenario, postgresql_url)

    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after == 1
    assert stored == ["b"]


def test_what_is_wrong_with_one_unit_is_its_own_affair_whatever_words_it_holds(postgresql_url: str) -> None:
    async def scenario(database: Database) -> list[object]:
        await database.write(add("full disk"))
        held = [database.write(add(text)) for text in ("full disk", "locked", "x" * 21)]
        return list(await asyncio.gather(*held, return_exceptions=True))

    outcomes = run(scenario, postgresql_url)

    assert [type(outcome).__name__ for outcome in outcomes] == ["IntegrityError", "str", "DataError"]


def test_an_append_locks_the_head_and_waits_for_a_lock_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_WRITER", {**stores._WRITER, "lock_timeout": "100"})

    async def scenario() -> None:
        source = Source(tmp_path)
        async with open_databases(source.database):
            await source.database.write(source.log.create)
            with operator(places.url(tmp_path, "source")) as other, other.transaction():
                other.execute("SELECT * FROM event_head FOR UPDATE")
                with pytest.raises(Unavailable):
                    await source.append()
            await source.append()
            head = await source.database.read(lambda session: source.log.head(session, 0))
            assert head.seq == 1

    asyncio.run(scenario())


def test_two_that_write_without_the_claim_still_number_without_a_hole(tmp_path: Path) -> None:
    # The second line of defence: even if both believed to be the active one, the head's row is locked.
    class Always:
        def take(self, connection: sa.Connection | None) -> bool:
            return True

        def release(self) -> None:
            pass

    async def scenario() -> list[int]:
        one, two = Source(tmp_path), Source(tmp_path)
        two.count = 10**6
        one.database._claim = two.database._claim = Always()
        async with open_databases(one.database, two.database):
            await one.database.write(one.log.create)
            await asyncio.gather(*(each.append() for each in (one, two) * 50))
            rows = await one.database.read(lambda session: EventLog.after(one.log, session, 0, 0, 1_000))
            return [seq for seq, _ in rows]

    assert asyncio.run(scenario()) == list(range(1, 101))


def test_one_that_lost_its_session_to_another_writes_no_more(postgresql_url: str) -> None:
    deposed: list[bool] = []

    async def scenario(first: Database) -> list[str]:
        first.guard(lambda session: "second" not in notes(session), lambda: deposed.append(True))
        await first.write(add("first"))
        second = Database(postgresql_url, metadata)
        async with open_databases(second):
            assert second.role == "standby"
            with pytest.raises(Unavailable):
                await second.write(add("too early"))
            taken = first._take
            first._take = lambda: False  # type: ignore[method-assign]  # A network that is slower for it.
            end_sessions(postgresql_url, "writer")
            await second.claimed()
            await written(second, "second")
            with pytest.raises(Unavailable):
                await first.write(add("too late"))
            first._take = taken  # type: ignore[method-assign]
        await asyncio.to_thread(eventually, lambda: deposed, "the end of the first")
        with pytest.raises(Unavailable):
            await first.write(add("much too late"))
        return await first.read(notes)

    assert run(scenario, postgresql_url) == ["first", "second"]


def test_a_commit_is_synchronous_even_where_the_server_says_otherwise(postgresql_url: str) -> None:
    with operator(postgresql_url) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")  # type: ignore[call-overload]

    async def scenario(database: Database) -> tuple[Any, dict[str, str]]:
        show = sa.text("SHOW synchronous_commit")
        return await database.write(lambda session: session.execute(show).scalar()), database.durability

    with capture_logs() as said:
        found, durability = run(scenario, postgresql_url)

    assert found == durability["synchronous_commit"] == "on"
    alarms = {(line["event"], line.get("setting")) for line in said if line.get("alarm")}
    assert alarms == {("synchronous_commit_was_off", None), ("store_is_not_durable", "fsync")}  # As the server is here.


def test_readers_cannot_write(postgresql_url: str) -> None:
    async def scenario(database: Database) -> None:
        with pytest.raises(Unavailable):
            await database.read(add("x"))

    run(scenario, postgresql_url)


def test_a_server_that_falls_over_is_503_until_it_is_back() -> None:
    with a_server_of_its_own() as server:

        async def scenario(database: Database) -> list[str]:
            await database.write(add("before"))
            server.stop()
            for call in (database.write(add("during")), database.read(notes)):
                with pytest.raises(Unavailable) as refused:
                    await call
                assert refused.value.retry_after == 1
            server.ensure_postgres_running()
            await written(database, "after")
            return await database.read(notes)

        assert run(scenario, server.get_uri()) == ["after", "before"]
