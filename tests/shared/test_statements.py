"""Statements made ready once do what SQLAlchemy would do, on both stores."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from shared.columns import Counter, Moment
from shared.database import Database
from shared.problems import Unavailable
from shared.statements import Statement, inserting, savepoint
from tests.shared.mechanism import open_databases

metadata = sa.MetaData()
visit = sa.Table(
    "visit",
    metadata,
    sa.Column("number", Counter, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(20), nullable=False, unique=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("paper", sa.LargeBinary),
    sa.Column("is_over", sa.Boolean, nullable=False),
)
AT = datetime(2018, 6, 1, 8, 30, tzinfo=timezone(timedelta(hours=8)))
ROW: dict[str, Any] = {"day": date(2018, 6, 1), "at": AT, "paper": b"\x00%s", "is_over": True}

INSERT = inserting(visit, but=["number"])
FIND = Statement(sa.select(visit).where(visit.c.name == sa.bindparam("named"), visit.c.is_over.is_(True)))
ALL = Statement(sa.select(visit.c.name).order_by(visit.c.number))
MOVE = Statement(sa.update(visit).where(visit.c.at < sa.bindparam("until")).values(day=sa.bindparam("new_day")))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/visits.db"
    address: str = request.getfixturevalue("postgresql_url")
    return address


def writing(url: str, *works: Callable[[Session], Any]) -> list[Any]:
    """What each of *works* came to, one transaction after the other."""

    async def play() -> list[Any]:
        database = Database(url, metadata)
        async with open_databases(database):
            return [await database.write(work) for work in works]

    return asyncio.run(play())


def names(session: Session) -> list[str]:
    return [name for (name,) in ALL.rows(session)]


def test_what_is_stored_is_found_as_it_was(url: str) -> None:
    _, found, missing = writing(
        url,
        lambda session: INSERT.run(session, name="a", **ROW),
        lambda session: FIND.first(session, named="a"),
        lambda session: FIND.first(session, named="b"),
    )

    assert found == (1, "a", date(2018, 6, 1), AT, b"\x00%s", True)
    assert found[3].tzinfo == UTC
    assert missing is None


def test_it_tells_how_many_rows_it_changed(url: str) -> None:
    def change(session: Session) -> tuple[int, int]:
        later = MOVE.run(session, until=AT + timedelta(seconds=1), new_day=date(2019, 1, 1))
        return later, MOVE.run(session, until=AT, new_day=date(2019, 1, 1))

    *_, changed = writing(url, lambda session: INSERT.run(session, name="a", **ROW), change)

    assert changed == (1, 0)


def test_it_sees_what_the_session_has_yet_to_write(url: str) -> None:
    def mixed(session: Session) -> list[str]:
        session.execute(visit.insert(), {"name": "by the session", **ROW})
        INSERT.run(session, name="ready", **ROW)
        return names(session)

    assert writing(url, mixed) == [["by the session", "ready"]]


def test_a_refusal_is_the_one_that_sqlalchemy_tells_and_undoes_its_unit_alone(url: str) -> None:
    def twice(session: Session) -> None:
        INSERT.run(session, name="b", **ROW)
        INSERT.run(session, name="a", **ROW)

    async def play() -> list[Any]:
        database = Database(url, metadata)
        units: list[Callable[[Session], Any]] = [lambda session: INSERT.run(session, name="a", **ROW), twice, names]
        async with open_databases(database):
            return await asyncio.gather(*(database.write(unit) for unit in units), return_exceptions=True)

    stored, refusal, left = asyncio.run(play())

    assert stored == 1
    assert isinstance(refusal, IntegrityError)
    assert left == ["a"]


def test_a_part_is_undone_alone(url: str) -> None:
    def parts(session: Session) -> list[str]:
        INSERT.run(session, name="before", **ROW)
        with pytest.raises(IntegrityError), savepoint(session):
            INSERT.run(session, name="within", **ROW) and INSERT.run(session, name="within", **ROW)
        with pytest.raises(IntegrityError), savepoint(session):
            INSERT.run(session, name="before", **ROW)
        with savepoint(session):
            INSERT.run(session, name="after", **ROW)
        return names(session)

    assert writing(url, parts, names) == [["before", "after"]] * 2


def test_a_reader_reads_its_snapshot_and_cannot_write(url: str) -> None:
    async def play() -> tuple[list[str], list[str]]:
        database = Database(url, metadata)

        def look(session: Session) -> tuple[list[str], list[str]]:
            before = names(session)
            database.submit(lambda session: INSERT.run(session, name="b", **ROW)).result(30)
            return before, names(session)

        async with open_databases(database):
            await database.write(lambda session: INSERT.run(session, name="a", **ROW))
            with pytest.raises(Unavailable):
                await database.read(lambda session: INSERT.run(session, name="c", **ROW))
            return await database.read(look)

    assert asyncio.run(play()) == (["a"], ["a"])
