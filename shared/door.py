"""
The door of a service: what every request passes before its call is found.

Limits of size and rate, the token, and the correlation id that leads from here through the event to the score.
"""

import asyncio
import math
import re
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import metrics
from shared.access import Caller, Gatekeeper, KeysUnreachable
from shared.answers import problem_response
from shared.identity import new_id
from shared.log import Trace
from shared.problems import (
    Problem,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)

OPEN_PATHS: Final = ("/livez", "/readyz", "/healthz", "/metrics", "/docs", "/openapi.json", "/asyncapi.json")
PATH_LENGTH_LOGGED: Final = 200  # Characters.
OPEN_PREFIXES: Final = ("/schemas/", "/docs/")
LargerBodies = Mapping[tuple[str, str], int]  # Bytes, by path and media type, where more than usual may be sent.
_CORRELATION = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")

log = structlog.get_logger()


class Throttle:
    """A token bucket for each caller: *per_second* on average, *burst* at once."""

    def __init__(self, per_second: float, burst: int, callers_max: int = 10_000) -> None:
        self._per_second = per_second
        self._burst = burst
        self._callers_max = callers_max
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str, now: float) -> float:
        """Take one request; returns 0, or the seconds to wait until there is one again."""
        level, since = self._buckets.get(caller, (float(self._burst), now))
        level = min(self._burst, level + (now - since) * self._per_second)
        if level < 1:
            return (1 - level) / self._per_second
        if len(self._buckets) >= self._callers_max and caller not in self._buckets:
            self._buckets.clear()
        self._buckets[caller] = (level - 1, now)
        return 0


class Door:
    """ASGI middleware. Refuses with a problem, or hands on with ``caller`` and ``trace`` in the request's state."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        gatekeeper: Gatekeeper,
        throttle: Throttle,
        body_bytes_max: int,
        is_active: Callable[[], bool] = lambda: True,
        larger_bodies: LargerBodies = MappingProxyType({}),
    ) -> None:
        self._app = app
        self._is_active = is_active
        self._gatekeeper = gatekeeper
        self._throttle = throttle
        self._body_bytes_max = body_bytes_max
        self._larger_bodies = larger_bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trace = _trace(headers)
        watched = _Watched(send, scope["method"], scope["path"], trace.correlation_id)
        structlog.contextvars.bind_contextvars(correlation_id=trace.correlation_id)
        try:
            state = scope.setdefault("state", {})
            state["trace"] = trace
            if not _is_open(scope["path"]):
                if not self._is_active():
                    raise Unavailable("this process stands by: another one is active", retry_after=1)
                state["caller"] = await self._let_in(headers)
            await self._app(scope, _Limited(receive, headers, self._bytes_max(scope, headers)), watched)
        except Problem as problem:
            if watched.started:
                raise
            await problem_response(problem)(scope, receive, watched)

    def _bytes_max(self, scope: Scope, headers: Headers) -> int:
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return self._larger_bodies.get((scope["path"], media_type), self._body_bytes_max)

    async def _let_in(self, headers: Headers) -> Caller:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("send a bearer token")
        caller = await self._check(token.strip())
        wait = self._throttle.take(caller.subject, time.monotonic())
        if wait:
            raise TooManyRequests("too many requests with this token", retry_after=math.ceil(wait))
        return caller

    async def _check(self, token: str) -> Caller:
        try:
            if self._gatekeeper.remembers(token):
                return self._gatekeeper.check(token)
            return await asyncio.to_thread(self._gatekeeper.check, token)  # May fetch an issuer's keys.
        except KeysUnreachable:
            # Closed, not open: without keys nobody can be told from anybody.
            raise Unavailable("the issuer of tokens cannot be reached", retry_after=5) from None


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)


def _trace(headers: Headers) -> Trace:
    correlation = headers.get("x-correlation-id", "")
    traceparent = headers.get("traceparent", "")
    return Trace(
        correlation_id=correlation if _CORRELATION.match(correlation) else new_id(),
        traceparent=traceparent if _TRACEPARENT.match(traceparent) else None,
    )


class _Limited:
    """The body, refused as soon as it has too many bytes, whatever its headers say."""

    def __init__(self, receive: Receive, headers: Headers, bytes_max: int) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._bytes = 0
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > bytes_max:
            raise _too_large(bytes_max)

    async def __call__(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._bytes_max:
            raise _too_large(self._bytes_max)
        return message


def _too_large(bytes_max: int) -> TooLarge:
    return TooLarge(f"a body has at most {bytes_max} bytes", limit=bytes_max)


class _Watched:
    """The answer on its way out: counted, timed, and named by its correlation id."""

    def __init__(self, send: Send, method: str, path: str, correlation_id: str) -> None:
        self._send = send
        self._method = method
        self._path = path
        self._correlation_id = correlation_id
        self._began = time.perf_counter()
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Correlation-ID"] = self._correlation_id
            headers["X-Content-Type-Options"] = "nosniff"
            metrics.requests.labels(self._method, str(message["status"])).inc()
            seconds = time.perf_counter() - self._began
            metrics.request_seconds.labels(self._method).observe(seconds)
            # Who asks changes nothing and asks often; who posts is what an inspector looks for.
            tell = log.debug if self._method in ("GET", "HEAD") else log.info
            tell(
                "request_answered",
                method=self._method,
                path=self._path[:PATH_LENGTH_LOGGED],
                status=message["status"],
                seconds=round(seconds, 4),
            )
        await self._send(message)
