"""What was received is read by project, block by block, by way of the index that is made for it."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import select
from sqlmodel import Session

from shared.database import Database
from shared.migrations import Migrations
from shared.received import BLOCK, blocks, in_block, received_event, rows_of
from shared.statements import Statement
from shared.stores import driver_url, writer_engine
from tests.shared.mechanism import open_databases
from tests.stores import Store

# About the bounds of blocks, with a block between them that holds nothing of the project, and one that holds nothing.
PLACES = [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 3 * BLOCK, 5 * BLOCK + 7]
OF_ANOTHER = [3, 2 * BLOCK, 5 * BLOCK + 8]

QUERY = select(received_event.c.position).where(in_block()).order_by(received_event.c.position)
FOUND = Statement(QUERY)


def row(position: int, project: str) -> dict[str, Any]:
    return {
        "position": position,
        "s": "budget",
        "p": 0,
        "epoch": "e",
        "seq": position,
        "id": str(position),
        "subject": project,
        "hash": "h",
        "event": b"{}",
    }


def found(session: Session, position: int) -> list[int]:
    return [place for (place,) in rows_of(FOUND, session, "p", position=position)]


def test_everything_of_a_project_after_a_place_is_found_in_order(store: Store) -> None:
    rows = [row(place, "p") for place in PLACES] + [row(place, "q") for place in OF_ANOTHER]

    async def play() -> None:
        database = Database(store.database("evaluation"), schema=Migrations("services.evaluation"))
        async with open_databases(database):
            assert await database.read(lambda session: found(session, 0)) == []
            await database.write(lambda session: session.execute(received_event.insert(), rows))
            for position in (0, *(place + step for place in PLACES for step in (-1, 0))):
                after = await database.read(lambda session, position=position: found(session, position))
                assert after == [place for place in PLACES if place > position], position

    asyncio.run(play())


def test_the_index_by_block_serves_it(store: Store) -> None:
    url = driver_url(store.database("evaluation"))
    compiled = QUERY.params(project="p", block=1, position=5).compile(
        dialect=url.get_dialect()(), compile_kwargs={"literal_binds": True}
    )
    explain = "EXPLAIN QUERY PLAN " if store.kind == "sqlite" else "EXPLAIN "
    with writer_engine(url).begin() as connection:
        if store.kind != "sqlite":  # Which would rather go through a table as empty as this.
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = " ".join(str(line) for line in connection.exec_driver_sql(f"{explain}{compiled}"))

    assert "ix_received_event_block" in plan
    if store.kind == "sqlite":
        assert "TEMP B-TREE" not in plan, "it is in order already"


@pytest.mark.parametrize(
    ("position", "last", "expected"),
    [
        (0, 0, []),
        (7, 7, []),
        (0, 1, [0]),
        (BLOCK - 1, BLOCK, [1]),
        (BLOCK - 2, BLOCK, [0, 1]),
        (BLOCK, 3 * BLOCK - 1, [1, 2]),
    ],
)
def test_only_blocks_that_can_hold_something_are_looked_at(position: int, last: int, expected: list[int]) -> None:
    assert list(blocks(position, last)) == expected
