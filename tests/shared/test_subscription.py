"""R3, R4, R6: each event is applied exactly once, whatever the stream does."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from shared.events.base import GENESIS_HASH
from shared.feed import FeedUnreachable
from shared.problems import Unavailable
from shared.relay import mac_of
from shared.subscription import ATTEMPTS_MAX, Subscription
from tests.shared.mechanism import KEY, Consumer, Source, a_source_and_a_consumer, open_databases

pytestmark = pytest.mark.usefixtures("either_store")

EVENTS = 8


def play(scenario: Callable[[Source, Consumer], Awaitable[None]], folder: Path, events: int = EVENTS) -> None:
    async def run() -> None:
        async with a_source_and_a_consumer(folder, events) as (source, consumer):
            await scenario(source, consumer)

    asyncio.run(run())


def refused(reason: str) -> float:
    labels = {"consumer": "consumer", "source": "budget", "reason": reason}
    return REGISTRY.get_sample_value("scorebus_events_refused_total", labels) or 0


deliveries = st.lists(
    st.lists(st.integers(0, EVENTS - 1), min_size=1, max_size=6),  # A batch: any events, in any order, again and again.
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(batches=deliveries, pulls=st.lists(st.booleans(), min_size=8, max_size=8))
def test_any_delivery_leaves_exactly_the_prefix_up_to_the_watermark(
    batches: list[list[int]], pulls: list[bool]
) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        entries = await source.entries()
        for batch, pull in zip(batches, pulls, strict=False):
            if pull:
                await consumer.subscription.catch_up()
            await consumer.subscription.deliver([entries[index] for index in batch])
            mark = await consumer.mark()
            assert await consumer.stored() == list(range(1, (mark.at.seq if mark else 0) + 1))
        await consumer.subscription.catch_up()
        assert await consumer.stored() == list(range(1, EVENTS + 1))
        assert consumer.applied == [f"r{number}" for number in range(1, EVENTS + 1)]

    with TemporaryDirectory() as folder:
        play(scenario, Path(folder))


def test_the_stream_alone_suffices_once_the_source_is_known(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await consumer.subscription.catch_up()
        await source.append(4)
        pulled = consumer.feed.pulled

        await consumer.subscription.deliver((await source.entries())[EVENTS:])

        assert await consumer.stored() == list(range(1, EVENTS + 5))
        assert consumer.feed.pulled == pulled

    play(scenario, tmp_path)


def test_a_gap_is_not_applied_over_but_pulled(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await consumer.subscription.catch_up()
        await source.append(3)
        entries = await source.entries()

        await consumer.subscription.deliver(entries[EVENTS + 1 :])

        assert await consumer.stored() == list(range(1, EVENTS + 1))
        await consumer.subscription.catch_up()
        assert await consumer.stored() == list(range(1, EVENTS + 4))

    play(scenario, tmp_path)


def test_the_running_subscription_pulls_a_lost_tail_by_itself(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        running = asyncio.create_task(consumer.subscription.run())
        await source.append(2)
        async with asyncio.timeout(20):
            while len(await consumer.stored()) < EVENTS + 2:
                await asyncio.sleep(0.01)
        running.cancel()

    play(scenario, tmp_path)


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda raw, mac: (raw.replace(b'"1.00"', b'"9.00"'), mac), "mac"),
        (lambda raw, mac: (raw, b""), "mac"),
        (lambda raw, mac: (raw, mac.upper()), "mac"),
        (lambda raw, mac: (raw, mac_of(b"another key", raw)), "mac"),
        (lambda raw, mac: (b"\xff{", mac_of(KEY, b"\xff{")), "envelope"),
        (lambda raw, mac: (raw[:-1], mac_of(KEY, raw[:-1])), "envelope"),
    ],
)
def test_a_forged_entry_is_refused_and_counted(tmp_path: Path, forge, reason: str) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await consumer.subscription.catch_up()
        await source.append()
        before = refused(reason)

        await consumer.subscription.deliver([forge(*(await source.entries())[-1])])

        assert refused(reason) == before + 1
        assert await consumer.stored() == list(range(1, EVENTS + 1))

    play(scenario, tmp_path)


def test_an_entry_whose_chain_breaks_is_left_to_the_source(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await consumer.subscription.catch_up()
        await source.append()
        raw, _ = (await source.entries())[-1]
        other = raw.replace(raw[raw.index(b'"prevhash":"') + 12 :][:64], GENESIS_HASH.encode())

        await consumer.subscription.deliver([(other, mac_of(KEY, other))])

        assert await consumer.stored() == list(range(1, EVENTS + 1))
        await consumer.subscription.catch_up()
        assert await consumer.stored() == list(range(1, EVENTS + 2))

    play(scenario, tmp_path)


def test_two_workers_on_one_database_apply_each_event_once(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        other = consumer.subscribe()
        await asyncio.gather(consumer.subscription.catch_up(), other.catch_up())
        for _ in range(5):
            await source.append()
            last = (await source.entries())[-1:]
            await asyncio.gather(consumer.subscription.deliver(last), other.deliver(last))
            await asyncio.gather(consumer.subscription.catch_up(), other.catch_up())

        assert await consumer.stored() == list(range(1, EVENTS + 6))

    play(scenario, tmp_path)


def test_effect_and_watermark_stand_or_fall_together(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        commit = consumer.database._write_group

        def fail(group: list) -> None:
            for unit in group:
                unit.undone()
            consumer.database._settle([(unit, None, Unavailable("the disk is full")) for unit in group])

        consumer.database._write_group = fail  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            await consumer.subscription.catch_up()
        consumer.database._write_group = commit  # type: ignore[method-assign]

        assert await consumer.stored() == []
        await consumer.subscription.catch_up()
        assert await consumer.stored() == list(range(1, EVENTS + 1))

    play(scenario, tmp_path)


def test_poison_is_stored_and_parked_with_its_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        consumer.poison = {"r3"}

        await consumer.subscription.catch_up()

        assert await consumer.stored() == list(range(1, EVENTS + 1))
        assert await consumer.parked() == [("the test says so", 1)]
        assert consumer.applied == [f"r{number}" for number in range(1, EVENTS + 1) if number != 3]

    play(scenario, tmp_path)


class KilledError(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


class Mortal:
    """A database whose process dies in the transaction of the effect if *deadly* is among what is applied."""

    def __init__(self, database, deadly: int) -> None:
        self._database = database
        self._deadly = deadly
        self.writes = 0
        self.read = database.read

    async def write(self, work):
        self.writes += 1
        held = dict(
            zip(work.__code__.co_freevars, [cell.cell_contents for cell in work.__closure__ or ()], strict=True)
        )
        if work.__name__ == "work" and any(event.seq == self._deadly for event in held["events"]):
            raise KilledError
        return await self._database.write(work)


def careful(consumer: Consumer, deadly: int) -> Subscription:
    """A subscription of a process that found that the one before it did not stop cleanly."""
    found = consumer.subscribe()
    found.be_careful()
    found._database = Mortal(consumer.database, deadly)  # type: ignore[assignment]
    return found


@pytest.mark.parametrize(("deadly", "deaths"), [(1, ATTEMPTS_MAX), (4, ATTEMPTS_MAX + 1)])
def test_an_event_that_kills_the_process_is_parked_after_its_last_attempt(
    tmp_path: Path, deadly: int, deaths: int
) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        for _ in range(deaths):
            with pytest.raises(KilledError):
                await careful(consumer, deadly).catch_up()
        survivor = consumer.subscribe()
        survivor.be_careful()
        await survivor.catch_up()

        assert await consumer.parked() == [(f"not finished in {ATTEMPTS_MAX} attempts", ATTEMPTS_MAX + 1)]
        assert await consumer.stored() == list(range(1, EVENTS + 1))
        assert consumer.applied == [f"r{number}" for number in range(1, EVENTS + 1) if number != deadly]

    play(scenario, tmp_path)


def test_after_a_kill_that_no_event_is_to_blame_for_a_batch_costs_one_write_more(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        subscription = careful(consumer, deadly=0)
        await subscription.catch_up()

        assert await consumer.stored() == list(range(1, EVENTS + 1))
        assert subscription._database.writes == 3  # The watermark's first, the attempt's, the batch's.

    play(scenario, tmp_path)


def test_a_database_that_refuses_after_a_kill_gets_no_event_parked(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        subscription = consumer.subscribe()
        subscription.be_careful()
        true, refusals = consumer.database.write, 0

        async def write(work):
            nonlocal refusals
            if work.__name__ == "work" and refusals < 2 * ATTEMPTS_MAX:
                refusals += 1
                raise Unavailable("the database cannot take this now; nothing was stored")
            return await true(work)

        subscription._database.write = write  # type: ignore[method-assign]
        for _ in range(2 * ATTEMPTS_MAX):
            with pytest.raises(Unavailable):
                await subscription.catch_up()
        await subscription.catch_up()

        assert await consumer.parked() == []
        assert await consumer.stored() == list(range(1, EVENTS + 1))

    play(scenario, tmp_path)


def test_a_source_that_lost_its_tail_is_diverged_and_its_scores_stand_still(tmp_path: Path) -> None:
    async def run() -> None:
        async with a_source_and_a_consumer(tmp_path, EVENTS) as (_, consumer):
            await consumer.subscription.catch_up()
            restored = Source(tmp_path, "restored")
            async with open_databases(restored.database):
                await restored.database.write(restored.log.create)
                await restored.append(EVENTS + 5)
                consumer.feed.source = restored

                await consumer.subscription.catch_up()
                await consumer.subscription.deliver(await restored.entries())

                mark = await consumer.mark()
                assert mark is not None
                assert mark.diverged is not None
                assert await consumer.stored() == list(range(1, EVENTS + 1))

    asyncio.run(run())


def test_a_diverged_source_is_followed_again_once_its_true_log_is_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with a_source_and_a_consumer(tmp_path, EVENTS) as (source, consumer):
            await consumer.subscription.catch_up()
            restored = Source(tmp_path, "restored")
            async with open_databases(restored.database):
                await restored.database.write(restored.log.create)
                consumer.feed.source = restored
                await consumer.subscription.catch_up()
                consumer.feed.source = source
                await source.append()

                await consumer.subscription.catch_up()
                await consumer.subscription.catch_up()

                mark = await consumer.mark()
                assert mark is not None
                assert mark.diverged is None
                assert await consumer.stored() == list(range(1, EVENTS + 2))

    asyncio.run(run())


def test_an_unreachable_source_is_asked_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        consumer.feed.is_up = False
        with pytest.raises(FeedUnreachable):
            await consumer.subscription.catch_up()
        running = asyncio.create_task(consumer.subscription.run())

        consumer.feed.is_up = True
        async with asyncio.timeout(20):
            while len(await consumer.stored()) < EVENTS:
                await asyncio.sleep(0.01)
        running.cancel()

    play(scenario, tmp_path)
