"""What the users of a deployment's Redis may do, asked of a real server."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.exceptions import NoPermissionError

from cli.acl import HEALTH, acl_file
from cli.embedded import _binary
from cli.folder import SERVICES
from cli.ports import free_port
from shared.log import PARTITIONS
from tests.cli.waiting import wait_until

PASSWORDS = {name: f"the password of {name}" for name in (*SERVICES, HEALTH)}


class Users:
    """Connections to the server."""

    def __init__(self, port: int) -> None:
        self._port = port

    def of(self, name: str) -> redis.Redis:
        return redis.Redis(port=self._port, username=name, password=PASSWORDS[name])

    def nobody(self) -> redis.Redis:
        return redis.Redis(port=self._port)

    def answers(self) -> bool:
        try:
            return bool(self.of(HEALTH).ping())
        except redis.ConnectionError:
            return False


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    """A server that has the ACL file of a deployment."""
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    (folder / "redis.acl").write_text(acl_file(PASSWORDS, PARTITIONS))
    words = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--aclfile")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([str(_binary()), *words, str(folder / "redis.acl")], stdout=log, stderr=log)
    users = Users(port)
    try:
        wait_until(lambda: server.poll() is not None or users.answers(), "the server")
        assert server.poll() is None, Path(log.name).read_text()
        yield users
    finally:
        server.kill()
        server.wait()


def test_the_file_holds_no_password() -> None:
    assert not any(password in acl_file(PASSWORDS, PARTITIONS) for password in PASSWORDS.values())


def test_nobody_gets_in_without_a_name(users: Users) -> None:
    with pytest.raises(redis.AuthenticationError):
        users.nobody().ping()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_writes_its_own_streams_and_no_others(users: Users, service: str) -> None:
    user = users.of(service)

    for other in SERVICES:
        for key in (f"events:{{{other}:0}}", f"heads:{{{other}:0}}"):
            if other == service:
                assert user.xadd(key, {"event": "x"}, maxlen=1)
                assert user.xrevrange(key, count=1)
            else:
                with pytest.raises(NoPermissionError):
                    user.xadd(key, {"event": "x"})
                with pytest.raises(NoPermissionError):
                    user.delete(key)


def test_a_service_reads_the_streams_it_follows_and_no_others(users: Users) -> None:
    followed = {
        "budget": {"procurement"},
        "monitoring": {"budget"},
        "evaluation": {"budget", "procurement", "monitoring"},
    }

    for service, sources in followed.items():
        user = users.of(service)
        for source in set(SERVICES) - {service}:
            key = f"events:{{{source}:0}}"
            if source in sources:
                assert not user.xread({key: "$"})
            else:
                with pytest.raises(NoPermissionError):
                    user.xread({key: "$"})


@pytest.mark.parametrize(
    "command",
    [("FLUSHALL",), ("CONFIG", "GET", "*"), ("KEYS", "*"), ("EVAL", "return 1", "0"), ("SHUTDOWN",), ("ACL", "LIST"),
     ("CLIENT", "KILL", "TYPE", "normal"), ("SUBSCRIBE", "x"), ("SET", "x", "y"), ("GET", "x")],
    ids=" ".join,
)  # fmt: skip
def test_no_service_may_do_anything_else(users: Users, command: tuple[str, ...]) -> None:
    for name in SERVICES:
        with pytest.raises(NoPermissionError):
            users.of(name).execute_command(*command)


def test_the_health_check_may_ping_and_nothing_else(users: Users) -> None:
    user = users.of(HEALTH)

    assert user.ping()
    with pytest.raises(NoPermissionError):
        user.info()
