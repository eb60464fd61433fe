"""What units gather is written as if each had written at once: whoever reads, whoever is undone."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from shared.database import Database
from shared.problems import Refusal
from shared.statements import Statement, inserting, savepoint
from tests.shared.mechanism import open_databases

metadata = sa.MetaData()
visit = sa.Table("visit", metadata, sa.Column("name", sa.String(20), primary_key=True))
last = sa.Table(
    "last_visit",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(20), nullable=False),
)
VISIT = inserting(visit)
LAST = Statement(sa.update(last).where(last.c.one == 1).values(name=sa.bindparam("new_name")))
VISITS = Statement(sa.select(visit.c.name).order_by(visit.c.name))
LAST_VISIT = Statement(sa.select(last.c.name))

Log = list[Any]  # What a unit has read, in order.


class Refused(Refusal):
    slug, title = "refused", "Refused"


class Model:
    """The same, done at once in memory."""

    def __init__(self) -> None:
        self.visits: set[str] = set()
        self.last = "nobody"

    def copy(self) -> "Model":
        made = Model()
        made.visits, made.last = set(self.visits), self.last
        return made

    def seen(self) -> Any:
        return sorted(self.visits), self.last


of_parts = ["visit", "visit", "at once", "read", "refuse"]  # A part may use ready statements only.
parts = st.tuples(st.just("part"), st.lists(st.sampled_from(of_parts), max_size=4))
steps = st.sampled_from([*of_parts, "read by the session"])
units = st.lists(st.lists(st.one_of(steps, parts), max_size=5), min_size=1, max_size=6)


def by_ready_statements(session: Session) -> Any:
    found = [name for (name,) in VISITS.rows(session)], (LAST_VISIT.first(session) or ("",))[0]
    pending = LAST.pending(session, 1)
    assert pending is None, "reading the table has had it written"
    return found


def by_the_session(session: Session) -> Any:
    names = sorted(session.execute(sa.select(visit.c.name)).scalars())
    return names, session.execute(sa.select(last.c.name)).scalar_one()


def played(session: Session, todo: list[Any], prefix: str, seen: Log) -> None:
    for place, step in enumerate(todo):
        name = f"{prefix}.{place}"
        match step:
            case "visit":
                VISIT.later(session, name=name)
                LAST.last(session, 1, new_name=name)
            case "at once":
                VISIT.run(session, name=name)
            case "read":
                seen.append(by_ready_statements(session))
            case "read by the session":
                seen.append(by_the_session(session))
            case "refuse":
                raise Refused("refused")
            case ("part", inner):
                try:
                    with savepoint(session):
                        played(session, inner, name, seen)
                except Refused:
                    seen.append("refused")


def expected(model: Model, todo: list[Any], prefix: str, seen: Log) -> Model:
    """The model after *todo*, or `Refused`."""
    for place, step in enumerate(todo):
        name = f"{prefix}.{place}"
        match step:
            case "visit":
                model.visits.add(name)
                model.last = name
            case "at once":
                model.visits.add(name)
            case "read" | "read by the session":
                seen.append(model.seen())
            case "refuse":
                raise Refused("refused")
            case ("part", inner):
                before = model.copy()
                try:
                    expected(model, inner, name, seen)
                except Refused:
                    model = before
                    seen.append("refused")
    return model


def in_one_transaction(url: str, works: list[Callable[[Session], Any]]) -> tuple[list[Any], Any]:
    """What came of each of *works*, which share a commit, and what stands there in the end."""

    async def play() -> tuple[list[Any], Any]:
        database = Database(url, metadata)
        async with open_databases(database):
            await database.write(lambda session: session.execute(last.insert(), {"one": 1, "name": "nobody"}) and None)
            is_at_work, everybody_waits = threading.Event(), threading.Event()
            before = database.submit(lambda session: is_at_work.set() or everybody_waits.wait(30))
            assert await asyncio.to_thread(is_at_work.wait, 30)
            futures = [database.submit(work) for work in works]
            everybody_waits.set()
            assert before.result(30)
            waiting = [asyncio.wrap_future(future) for future in futures]
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            return outcomes, await database.read(by_the_session)

    return asyncio.run(play())


def check(url: str, todos: list[list[Any]]) -> None:
    model, told = Model(), []
    for number, todo in enumerate(todos):
        seen: Log = []
        try:
            model = expected(model.copy(), todo, str(number), seen)
        except Refused:
            seen.append("refused")
        told.append(seen)

    def work(number: int, todo: list[Any], seen: Log) -> Callable[[Session], None]:
        def run(session: Session) -> None:
            seen.clear()
            played(session, todo, str(number), seen)

        return run

    logs: list[Log] = [[] for _ in todos]
    outcomes, left = in_one_transaction(url, [work(number, todo, logs[number]) for number, todo in enumerate(todos)])
    for outcome, log in zip(outcomes, logs, strict=True):
        if outcome is not None:
            assert isinstance(outcome, Refused)
            log.append("refused")

    assert logs == told
    assert left == model.seen()


@settings(max_examples=60, deadline=None)
@given(units)
def test_units_that_gather_do_as_if_each_had_written_at_once(todos: list[list[Any]]) -> None:
    with TemporaryDirectory() as folder:
        check(f"sqlite:///{folder}/visits.db", todos)


EVERYTHING: list[list[Any]] = [
    ["visit", "visit", ("part", ["visit", "read", "visit", "refuse"]), "read"],
    ["visit", "read by the session", "at once", "refuse"],
    ["visit", ("part", ["visit", "refuse"]), ("part", ["at once", "visit"]), "visit"],
    ["read", "visit", "refuse"],
    [("part", ["read"]), "visit", "read"],
]


def test_they_do_so_on_either_store(postgresql_url: str) -> None:
    check(postgresql_url, EVERYTHING)


def test_what_cannot_be_written_at_the_end_is_refused_to_all(tmp_path: Path) -> None:
    def twice(session: Session) -> None:
        VISIT.later(session, name="same")

    outcomes, left = in_one_transaction(f"sqlite:///{tmp_path}/visits.db", [twice, twice, lambda session: None])

    assert all(isinstance(outcome, Exception) for outcome in outcomes)
    assert left == ([], "nobody")


def test_what_was_gathered_by_a_lost_transaction_is_gone(tmp_path: Path) -> None:
    async def play() -> Any:
        database = Database(f"sqlite:///{tmp_path}/visits.db", metadata)

        def twice(session: Session) -> None:
            VISIT.later(session, name="same")
            VISIT.later(session, name="same")

        async with open_databases(database):
            with pytest.raises(Exception, match="nothing was stored"):
                await database.write(twice)
            await database.write(lambda session: VISIT.later(session, name="next"))
            return await database.read(lambda session: [name for (name,) in VISITS.rows(session)])

    assert asyncio.run(play()) == ["next"]
