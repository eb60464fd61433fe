"""Heartbeats tell consumers soon that the stream has lost its tail; they are signed, and prove nothing alone."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY

from shared.relay import Heartbeat, heads_name, mac_of
from shared.subscription import AGREED_POLL_SECONDS
from tests.shared.mechanism import KEY, POLL_SECONDS, Consumer, Source, a_source_and_a_consumer
from tests.shared.small import Valkey, a_service, append
from tests.support import eventually


def beat_of(raw: bytes) -> Heartbeat:
    return msgspec.json.decode(raw, type=Heartbeat)


def signed(beat: Heartbeat, key: bytes = KEY) -> tuple[bytes, bytes]:
    raw = msgspec.json.encode(beat)
    return raw, mac_of(key, raw)


async def true_beat(source: Source) -> Heartbeat:
    head = await source.database.read(lambda session: source.log.head(session, 0))
    return Heartbeat(source="budget", partition=0, epoch=head.epoch, seq=head.seq, hash=head.hash)


def play(scenario: Any, folder: Path) -> None:
    async def run() -> None:
        async with a_source_and_a_consumer(folder, 3) as (source, consumer):
            await consumer.subscription.catch_up()
            await scenario(source, consumer)

    asyncio.run(run())


def asks(consumer: Consumer) -> bool:
    return consumer.subscription._nudged.is_set()


def refused(reason: str) -> float:
    labels = {"consumer": "consumer", "source": "budget", "reason": reason}
    return REGISTRY.get_sample_value("scorebus_events_refused_total", labels) or 0


def test_a_relay_at_rest_tells_the_head_signed_and_keeps_only_the_last(tmp_path: Path, valkey: Valkey) -> None:
    name = heads_name("budget", 0)
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        head = service.head()
        key = service.issuer.mac_key("budget")

        entry = eventually(
            lambda: next((found for found in valkey.entries(name) if beat_of(found[b"head"]).seq == 2), None),
            "the beat",
        )
        eventually(lambda: valkey._client.xinfo_stream(name)["entries-added"] >= 3, "three beats")

        assert set(entry) == {b"head", b"mac"}
        assert beat_of(entry[b"head"]) == Heartbeat(
            source="budget", partition=0, epoch=head.epoch, seq=2, hash=head.hash
        )
        assert entry[b"mac"] == mac_of(key, entry[b"head"])
        assert len(valkey.entries(name)) == 1


def test_a_heartbeat_ahead_of_the_watermark_makes_the_consumer_ask(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await source.append(2)

        await consumer.subscription.hear([signed(await true_beat(source))])

        assert asks(consumer)
        assert consumer.subscription.head_seq == 5

    play(scenario, tmp_path)


@pytest.mark.parametrize("change", [{"epoch": "another"}, {"hash": "f" * 64}])
def test_another_epoch_or_another_history_makes_the_consumer_ask(tmp_path: Path, change: dict[str, str]) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        beat = msgspec.structs.replace(await true_beat(source), **change)

        await consumer.subscription.hear([signed(beat)])

        assert asks(consumer)

    play(scenario, tmp_path)


@pytest.mark.parametrize("change", [{}, {"seq": 2, "hash": "f" * 64}])
def test_a_level_or_an_old_heartbeat_costs_nothing(tmp_path: Path, change: dict[str, Any]) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        beat = msgspec.structs.replace(await true_beat(source), **change)

        await consumer.subscription.hear([signed(beat)])

        assert not asks(consumer)

    play(scenario, tmp_path)


def test_a_heartbeat_before_the_first_contact_is_left_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with a_source_and_a_consumer(tmp_path, 3) as (source, consumer):
            await consumer.subscription.hear([signed(await true_beat(source))])
            assert not asks(consumer)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda beat: signed(beat, b"another key"), "mac"),
        (lambda beat: (signed(beat)[0], b""), "mac"),
        (lambda beat: signed(msgspec.structs.replace(beat, source="procurement")), "envelope"),
        (lambda beat: signed(msgspec.structs.replace(beat, partition=1)), "envelope"),
        (lambda _: (b"\xff", mac_of(KEY, b"\xff")), "envelope"),
        (lambda _: (b'{"seq":"9"}', mac_of(KEY, b'{"seq":"9"}')), "envelope"),
    ],
)
def test_a_forged_heartbeat_is_refused_and_counted(tmp_path: Path, forge: Any, reason: str) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await source.append()
        before = refused(reason)

        await consumer.subscription.hear([forge(await true_beat(source))])

        assert refused(reason) == before + 1
        assert not asks(consumer)

    play(scenario, tmp_path)


def test_heartbeats_that_agree_put_the_poll_off_and_silence_does_not(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        subscription, beat = consumer.subscription, signed(await true_beat(source))
        now = asyncio.get_running_loop().time()
        assert subscription._due(now) == now + POLL_SECONDS

        await subscription.hear([beat])

        assert subscription._due(now) == subscription._agreed_at + POLL_SECONDS > now + POLL_SECONDS
        later = subscription._agreed_at + 1  # Nothing was heard since: asked within the poll, as ever.
        assert subscription._due(later) == later + POLL_SECONDS

    play(scenario, tmp_path)


def test_the_source_itself_is_asked_now_and_then_whatever_heartbeats_say(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        subscription = consumer.subscription
        await subscription.hear([signed(await true_beat(source))])
        assert subscription.level_at is not None
        subscription._agreed_at = subscription.level_at + AGREED_POLL_SECONDS + 1

        due = subscription._due(subscription.level_at)

        assert due == pytest.approx(subscription.level_at + AGREED_POLL_SECONDS)

    play(scenario, tmp_path)


@pytest.mark.parametrize("change", [{"seq": 4}, {"seq": 2}, {"hash": "f" * 64}, {"epoch": "another"}])
def test_a_heartbeat_that_does_not_agree_puts_nothing_off(tmp_path: Path, change: dict[str, Any]) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        now = asyncio.get_running_loop().time()

        await consumer.subscription.hear([signed(msgspec.structs.replace(await true_beat(source), **change))])

        assert consumer.subscription._due(now) == now + POLL_SECONDS

    play(scenario, tmp_path)


def test_a_tail_that_was_lost_after_the_last_heartbeat_is_pulled_by_itself(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        running = asyncio.create_task(consumer.subscription.run())
        await consumer.subscription.hear([signed(await true_beat(source))])
        await source.append(2)  # And the bus is gone: neither they nor another heartbeat arrive.
        async with asyncio.timeout(20):
            while await consumer.stored() != [1, 2, 3, 4, 5]:
                await asyncio.sleep(0.01)
        running.cancel()

    play(scenario, tmp_path)


def test_an_event_is_no_heartbeat_and_a_heartbeat_is_no_event(tmp_path: Path) -> None:
    async def scenario(source: Source, consumer: Consumer) -> None:
        await source.append()
        before = refused("envelope")

        await consumer.subscription.hear((await source.entries())[-1:])
        await consumer.subscription.deliver([signed(await true_beat(source))])

        assert refused("envelope") == before + 2
        assert await consumer.stored() == [1, 2, 3]

    play(scenario, tmp_path)
