"""The relay against a real Valkey that refuses, forgets, or holds what somebody else put there."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shared.relay import mac_of, stream_name
from tests.shared.small import Valkey, a_service, append
from tests.support import eventually

STREAM = stream_name("budget", 0)


def receipts(valkey: Valkey) -> list[str]:
    """What stands on the stream, in its order; what is no event of ours as a dash."""
    found = []
    with contextlib.suppress(redis.RedisError):
        for entry in valkey.entries(STREAM):
            try:
                found.append(json.loads(entry[b"event"])["data"]["receipt"])
            except (KeyError, ValueError):
                found.append("-")
    return found


def arrives(valkey: Valkey, *expected: str) -> bool:
    return bool(eventually(lambda: receipts(valkey)[-len(expected) :] == list(expected), f"{expected} on the stream"))


def failures(reason: str) -> float:
    labels = {"source": "budget", "reason": reason}
    return REGISTRY.get_sample_value("scorebus_relay_failures_total", labels) or 0


def is_refused(reason: str, before: float) -> bool:
    return bool(eventually(lambda: failures(reason) > before + 1, f"{reason}, and again"))


@contextlib.contextmanager
def another_valkey(folder: Path, *words: str) -> Iterator[Valkey]:
    """A server of its own, with settings."""
    server = Valkey(folder)
    server.start()
    try:
        for name, value in zip(words[::2], words[1::2], strict=True):
            server._client.config_set(name, value)
        yield server
    finally:
        server.close()


def alarms(logs: list[Any]) -> list[str]:
    return [entry["event"] for entry in logs if entry.get("alarm")]


@pytest.mark.parametrize("put", ["SET", "LPUSH", "SADD"])
def test_a_key_of_another_type_under_the_streams_name_is_removed_and_alarmed(
    tmp_path: Path, valkey: Valkey, put: str
) -> None:
    with capture_logs() as logs, a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1")
        assert arrives(valkey, "r1")
        valkey._client.delete(STREAM)
        valkey._client.execute_command(put, STREAM, "x")

        append(service, "r2")

        assert arrives(valkey, "r1", "r2")
    assert {"relay_refused", "foreign_key_removed"} <= set(alarms(logs))


def test_a_key_of_another_type_that_was_there_first_is_removed(tmp_path: Path, valkey: Valkey) -> None:
    valkey._client.set(STREAM, "x")
    valkey._client.set("heads:{budget:0}", "x")

    with a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1")

        assert arrives(valkey, "r1")


def test_while_memory_is_full_it_is_alarmed_once_counted_and_tried_again(tmp_path: Path) -> None:
    with another_valkey(tmp_path) as valkey, a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1")
        assert arrives(valkey, "r1")
        before = failures("OutOfMemoryError")
        with capture_logs() as logs:
            valkey._client.config_set("maxmemory", "1")
            append(service, "r2")
            assert is_refused("OutOfMemoryError", before)
            assert service.send("GET", "/livez", role=None).is_success

        valkey._client.config_set("maxmemory", "0")

        assert arrives(valkey, "r1", "r2")
    assert alarms(logs).count("relay_refused") == 1


def test_a_read_only_replica_is_alarmed_and_used_once_it_takes_writes(tmp_path: Path, valkey: Valkey) -> None:
    with another_valkey(tmp_path) as replica, a_service(tmp_path, redis_url=replica.url) as service:
        append(service, "r1")
        assert arrives(replica, "r1")
        before = failures("ReadOnlyError")
        with capture_logs() as logs:
            replica._client.replicaof("127.0.0.1", str(valkey.port))
            append(service, "r2")
            assert is_refused("ReadOnlyError", before)

        replica._client.replicaof("NO", "ONE")

        assert arrives(replica, "r1", "r2")  # It had taken over the empty stream of its master.
    assert "relay_refused" in alarms(logs)


def test_a_rollback_to_an_older_copy_is_filled_up_from_there(tmp_path: Path) -> None:
    with another_valkey(tmp_path) as valkey, a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1", "r2")
        assert arrives(valkey, "r1", "r2")
        valkey._client.save()
        shutil.copy(tmp_path / "dump.rdb", tmp_path / "old.rdb")
        append(service, "r3", "r4")
        assert arrives(valkey, "r1", "r2", "r3", "r4")
        valkey.kill()
        shutil.copy(tmp_path / "old.rdb", tmp_path / "dump.rdb")

        valkey.start()

        assert arrives(valkey, "r1", "r2", "r3", "r4")
        append(service, "r5")
        assert arrives(valkey, "r4", "r5")
        assert receipts(valkey) == ["r1", "r2", "r3", "r4", "r5"]


def test_a_true_event_with_a_forged_mac_at_the_end_does_not_pass_for_a_filled_stream(
    tmp_path: Path, valkey: Valkey
) -> None:
    with a_service(tmp_path) as service:  # Without the bus.
        append(service, "r1", "r2", "r3")
        valkey._client.xadd(STREAM, {"event": service.log()[2], "mac": "0" * 64})

    with a_service(tmp_path, redis_url=valkey.url) as service:
        assert arrives(valkey, "r1", "r2", "r3")
        signed = [entry[b"mac"] == mac_of(service.issuer.mac_key("budget"), entry[b"event"]) for entry in on(valkey)]

    assert signed == [False, True, True, True]


def on(valkey: Valkey) -> list[dict[bytes, bytes]]:
    return valkey.entries(STREAM)


@pytest.mark.parametrize("copies", [1, 3])
def test_an_event_of_another_partition_or_source_at_the_end_is_no_place_to_go_on(
    tmp_path: Path, valkey: Valkey, copies: int
) -> None:
    with a_service(tmp_path / "foreign") as other:
        append(other, "f1", "f2", "f3")
        foreign = other.log()[2]
        key = other.issuer.mac_key("budget")
    for _ in range(copies):
        valkey._client.xadd(STREAM, {"event": foreign, "mac": mac_of(key, foreign)})

    with a_service(tmp_path / "own", redis_url=valkey.url) as service:
        append(service, "r1", "r2", "r3", "r4")

        assert arrives(valkey, "r1", "r2", "r3", "r4")


def test_without_a_password_that_was_set_meanwhile_it_is_alarmed(tmp_path: Path) -> None:
    with another_valkey(tmp_path) as valkey, a_service(tmp_path, redis_url=valkey.url) as service:
        append(service, "r1")
        assert arrives(valkey, "r1")
        with capture_logs() as logs:
            valkey._client.execute_command("ACL", "SETUSER", "default", "-xadd", "-xrevrange")
            append(service, "r2")
            eventually(lambda: "relay_refused" in alarms(logs), "the alarm")

        valkey._client.execute_command("ACL", "SETUSER", "default", "+xadd", "+xrevrange")

        assert arrives(valkey, "r1", "r2")
