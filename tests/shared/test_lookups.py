"""What is looked up for all units together is what each would have found alone, whoever changes it or is undone."""

import asyncio
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import registry
from sqlmodel import Session

from shared.database import Database
from shared.lookups import Lookup
from shared.problems import Refusal
from shared.statements import Statement, inserting, savepoint, tell
from tests.shared.mechanism import open_databases

metadata = sa.MetaData()
guest = sa.Table(
    "guest",
    metadata,
    sa.Column("house", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(20), primary_key=True),
)
ENTER = inserting(guest)
LEAVE = Statement(guest.delete().where(guest.c.house == sa.bindparam("house"), guest.c.name == sa.bindparam("name")))
GUEST = Lookup(sa.select(guest.c.name, guest.c.house), guest.c.house, guest.c.name)
GUESTS = Statement(sa.select(guest.c.house, guest.c.name))


class Guest:
    """A row that a session writes when it must."""

    def __init__(self, house: str, name: str) -> None:
        self.house, self.name = house, name


registry().map_imperatively(Guest, guest)

Place = tuple[str, str]
PLACES: list[Place] = [("inn", "a"), ("inn", "b"), ("hut", "a")]


class Refused(Refusal):
    slug, title = "refused", "Refused"


acts = st.tuples(
    st.sampled_from(["see", "enter", "enter", "enter at once", "enter by the session", "enter some time", "leave"]),
    st.sampled_from(PLACES),
)
ready_acts = st.tuples(st.sampled_from(["see", "enter", "enter at once", "leave"]), st.sampled_from(PLACES))
refusal = st.just(("refuse", PLACES[0]))
parts = st.tuples(st.just("part"), st.lists(st.one_of(ready_acts, refusal), max_size=4))
units = st.lists(st.lists(st.one_of(acts, acts, parts, refusal), max_size=5), min_size=2, max_size=6)


def played(session: Session, todo: list[Any], seen: list[Any]) -> None:
    for step, what in todo:
        if step == "refuse":
            raise Refused("refused")
        if step == "part":
            try:
                with savepoint(session):
                    played(session, what, seen)
            except Refused:
                seen.append("refused")
            continue
        house, name = what
        is_there = GUEST.first(session, house, name) is not None
        seen.append(is_there)
        match step:
            case "enter" if not is_there:
                ENTER.later(session, house=house, name=name)
                GUEST.forget(session, house, name)
                tell(session, what)
            case "enter at once" if not is_there:
                ENTER.run(session, house=house, name=name)
            case "enter by the session" if not is_there:
                session.execute(guest.insert(), {"house": house, "name": name})
            case "enter some time" if not is_there:
                session.add(Guest(house, name))
            case "leave":
                LEAVE.run(session, house=house, name=name)


def expected(there: set[Place], todo: list[Any], seen: list[Any], told: list[Place]) -> None:
    """Do *todo* to *there*, or raise `Refused` halfway."""
    for step, what in todo:
        if step == "refuse":
            raise Refused("refused")
        if step == "part":
            before, told_before = set(there), len(told)
            try:
                expected(there, what, seen, told)
            except Refused:
                there.clear()
                there.update(before)
                del told[told_before:]
                seen.append("refused")
            continue
        seen.append(what in there)
        if step == "enter" and what not in there:
            told.append(what)
        if step.startswith("enter"):
            there.add(what)
        if step == "leave":
            there.discard(what)


def check(url: str, todos: list[list[Any]]) -> None:
    there: set[Place] = set()
    wanted: list[list[Any]] = []
    wanted_told: list[Place] = []
    for todo in todos:
        seen: list[Any] = []
        after, told = set(there), list(wanted_told)
        try:
            expected(after, todo, seen, told)
        except Refused:
            seen.append("refused")
        else:
            there, wanted_told = after, told
        wanted.append(seen)

    logs, heard, left = asyncio.run(in_one_transaction(url, todos))

    assert logs == wanted
    assert heard == wanted_told
    assert left == there


async def in_one_transaction(url: str, todos: list[list[Any]]) -> tuple[list[list[Any]], list[Place], set[Place]]:
    """What each of *todos* has seen, what listeners were told, and who is there in the end."""
    database = Database(url, metadata)
    heard: list[Place] = []
    logs: list[list[Any]] = [[] for _ in todos]
    begun, gate = threading.Event(), threading.Event()
    database.after_commit(heard.extend)
    async with open_databases(database):
        before = database.submit(lambda _: begun.set() or gate.wait(30))
        assert await asyncio.to_thread(begun.wait, 30)
        everywhere = [(GUEST, place) for place in PLACES]
        works = [
            database.submit(lambda session, todo=todo, log=log: played(session, todo, log), everywhere)  # type: ignore[misc]
            for todo, log in zip(todos, logs, strict=True)
        ]
        gate.set()
        assert before.result(30)
        outcomes = await asyncio.gather(*map(asyncio.wrap_future, works), return_exceptions=True)
        left = await database.read(lambda session: {(house, name) for house, name in GUESTS.rows(session)})
    for outcome, log in zip(outcomes, logs, strict=True):
        if outcome is not None:
            assert isinstance(outcome, Refused), outcome
            log.append("refused")
    return logs, heard, left


@settings(max_examples=60, deadline=None)
@given(units)
def test_units_find_what_they_would_find_one_after_another(todos: list[list[Any]]) -> None:
    with TemporaryDirectory() as folder:
        check(f"sqlite:///{folder}/guests.db", todos)


A, B, HUT = PLACES
EVERYTHING: list[list[Any]] = [
    [("enter some time", HUT), ("see", HUT), ("leave", HUT)],
    [("enter", A), ("see", A), ("see", HUT)],
    [("see", A), ("leave", A), ("see", A), ("refuse", A)],
    [("see", A), ("part", [("leave", A), ("see", A), ("refuse", A)]), ("see", A)],
    [("enter", B), ("part", [("enter", HUT), ("refuse", A)]), ("refuse", A)],
    [("enter by the session", B), ("see", B), ("leave", A)],
    [("enter at once", A), ("enter", HUT), ("see", A), ("see", B), ("see", HUT)],
]


def test_they_do_so_on_either_store(postgresql_url: str) -> None:
    check(postgresql_url, EVERYTHING)


def test_what_units_expect_is_looked_up_by_one_statement(tmp_path: Path) -> None:
    statements: list[str] = []

    def look(session: Session) -> None:
        played(session, [("see", place) for place in PLACES], [])

    async def play() -> None:
        database = Database(f"sqlite:///{tmp_path}/guests.db", metadata)
        begun, gate = threading.Event(), threading.Event()
        async with open_databases(database):
            driver: Any = database._connection.connection.dbapi_connection  # type: ignore[union-attr]
            held = database.submit(lambda _: begun.set() or gate.wait(30))
            assert await asyncio.to_thread(begun.wait, 30)
            driver.set_trace_callback(statements.append)
            works = [database.submit(look, [(GUEST, place) for place in PLACES]) for _ in range(50)]
            gate.set()
            await asyncio.gather(*map(asyncio.wrap_future, [held, *works]))

    asyncio.run(play())

    assert len([each for each in statements if each.startswith("SELECT")]) == len({house for house, _ in PLACES})
    assert not [each for each in statements if "SAVEPOINT" in each], "nothing was changed"
