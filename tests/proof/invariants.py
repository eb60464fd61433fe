"""The invariants of the log, each by its name: what is violated is told in words."""

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session

from services.budget.store import LineRow
from services.evaluation.dossiers import Dossiers
from shared import parking
from shared.database import Database
from shared.events.base import GENESIS_HASH, hash_of, read
from shared.log import EventLog, event_log
from shared.received import received_event
from tests.proof.parts import PROJECT, Evaluation
from tests.proof.world import World, payments_of, score_row

Check = Callable[[World], AsyncIterator[str]]


async def i1(world: World) -> AsyncIterator[str]:
    """Committed numbers of a log are exactly 1 to the head, in commit order, each naming the one before."""
    for name, log, database in [*world.sources(), _own(world)]:
        rows = await database.read(lambda session, log=log: log.after(session, 0, 0, 10**6))
        head = await database.read(lambda session, log=log: log.head(session, 0))
        if [seq for seq, _ in rows] != list(range(1, head.seq + 1)):
            yield f"the numbers of {name} are {[seq for seq, _ in rows]}, its head is {head.seq}"
        hashes = [GENESIS_HASH, *(hash_of(raw) for _, raw in rows)]
        if any(read(raw).envelope.prevhash != before for (_, raw), before in zip(rows, hashes, strict=False)):
            yield f"an event of {name} does not name the one before it"
        if hashes[-1] != head.hash:
            yield f"the head of {name} is not its last event"


def _own(world: World) -> tuple[str, EventLog, Database]:
    service = world.evaluation.service
    return "evaluation", service.log, service.database


async def i2(world: World) -> AsyncIterator[str]:
    """A consumer holds exactly 1 to its watermark, each once, in order."""
    for name, _, _ in world.sources():
        numbers = [seq for seq, _ in await _received(world, name)]
        mark = await _mark(world, name)
        if numbers != list(range(1, mark.at.seq + 1 if mark else 1)):
            yield f"of {name} it holds {numbers}, its watermark is {mark.at.seq if mark else None}"


async def i3(world: World) -> AsyncIterator[str]:
    """Prefixes agree by hash, or the source is diverged, and stopped for a reason."""
    for name, _, database in world.sources():
        mark = await _mark(world, name)
        if mark is None:
            continue
        ours = dict(await _received(world, name))
        theirs = dict(
            await database.read(lambda s: list(map(tuple, s.execute(select(event_log.c.seq, event_log.c.hash)))))
        )
        agree = all(theirs.get(seq) == digest for seq, digest in ours.items())
        if not agree and mark.diverged is None:
            yield f"the histories of {name} differ, and it is not diverged"
        if agree and mark.diverged is not None:
            yield f"{name} is diverged for no reason"


async def i4(world: World) -> AsyncIterator[str]:
    """The projection is the fold of what was received."""
    if not await folded_anew(world.evaluation):
        yield "the facts in memory are not the fold of what was received"


async def folded_anew(evaluation: Evaluation) -> bool:
    """Whether the facts that are scored and those that are shown are what a fold from the beginning gives."""
    database = evaluation.service.database

    def digests(session: Session) -> tuple[str, str]:
        fresh = Dossiers(10).facts(session, PROJECT).digest()
        with evaluation.shown.reading(session, PROJECT) as shown:
            return shown.digest(), fresh

    shown, fresh = await database.read(digests)
    written = await database.write(lambda session: evaluation.written.facts(session, PROJECT).digest())
    return shown == written == fresh


async def i5(world: World) -> AsyncIterator[str]:
    """A 2xx has exactly one event; anything else none or one, and a repetition settles it."""
    made = await payments_of(world.budget)
    promised = []
    for post in world.posts:
        if post.is_promised:
            assert post.answer is not None
            promised.append(post.answer.json()["payment"])
            if made[promised[-1]] != 1:
                yield f"{post.key} was answered {post.answer.status_code} and has {made[promised[-1]]} events"
        elif post.answer is None or post.answer.status_code >= 500:
            yield f"{post.key} was not settled by repeating it"
    if len(set(promised)) != len(promised):
        yield "two keys were answered with one payment"
    if set(made) != set(promised):
        yield f"{len(set(made) - set(promised))} payments are in the log that nobody made"


async def i6(world: World) -> AsyncIterator[str]:
    """The sums of ledger, log and projection are one."""
    rows = await world.budget.service.database.read(lambda s: world.budget.log.after(s, 0, 0, 10**6))
    logged = sum((_amount(raw) for _, raw in rows), Decimal(0))
    ledger = await world.budget.service.database.read(
        lambda s: sum(s.execute(select(LineRow.paid).where(LineRow.project == PROJECT)).scalars())  # type: ignore[call-overload]
    )
    if logged * 100 != ledger:
        yield f"the log adds up to {logged}, the ledger to {Decimal(ledger) / 100}"
    mark = await _mark(world, "budget")
    if mark is None or mark.diverged is not None:
        return
    row = await score_row(world.evaluation)
    shown = Decimal(json.loads(row.document)["execution"]["spent"]) if row is not None else Decimal(0)
    if shown != logged:
        yield f"the log adds up to {logged}, the score shows {shown}"


def _amount(raw: bytes) -> Decimal:
    envelope = read(raw).envelope
    sign = {"payment.made.v1": 1, "payment.reversed.v1": -1}.get(envelope.type, 0)
    return sign * Decimal(json.loads(bytes(envelope.data))["amount"]) if sign else Decimal(0)


async def i7(world: World) -> AsyncIterator[str]:
    """A subscriber sees strictly increasing versions, each naming its predecessor, or is told to begin anew."""
    for fault in world.watcher.faults:
        yield fault
    row = await score_row(world.evaluation)
    if row is not None and world.watcher.versions.get(PROJECT) != row.version:
        yield f"the watcher is at {world.watcher.versions}, the score at {row.version}"
    if row is not None and world.watcher.totals.get(PROJECT) != row.total:
        yield f"the watcher saw {world.watcher.totals}, the score is {row.total}"


async def l1(world: World) -> AsyncIterator[str]:
    """When faults stop, every watermark reaches its head, and nothing stays parked."""
    for name, log, database in world.sources():
        mark = await _mark(world, name)
        head = await database.read(lambda session, log=log: log.head(session, 0))
        if mark is None or (mark.diverged is None and mark.at != head):
            yield f"{name} ends at {head.seq}, its watermark is {mark.at.seq if mark else None}"
    open_ones = await world.evaluation.service.database.read(parking.count_open)
    if open_ones:
        yield f"still parked: {open_ones}"


HEALED: Final[dict[str, Check]] = {"I1": i1, "I2": i2, "I3": i3, "I4": i4, "I5": i5, "I6": i6, "I7": i7, "L1": l1}


async def violations(world: World) -> list[str]:
    """What does not hold of a world that has healed; under L2, without a bus, liveness has that name."""
    found = list(world.violations)
    for name, check in HEALED.items():
        shown = "L2" if name == "L1" and not world.has_bus else name
        found += [f"{shown}: {words}" async for words in check(world)]
    return found


async def _mark(world: World, source: str) -> Any:
    return world.evaluation.subscription(source).mark


async def _received(world: World, source: str) -> list[tuple[int, str]]:
    query = (
        select(received_event.c.seq, received_event.c.hash)
        .where(received_event.c.s == source)
        .order_by(received_event.c.position)
    )
    return await world.evaluation.service.database.read(lambda s: [(row.seq, row.hash) for row in s.execute(query)])
