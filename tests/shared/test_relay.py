"""The relay copies the log to the stream, and fills it again whatever befalls Redis."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from shared.log import EventLog
from shared.problems import Unavailable
from shared.relay import BATCH, Relay, mac_of, stream_name
from tests.shared.mechanism import KEY, Source, open_databases
from tests.shared.small import Valkey, a_service, append
from tests.support import Running, eventually

pytestmark = pytest.mark.usefixtures("either_store")

STREAM = "events:{budget:0}"


def on_stream(valkey: Valkey) -> list[str]:
    """The receipts of the stream, in its order."""
    return [json.loads(entry[b"event"])["data"]["receipt"] for entry in valkey.entries(STREAM)]


def fills_up(valkey: Valkey, service: Running) -> bool:
    """Whether the stream comes to end as the log does."""
    logged = [event["data"]["receipt"] for event in service.events()]
    eventually(lambda: on_stream(valkey)[-len(logged) :] == logged, f"{logged} on the stream")
    return True


def test_the_name_of_a_stream_keeps_a_partition_on_one_node() -> None:
    assert stream_name("budget", 0) == STREAM


def test_a_mac_is_hmac_sha_256_in_lower_case_hex() -> None:
    # RFC 4231, test case 2.
    expected = b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

    assert mac_of(b"Jefe", b"what do ya want for nothing?") == expected


def test_what_is_committed_stands_on_the_stream_as_the_very_bytes_with_their_mac(
    tmp_path: Path, valkey: Valkey
) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2", "r3")
        eventually(lambda: len(valkey.entries(STREAM)) >= 3, "three entries")

        entries = valkey.entries(STREAM)
        key = service.issuer.mac_key("budget")

        assert [entry[b"event"] for entry in entries] == service.log()
        assert all(set(entry) == {b"event", b"mac"} for entry in entries)
        assert [entry[b"mac"] for entry in entries] == [mac_of(key, raw) for raw in service.log()]


def test_a_backlog_of_many_batches_arrives_in_order(tmp_path: Path, valkey: Valkey) -> None:
    events = 2 * BATCH + 7

    async def scenario() -> None:
        source = Source(tmp_path)
        async with open_databases(source.database):
            await source.database.write(source.log.create)
            await source.append(events)
            async with Redis.from_url(valkey.url) as redis:
                running = asyncio.create_task(Relay(source.database, source.log, 0, KEY).run(redis))
                await asyncio.to_thread(eventually, lambda: len(on_stream(valkey)) >= events, "the backlog")
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())

    assert on_stream(valkey) == [f"r{number}" for number in range(1, events + 1)]


def test_a_stream_that_was_flushed_is_filled_again(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        assert fills_up(valkey, service)

        valkey.flush()

        assert fills_up(valkey, service)
        append(service, "r3")
        assert fills_up(valkey, service)


def test_a_server_that_was_killed_and_lost_everything_is_filled_again(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        assert fills_up(valkey, service)
        valkey.kill()
        append(service, "r3")

        valkey.start()

        assert fills_up(valkey, service)
        append(service, "r4")
        assert fills_up(valkey, service)


def test_a_service_starts_and_commits_without_redis_and_catches_up_when_it_comes(
    tmp_path: Path, valkey: Valkey
) -> None:
    valkey.kill()
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        assert service.send("GET", "/livez", role=None).is_success
        assert len(service.events()) == 2

        valkey.start()

        assert fills_up(valkey, service)


def test_a_relay_that_starts_again_does_not_repeat_what_the_stream_has(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        assert fills_up(valkey, service)

    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r3")
        assert fills_up(valkey, service)

    assert on_stream(valkey) == ["r1", "r2", "r3"]


def test_a_relay_goes_on_after_the_last_entry_that_its_stream_has(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        assert fills_up(valkey, service)
    with a_service(tmp_path) as service:  # Without the bus.
        append(service, "r3", "r4")

    with a_service(tmp_path, redis_url=valkey.url) as service:
        assert fills_up(valkey, service)

    assert on_stream(valkey) == ["r1", "r2", "r3", "r4"]


def test_a_stream_with_the_history_of_another_log_gets_all_of_this_one(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path / "one", redis_url=valkey.url) as other:
        append(other, "foreign1", "foreign2")
        assert fills_up(valkey, other)
    with a_service(tmp_path / "two") as service:
        append(service, "r1", "r2", "r3")

    with a_service(tmp_path / "two", redis_url=valkey.url) as service:
        assert fills_up(valkey, service)


@pytest.mark.parametrize("entry", [{"event": "nonsense", "mac": "x"}, {"other": "field"}])
def test_a_foreign_entry_at_the_end_of_the_stream_stops_nothing(
    tmp_path: Path, valkey: Valkey, entry: dict[Any, Any]
) -> None:
    valkey._client.xadd(STREAM, entry)

    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1")
        raw = service.log()[0]

        eventually(lambda: raw in [found.get(b"event") for found in valkey.entries(STREAM)], "the event")


def test_a_database_that_fails_for_a_while_does_not_end_the_relay(tmp_path: Path, valkey: Valkey) -> None:
    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r0")
        assert fills_up(valkey, service)
        after, failures = EventLog.after, []

        def failing(*words: Any) -> Any:
            failures.append(1)
            raise Unavailable("the disk is gone")

        service.service.log.after = failing  # type: ignore[method-assign]
        append(service, "r1")
        eventually(lambda: on_stream(valkey) == ["r0", "r1"], "what was just committed, and need not be read")
        valkey.flush()
        eventually(lambda: len(failures) >= 2, "a failure, and another one after it")

        service.service.log.after = after.__get__(service.service.log)  # type: ignore[method-assign]

        assert fills_up(valkey, service)
