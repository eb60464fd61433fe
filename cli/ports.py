"""Ports of this machine."""

import socket
import time
from collections.abc import Mapping

from cli.errors import CommandError

HOST = "127.0.0.1"
OFFSETS: Mapping[str, int] = {"evaluation": 0, "budget": 1, "procurement": 2, "monitoring": 3}
CONSOLE_OFFSET = 80
PORT_BASE_MAX = 65_535 - CONSOLE_OFFSET


def ports_of(base: int) -> dict[str, int]:
    """The port of each service."""
    return {service: base + offset for service, offset in OFFSETS.items()}


def is_free(port: int) -> bool:
    """Whether a server could listen on *port* now; connections that linger after a server's end do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def require_free(ports: Mapping[str, int], *, patience_seconds: float) -> None:
    """
    Make sure that every service will get its port; those of a platform that was killed may take a moment to go.

    Raises:
        CommandError: Naming the first service whose port is in use, and the port.
    """
    deadline = time.monotonic() + patience_seconds
    for service, port in ports.items():
        while not is_free(port):
            if time.monotonic() >= deadline:
                raise CommandError(
                    f"port {port}, which {service} needs, is in use: stop what listens there, or choose other ports "
                    "with --port-base"
                )
            time.sleep(0.1)
