"""The hub of score streams: what the scorer hands over and what the log says come to the same frames, each once."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest

from services.evaluation import stream
from services.evaluation.stream import Hub
from shared.database import Database
from shared.events.base import Envelope, encode
from tests.evaluation.builders import YEAR_OVER

EPOCH = "e"


def published(seq: int, kind: str = "score.updated", epoch: str = EPOCH) -> Envelope:
    return Envelope(
        specversion="1.0",
        id=f"id-{seq}",
        source="/evaluation",
        type=f"{kind}.v1",
        time=YEAR_OVER,
        datacontenttype="application/json",
        dataschema="s",
        partitionkey="p",
        sequence=f"{seq:020d}",
        epoch=epoch,
        partition=0,
        prevhash="0" * 64,
        correlationid="c",
        recordedtime=YEAR_OVER,
        data=msgspec.Raw(b'{"version":%d}' % seq),
    )


class Log:
    """What evaluation has on record; while it is read, *meanwhile* may happen."""

    def __init__(self, *envelopes: Envelope) -> None:
        self.envelopes = list(envelopes)
        self.reads = 0
        self.meanwhile: Any = lambda: None

    async def read(self, work: Any) -> Any:
        self.reads += 1
        name = getattr(work, "__name__", "")
        rows = [(each.seq, encode(each)) for each in self.envelopes if each.type == stream.SCORE]
        end = self.envelopes[-1].seq if self.envelopes else 0
        self.meanwhile()
        return (EPOCH, rows, end) if name == "_news" else rows


def a_hub(log: Log, seq: int) -> Hub:
    hub = Hub(cast(Database, log))
    hub.epoch, hub.seq, hub._since = EPOCH, seq, seq
    return hub


def seqs_after(hub: Hub, seq: int) -> tuple[Sequence[int], int]:
    frames, end = asyncio.run(hub.after(seq))
    return [frame.seq for frame in frames], end


def test_what_follows_is_shown_without_a_look_at_the_log() -> None:
    log = Log()
    hub = a_hub(log, 5)
    moved = hub.moved.current()

    hub.take([published(6), published(7, "alert.raised"), published(8)])

    assert seqs_after(hub, 5) == ([6, 8], 8)
    assert seqs_after(hub, 6) == ([8], 8)
    assert (log.reads, moved.is_set()) == (0, True)


@pytest.mark.parametrize("ahead", [published(8), published(6, epoch="another")])
def test_what_does_not_follow_is_left_to_the_log(ahead: Envelope) -> None:
    hub = a_hub(Log(), 5)

    hub.take([ahead])

    assert (hub.seq, hub._is_behind.is_set()) == (5, True)


def test_a_look_at_the_log_finds_what_others_have_published() -> None:
    async def scenario() -> None:
        log = Log(published(6, "plan.adopted"), published(7))
        hub = a_hub(log, 5)
        following = asyncio.create_task(hub.run())
        async with asyncio.timeout(10):
            while hub.seq < 7:
                await asyncio.sleep(0)
            reads = log.reads
            log.envelopes.append(published(8, "rating.given"))
            log.envelopes.append(published(9))
            moved = hub.moved.current()
            hub.take([log.envelopes[-1]])  # Not eight: somebody rated.
            await moved.wait()
        following.cancel()

        assert [frame.seq for frame in (await hub.after(5))[0]] == [7, 9]
        assert log.reads == reads + 1

    asyncio.run(scenario())


def test_what_is_taken_while_the_log_is_read_is_shown_once() -> None:
    log = Log(published(6), published(7))
    hub = a_hub(log, 5)
    log.meanwhile = lambda: hub.take([published(6)])

    asyncio.run(hub._follow())

    assert seqs_after(hub, 5) == ([6, 7], 7)
