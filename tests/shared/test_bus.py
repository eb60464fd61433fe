"""The bus brings batches as long as Redis lives, and goes on when it lives again."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from shared.bus import BATCH, Bus
from shared.relay import stream_name
from tests.shared.small import Valkey
from tests.support import eventually

STREAM = stream_name("budget", 0)

numbers = itertools.count(1)


class Listener:
    """A bus with one subscriber that keeps what it was brought."""

    def __init__(self, url: str) -> None:
        self.bus = Bus(url)
        self.batches: list[list[tuple[bytes, bytes]]] = []
        self.failing = False
        self.starts = 0
        self.bus.subscribe("budget", 0, self._deliver)

    async def _deliver(self, entries: Sequence[tuple[bytes, bytes]]) -> None:
        self.batches.append(list(entries))
        if self.failing:
            raise RuntimeError("the subscriber has a bug")

    def _started(self) -> None:
        self.starts += 1

    @property
    def entries(self) -> list[tuple[bytes, bytes]]:
        return [entry for batch in self.batches for entry in batch]

    @contextlib.asynccontextmanager
    async def running(self):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.bus.run, self._started)
            yield
            tasks.cancel_scope.cancel()
        await self.bus.close()


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as started:
        yield started


@contextlib.contextmanager
def listening(portal: BlockingPortal, valkey: Valkey) -> Iterator[Listener]:
    listener = Listener(valkey.url)
    with portal.wrap_async_context_manager(listener.running()):
        yield listener


def add(valkey: Valkey, count: int = 1) -> list[tuple[bytes, bytes]]:
    """Put entries on the stream at once, as a relay does."""
    made = [(f"event-{number}".encode(), f"mac-{number}".encode()) for number in itertools.islice(numbers, count)]
    pipeline = valkey._client.pipeline(transaction=True)
    for event, mac in made:
        pipeline.xadd(STREAM, {"event": event, "mac": mac})
    pipeline.execute()
    return made


def hears(listener: Listener, valkey: Valkey) -> bool:
    """Whether something that is sent from now on arrives; what came before may be lost, so it is sent again."""
    sent: list[tuple[bytes, bytes]] = []

    def arrived() -> bool:
        sent.extend(add(valkey))
        return bool(set(sent) & set(listener.entries))

    return eventually(arrived, "an entry at the subscriber")


def test_a_subscriber_gets_event_and_mac_as_they_are_in_order_and_in_batches(
    portal: BlockingPortal, valkey: Valkey
) -> None:
    with listening(portal, valkey) as listener:
        assert hears(listener, valkey)

        sent = add(valkey, 2 * BATCH)
        eventually(lambda: sent[-1] in listener.entries, "the last entry")

        assert listener.entries[-len(sent) :] == sent
        assert len(listener.batches) < len(listener.entries)
        assert max(len(batch) for batch in listener.batches) <= BATCH
        assert listener.bus.is_up


def test_an_entry_without_its_fields_is_handed_on_as_empty(portal: BlockingPortal, valkey: Valkey) -> None:
    with listening(portal, valkey) as listener:
        assert hears(listener, valkey)

        valkey._client.xadd(STREAM, {"other": "field"})

        eventually(lambda: (b"", b"") in listener.entries, "the empty entry")
        assert hears(listener, valkey)


def test_after_a_flush_later_entries_arrive(portal: BlockingPortal, valkey: Valkey) -> None:
    with listening(portal, valkey) as listener:
        assert hears(listener, valkey)

        valkey.flush()

        assert hears(listener, valkey)


def test_after_a_crash_and_a_restart_later_entries_arrive(portal: BlockingPortal, valkey: Valkey) -> None:
    with listening(portal, valkey) as listener:
        assert hears(listener, valkey)

        valkey.kill()
        eventually(lambda: not listener.bus.is_up, "the bus to be down")
        valkey.start()

        eventually(lambda: listener.bus.is_up, "the bus to be up")
        assert hears(listener, valkey)


def test_a_bus_that_is_down_at_the_start_is_used_when_it_comes_up(portal: BlockingPortal, valkey: Valkey) -> None:
    valkey.kill()
    with listening(portal, valkey) as listener:
        assert not listener.bus.is_up
        assert listener.starts == 0

        valkey.start()

        assert hears(listener, valkey)
        assert listener.starts == 1


def test_a_subscriber_that_fails_gets_what_comes_later(portal: BlockingPortal, valkey: Valkey) -> None:
    with listening(portal, valkey) as listener:
        assert hears(listener, valkey)
        listener.failing = True
        assert hears(listener, valkey)

        listener.failing = False

        assert hears(listener, valkey)
