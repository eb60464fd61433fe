"""
A crowd that looks at the score stream: thousands of connections in one thread, each of which costs next to nothing.

What arrives is searched for the beginning of a frame and thrown away; the time it came is noted.
"""

import select
import socket
import time
from collections.abc import Sequence

from bench.speed.figures import NotSo
from bench.speed.load import host_and_port

PATIENCE_SECONDS = 60.0
RECEIVE_BYTES = 256 * 1024
SCORE, SNAPSHOT, ID = b"event: score\n", b"event: snapshot\n", b"id: "


class Crowd:
    """Subscribers of one server, opened and closed together."""

    def __init__(self, url: str, tokens: Sequence[str], number: int, query: str = "") -> None:
        """*number* subscribers that share *tokens* evenly; *query* says of which projects."""
        self._place = host_and_port(url)
        self._tokens = tokens
        self._number = number
        self._query = query
        self._sockets: dict[int, socket.socket] = {}
        self._tails: dict[int, bytes] = {}
        self._poll = select.epoll()
        self.last_id = ""  # Of the last frame that the last of them has had.

    def open(self, awaited: bytes, last_id: str = "") -> float:
        """
        Connect all of them at once; the seconds until the last one has had a frame *awaited*.

        With *last_id* they come back as a browser does, and are sent what they missed.
        """
        since = time.perf_counter()
        waiting = {}
        for number in range(self._number):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(self._place)
            self._sockets[connection.fileno()] = connection
            waiting[connection.fileno()] = self._request(self._tokens[number % len(self._tokens)], last_id)
            self._poll.register(connection.fileno(), select.EPOLLOUT)
        return self._heard(awaited, waiting)[-1] - since

    def hear(self, awaited: bytes) -> list[float]:
        """Wait until each has had another frame *awaited*; when each had it, by `perf_counter`, in order."""
        return self._heard(awaited, {})

    def close(self) -> None:
        """All go away at once."""
        for number, connection in self._sockets.items():
            self._poll.unregister(number)
            connection.close()
        self._sockets.clear()
        self._tails.clear()

    def _request(self, token: str, last_id: str) -> bytes:
        lines = [
            f"GET /scores/stream{self._query} HTTP/1.1",
            "Host: bench",
            f"Authorization: Bearer {token}",
            "Accept: text/event-stream",
        ]
        lines += [f"Last-Event-ID: {last_id}"] if last_id else []
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def _heard(self, awaited: bytes, requests: dict[int, bytes]) -> list[float]:
        left, times = set(self._sockets), []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left:
            for number, what in self._poll.poll(1.0):
                if what & select.EPOLLOUT and number in requests:
                    self._sockets[number].send(requests.pop(number))
                    self._poll.modify(number, select.EPOLLIN)
                elif self._has_heard(number, awaited) and number in left:
                    left.remove(number)
                    times.append(time.perf_counter())
            if time.monotonic() > deadline:
                raise NotSo(f"{len(left)} of {self._number} did not get {awaited!r} after {self.last_id}")
        return times

    def _has_heard(self, number: int, awaited: bytes) -> bool:
        try:
            received = self._sockets[number].recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        if not received:
            raise NotSo("a subscriber was cut off")
        text = self._tails.get(number, b"") + received
        if text.startswith(b"HTTP/1.1 ") and not text.startswith(b"HTTP/1.1 200"):
            raise NotSo(f"a subscriber was answered {text[:200]!r}")
        at = text.rfind(awaited)
        self._tails[number] = b"" if at >= 0 else text[-len(awaited) :]
        if at >= 0:
            begin = text.rfind(ID, 0, at)
            self.last_id = text[begin + len(ID) : at].partition(b"\n")[0].decode()
        return at >= 0
