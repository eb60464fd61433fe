"""What was just committed goes to the stream as it was told; whatever else is read from the log."""

import asyncio
from typing import Any, cast

import pytest

from shared.log import Appended, EventLog
from shared.relay import BATCH, Fresh, Relay


def events(*seqs: int) -> list[Appended]:
    return [Appended(0, seq, b"%d" % seq) for seq in seqs]


def fresh(*seqs: int) -> Fresh:
    kept = Fresh()
    kept.add(events(*seqs))
    return kept


@pytest.mark.parametrize(
    ("kept", "after", "found"),
    [
        ((4, 5, 6), 3, [4, 5, 6]),
        ((4, 5, 6), 4, [5, 6]),
        ((4, 5, 6), 6, []),
        ((4, 5, 6), 2, []),  # Number 3 is in the log alone.
        ((4, 5, 9), 4, []),  # Told of 9, nobody knows what became of 6 to 8.
        ((4, 5, 9), 8, [9]),
        ((4, 5, 5, 6), 4, [5, 6]),  # Numbered anew: what was told before is of a log that has lost it.
    ],
)
def test_only_what_follows_without_a_gap_is_found(kept: tuple[int, ...], after: int, found: list[int]) -> None:
    assert fresh(*kept).after(after) == [(seq, b"%d" % seq) for seq in found]


def test_of_a_backlog_no_more_than_a_batch_is_kept() -> None:
    kept = fresh(*range(1, BATCH + 2))

    assert kept.after(0) == []
    assert kept.after(BATCH) == [(BATCH + 1, b"%d" % (BATCH + 1))]


class Database:
    """Has the events 1 to 9, and counts how often it is asked."""

    def __init__(self) -> None:
        self.reads = 0

    async def read(self, _: Any) -> list[tuple[int, bytes]]:
        self.reads += 1
        return [(seq, b"from the log") for seq in range(1, 10)]


class Stream:
    """What the relay has sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def pipeline(self, **_: Any) -> "Stream":
        return self

    def execute_command(self, *words: Any) -> None:
        self.sent.append(words[words.index("event") + 1])

    async def execute(self) -> None:
        pass


def sent(cursor: int, *told: Appended) -> tuple[list[bytes], int]:
    """What a relay that has sent up to *cursor* sends when it is *told* of events, and how often it asks for it."""
    database, stream = Database(), Stream()
    relay = Relay(cast(Any, database), EventLog("budget", cast(Any, None)), 0, b"key")
    relay._cursor = cursor
    relay.wake(told)
    asyncio.run(relay._send(cast(Any, stream)))
    return stream.sent, database.reads


def test_what_was_told_is_not_read() -> None:
    assert sent(3, *events(4, 5)) == ([b"4", b"5"], 0)


def test_what_another_partition_has_told_is_not_sent() -> None:
    _, reads = sent(3, Appended(1, 4, b"another's"))

    assert reads == 1


def test_behind_what_was_told_the_log_is_read() -> None:
    found, reads = sent(0, *events(4, 5))

    assert (found, reads) == ([b"from the log"] * 9, 1)
