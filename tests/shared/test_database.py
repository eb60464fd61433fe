"""One writer with group commit: what is answered is durable, what is refused leaves no trace."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from shared.database import Database
from shared.problems import Unavailable
from shared.units import on_undo
from tests.shared.mechanism import open_databases

metadata = sa.MetaData()
note = sa.Table("note", metadata, sa.Column("text", sa.String(20), primary_key=True))


def add(text: str, then: Callable[[Session], None] = lambda _: None) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.execute(note.insert(), {"text": text})
        then(session)
        return text

    return work


def notes(session: Session) -> list[str]:
    return sorted(session.execute(sa.select(note.c.text)).scalars())


def refuse(_: Session) -> None:
    raise LookupError


async def hold(database: Database) -> tuple[asyncio.Task[bool], threading.Event]:
    """Keep the writer busy until the gate is set, so that what comes meanwhile waits together."""
    began, gate = threading.Event(), threading.Event()

    def work(_: Session) -> bool:
        began.set()
        return gate.wait(10)

    held = asyncio.create_task(database.write(work))
    await asyncio.to_thread(began.wait, 10)
    return held, gate


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/notes.db"
        return
    postgresql: str = request.getfixturevalue("postgresql_url")
    yield postgresql


def test_a_refused_unit_leaves_no_trace_and_its_companions_stay(url: str) -> None:
    async def scenario() -> tuple[list[object], list[str]]:
        database = Database(url, metadata)
        async with open_databases(database):
            held, gate = await hold(database)
            works = [add("a"), add("b", refuse), add("c"), add("a")]
            waiting = [asyncio.create_task(database.write(work)) for work in works]
            await asyncio.sleep(0)
            gate.set()
            await held
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            return [type(x).__name__ if isinstance(x, Exception) else x for x in outcomes], await database.read(notes)

    outcomes, stored = asyncio.run(scenario())

    assert outcomes == ["a", "LookupError", "c", "IntegrityError"]
    assert stored == ["a", "c"]


def test_units_that_wait_together_share_one_commit(url: str) -> None:
    async def scenario() -> int:
        database = Database(url, metadata)
        commits: list[None] = []
        database.after_commit(lambda _: commits.append(None))
        async with open_databases(database):
            held, gate = await hold(database)
            waiting = [asyncio.create_task(database.write(add(str(number)))) for number in range(50)]
            await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(held, *waiting)
        return len(commits)

    assert asyncio.run(scenario()) == 2


def test_a_writer_that_fails_lets_nobody_wait_and_ends_its_process(url: str) -> None:
    ended: list[bool] = []

    def spoil(session: Session) -> None:
        on_undo(session, {}.popitem)
        refuse(session)

    async def scenario() -> None:
        database = Database(url, metadata)
        database.guard(lambda _: True, lambda: ended.append(True))
        async with open_databases(database):
            with pytest.raises(KeyError):
                await database.write(add("a", spoil))
            with pytest.raises(Unavailable):
                await database.write(add("b"))

    asyncio.run(scenario())

    assert ended == [True]


def test_what_was_kept_in_step_is_undone_with_its_unit(url: str) -> None:
    undone: list[str] = []

    def keep(name: str) -> Callable[[Session], None]:
        return lambda session: on_undo(session, lambda: undone.append(name))

    async def scenario() -> None:
        database = Database(url, metadata)
        async with open_databases(database):
            await database.write(add("a", keep("a")))
            with pytest.raises(LookupError):
                await database.write(add("b", lambda session: (keep("b")(session), refuse(session))[0]))

    asyncio.run(scenario())

    assert undone == ["b"]


def test_a_commit_that_fails_is_told_to_every_unit_and_nothing_stays(tmp_path: Path) -> None:
    async def scenario() -> tuple[list[type], list[str], list[str]]:
        database = Database(f"sqlite:///{tmp_path}/notes.db", metadata)
        undone: list[str] = []
        async with open_databases(database):
            await database.write(add("before"))
            engine = database._writer_engine
            assert engine is not None

            def fail(_: object) -> None:
                raise sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

            sa.event.listen(engine, "commit", fail)
            work = add("lost", lambda session: on_undo(session, lambda: undone.append("lost")))
            outcomes = await asyncio.gather(database.write(work), return_exceptions=True)
            sa.event.remove(engine, "commit", fail)
            await database.write(add("after"))
            return [type(outcome) for outcome in outcomes], await database.read(notes), undone

    outcomes, stored, undone = asyncio.run(scenario())

    assert outcomes == [Unavailable]
    assert stored == ["after", "before"]
    assert undone == ["lost"]


def test_a_reader_sees_one_snapshot_while_the_writer_goes_on(url: str) -> None:
    async def scenario() -> tuple[list[str], list[str]]:
        database = Database(url, metadata)
        async with open_databases(database):
            await database.write(add("a"))
            loop = asyncio.get_running_loop()

            def read_twice(session: Session) -> tuple[list[str], list[str]]:
                first = notes(session)
                asyncio.run_coroutine_threadsafe(database.write(add("b")), loop).result(10)
                return first, notes(session)

            return await database.read(read_twice)

    assert asyncio.run(scenario()) == (["a"], ["a"])


def test_sqlite_syncs_every_commit_in_full(tmp_path: Path) -> None:
    async def scenario() -> tuple[object, object]:
        database = Database(f"sqlite:///{tmp_path}/notes.db", metadata)
        async with open_databases(database):
            return await database.write(
                lambda session: (
                    session.execute(sa.text("PRAGMA synchronous")).scalar(),
                    session.execute(sa.text("PRAGMA journal_mode")).scalar(),
                )
            )

    assert asyncio.run(scenario()) == (2, "wal")


def test_readers_cannot_write(tmp_path: Path) -> None:
    async def scenario() -> None:
        database = Database(f"sqlite:///{tmp_path}/notes.db", metadata)
        async with open_databases(database):
            with pytest.raises(Unavailable):
                await database.read(add("x"))

    asyncio.run(scenario())
