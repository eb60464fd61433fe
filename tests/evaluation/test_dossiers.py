"""Dossiers follow what is committed, whatever snapshots their readers have."""

import asyncio
from datetime import UTC, date, datetime

from sqlmodel import Session

from services.evaluation.dossiers import Dossiers
from shared import received
from shared.database import Database
from shared.events import base
from shared.events.base import GENESIS_HASH, Envelope, Received
from shared.events.budget import PaymentMade
from shared.migrations import Migrations
from shared.stores import driver_url, reader_engine
from tests.shared.mechanism import open_databases
from tests.stores import Store

AT = datetime(2018, 6, 1, tzinfo=UTC)


def payment(number: int, project: str = "p") -> Received:
    data = PaymentMade(project=project, payment=f"pay{number}", line="a", amount="1.00", paid_on=date(2018, 6, 1))
    envelope = Envelope(
        specversion="1.0",
        id=f"e{number}",
        source="/budget",
        type=data.versioned_type(),
        subject=project,
        time=AT,
        datacontenttype="application/json",
        dataschema=f"/schemas/{data.versioned_type()}",
        partitionkey=project,
        sequence=f"{number:020d}",
        epoch="e",
        partition=0,
        prevhash=GENESIS_HASH,
        correlationid="c",
        recordedtime=AT,
        data=base.encode_data(data),
    )
    return base.read(base.encode(envelope))


def test_a_reader_with_an_older_snapshot_does_not_have_the_next_one_fold_twice(store: Store) -> None:
    dossiers = Dossiers(10)

    def seen(session: Session) -> list[str]:
        with dossiers.reading(session, "p") as facts:
            return list(facts.payments)

    async def play() -> None:
        url = store.database("evaluation")
        database, readers = Database(url, schema=Migrations("services.evaluation")), reader_engine(driver_url(url))
        async with open_databases(database):
            for number in (1, 2):
                await database.write(lambda session, n=number: received.store(session, "budget", 0, [payment(n)]))
            with Session(readers) as old, Session(readers) as new:
                assert received.last_position(old) == 2
                await database.write(lambda session: received.store(session, "budget", 0, [payment(3)]))
                assert seen(new) == ["pay1", "pay2", "pay3"]
                seen(old)
            with Session(readers) as newest:
                assert seen(newest) == ["pay1", "pay2", "pay3"]
        readers.dispose()

    asyncio.run(play())


def test_what_came_of_others_is_not_looked_through_again(store: Store) -> None:
    dossiers = Dossiers(10)

    async def play() -> None:
        database = Database(store.database("evaluation"), schema=Migrations("services.evaluation"))
        async with open_databases(database):
            events = [payment(1), *(payment(number, "q") for number in range(2, 6))]
            await database.write(lambda session: received.store(session, "budget", 0, events))
            await database.write(lambda session: dossiers.facts(session, "p"))
            assert dossiers._kept["p"].position == 5
            await database.write(lambda session: received.store(session, "budget", 0, [payment(6)]))
            facts = await database.write(lambda session: dossiers.facts(session, "p"))
            assert list(facts.payments) == ["pay1", "pay6"]

    asyncio.run(play())
