"""
A sender of requests that costs little: raw HTTP/1.1 over kept connections, each sending the next as it is answered.

It shares the cores with what is measured, so that requests are made before, and of an answer only status and length are
read.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from bench.speed.figures import NotSo, quantile

PATIENCE_SECONDS = 300.0


@dataclass(slots=True)
class Outcome:
    """What came of a round of requests."""

    seconds: float = 0.0
    cpu: float = 0.0  # Seconds of the process that was asked; whoever sends the round knows which it is.
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)  # If they were asked for.

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Of the process that was asked, for a request."""
        return self.cpu / len(self.latencies) * 1e6

    def add(self, other: "Outcome") -> None:
        """Count *other* as a part of this round."""
        self.seconds += other.seconds
        self.cpu += other.cpu
        self.statuses += other.statuses
        self.latencies += other.latencies
        self.bodies += other.bodies

    def milliseconds(self, share: float) -> float:
        """The latency that *share* of the requests do not exceed."""
        return quantile(self.latencies, share) * 1e3


def post(path: str, token: str, body: Any, *, kind: str = "application/json", key: str | None = None) -> bytes:
    """The bytes of a POST."""
    content = msgspec.json.encode(body)
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: bench",
        f"Authorization: Bearer {token}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(content)}",
    ]
    lines += [] if key is None else [f"Idempotency-Key: {key}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class Connection(asyncio.Protocol):
    """One connection: `ask` sends a request and gives what will be its status and body."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._asked: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        assert self._transport is not None
        self._asked = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._asked

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = read_answer(self._received)
        if answer is not None and self._asked is not None:
            self._received.clear()
            self._asked.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(exc or ConnectionError("the connection was closed"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def read_answer(received: bytes | bytearray) -> tuple[int, bytes] | None:
    """Status and body, once all of an answer is there."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    at = received.lower().find(b"\r\ncontent-length:", 0, end)
    if at < 0:
        raise ValueError("an answer without its length")
    line_end = received.index(b"\r\n", at + 2)
    length = int(received[at + len(b"\r\ncontent-length:") : line_end])
    body = received[end + 4 :]
    return (int(received[9:12]), bytes(body)) if len(body) >= length else None


async def connect(url: str) -> Connection:
    """A connection to the server of *url*."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, *host_and_port(url))
    return connection


def host_and_port(url: str) -> tuple[str, int]:
    """Where the server of *url* listens."""
    place = urlsplit(url)
    return str(place.hostname), int(place.port or 80)


async def _round(url: str, requests: Sequence[bytes], connections: int, *, keep: bool) -> Outcome:
    outcome, left = Outcome(), iter(requests)
    opened = [await connect(url) for _ in range(connections)]
    since = time.perf_counter()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(_send(each, left, outcome, keep=keep) for each in opened))
    outcome.seconds = time.perf_counter() - since
    for each in opened:
        each.close()
    return outcome


async def _send(connection: Connection, left: Iterator[bytes], outcome: Outcome, *, keep: bool) -> None:
    for request in left:
        since = time.perf_counter()
        status, body = await connection.ask(request)
        outcome.latencies.append(time.perf_counter() - since)
        outcome.statuses[status] += 1
        if keep or status >= 400:
            outcome.bodies.append(body)


def send(url: str, requests: Sequence[bytes], connections: int, *, keep: bool = False) -> Outcome:
    """Send *requests* over *connections* at once, each as soon as the one before it on its connection is answered."""
    return uvloop.run(_round(url, requests, connections, keep=keep))


def expect(outcome: Outcome, statuses: Mapping[int, int]) -> None:
    """
    Make sure of what was answered.

    Raises:
        NotSo: With what was answered instead; then there is no figure.
    """
    if outcome.statuses != statuses:
        said = outcome.bodies[0][:500].decode(errors="replace") if outcome.bodies else ""
        raise NotSo(f"expected {dict(statuses)}, was answered {dict(outcome.statuses)} {said}")
