"""One HTTP server in place of four services: it keeps what it is told under its key, and fails on demand."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cli.addresses import Addresses
from cli.folder import SERVICES

Trouble = Callable[["Handler"], bool]


@dataclass
class Request:
    """A call as it arrived."""

    method: str
    path: str
    key: str | None
    token: str
    body: Any


@dataclass
class FakePlatform:
    """What was asked, and what was done."""

    url: str = ""
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)  # By "METHOD path": one a request, in order.
    requests: list[Request] = field(default_factory=list)
    done: list[Request] = field(default_factory=list)  # Effects: a repeated key adds none.
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # By key.
    trouble_for_all: Callable[[], list[Trouble]] | None = None
    last_ids: list[str | None] = field(default_factory=list)  # `Last-Event-ID` of each stream.
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def addresses(self) -> Addresses:
        return Addresses(dict.fromkeys(SERVICES, self.url))

    def trouble(self, place: str) -> Trouble | None:
        if place not in self.troubles and self.trouble_for_all is not None:
            self.troubles[place] = self.trouble_for_all()
        waiting = self.troubles.get(place)
        return waiting.pop(0) if waiting else None

    def take(self, request: Request) -> tuple[int, dict[str, Any], bool]:
        """Do it, unless its key says that it is done."""
        if request.key is not None and request.key in self.answers:
            return 201, self.answers[request.key], True
        self.done.append(request)
        answer = {"complaint": f"made-{len(self.done)}", "warnings": []}
        if request.key is not None:
            self.answers[request.key] = answer
        return 201, answer, False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Else each answer waits for an acknowledgement.
    server: "Server"

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        platform = self.server.platform
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        key = self.headers.get("idempotency-key")
        request = Request(self.command, self.path, key and key.strip('"'), token, body)
        with platform.lock:
            platform.requests.append(request)
            trouble = platform.trouble(f"{self.command} {self.path}")
            self.request_seen = request
            if trouble is not None and trouble(self):
                return
            status, answer, replayed = platform.take(request)
        self.answer(status, answer, {"Idempotency-Replayed": "true"} if replayed else {})

    def answer(self, status: int, content: dict[str, Any], headers: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status: int, slug: str, headers: dict[str, str] | None = None) -> bool:
        self.answer(status, {"type": f"/problems/{slug}", "detail": f"it is {slug}"}, headers or {})
        return True

    def reset(self) -> bool:
        """End the connection as a killed process does: at once, without an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        return True

    def log_message(self, *args: Any) -> None:
        pass

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # We have closed it ourselves.
            super().finish()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, platform: FakePlatform) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.platform = platform

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def unavailable(handler: Handler) -> bool:
    return handler.problem(503, "unavailable")


def too_many(handler: Handler) -> bool:
    return handler.problem(429, "too-many-requests", {"Retry-After": "0"})


def not_yet(handler: Handler) -> bool:
    return handler.problem(409, "contract-unknown", {"Retry-After": "0"})


def never(handler: Handler) -> bool:
    return handler.problem(409, "line-exceeded")


def reset_before(handler: Handler) -> bool:
    """Gone before anything was done."""
    return handler.reset()


def reset_after(handler: Handler) -> bool:
    """Done, but the answer is lost."""
    handler.server.platform.take(handler.request_seen)
    return handler.reset()


@contextlib.contextmanager
def a_fake_platform() -> Iterator[FakePlatform]:
    """A fake platform that listens."""
    platform = FakePlatform()
    server = Server(platform)
    platform.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
