"""The score stream: Server-Sent Events, read on and on, whatever happens to the connection."""

import json
import random
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
from httpx_sse import EventSource, SSEError

from cli.client import Platform, problem_of
from cli.errors import CommandError

PATH: Final = "/scores/stream"
RETRY_SECONDS: Final = 3.0  # Until the server says otherwise.
SILENCE_SECONDS: Final = 40.0  # A comment comes every 15 s; after two missed ones the line is dead.


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """`snapshot`, `score` or `reset`, with its id and what it says."""

    kind: str
    id: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """The connection ended; it will be made again."""

    reason: str


class ScoreStream:
    """The changes of scores. Resumes after the last event it gave, so that none is lost and none comes twice."""

    def __init__(self, platform: Platform, projects: Sequence[str], stopping: threading.Event | None = None) -> None:
        self._platform = platform
        self._url = platform.addresses.of("evaluation") + PATH
        self._projects = list(projects)
        self._last_id = ""
        self._retry_seconds = RETRY_SECONDS
        self._stopping = stopping or threading.Event()

    def events(self) -> Generator[StreamEvent | Broken, None, None]:
        """
        Every event, without end.

        Raises:
            CommandError: If the platform refuses for good.
        """
        while not self._stopping.is_set():
            try:
                yield from self._connection()
                reason = "the stream ended"
            except httpx.TransportError as error:
                reason = f"{type(error).__name__} {error}".strip()
            except SSEError as error:
                reason = str(error)
            yield Broken(reason)
            self._stopping.wait(self._retry_seconds * random.uniform(1.0, 1.2))

    def _connection(self) -> Iterator[StreamEvent]:
        headers = {
            "Authorization": f"Bearer {self._platform.bearers.token('viewer')}",
            "Accept": "text/event-stream",
            "Cache-Control": "no-store",
        }
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        timeout = httpx.Timeout(10.0, read=SILENCE_SECONDS)
        with self._platform.http.stream(
            "GET",
            self._url,
            params={"project": self._projects} if self._projects else None,
            headers=headers,
            timeout=timeout,
        ) as response:
            self._check(response)
            for sse in EventSource(response).iter_sse():
                if sse.retry is not None:
                    self._retry_seconds = sse.retry / 1000
                if sse.data:  # Comments and the opening `retry` have none.
                    yield _read(sse.event, sse.id, sse.data)
                    self._last_id = sse.id or self._last_id

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise CommandError(f"what answers at {self._url} is no score stream")
            return
        response.read()
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise httpx.RemoteProtocolError(problem_of(response))
        raise CommandError(f"evaluation refused the score stream: {problem_of(response)}")


def _read(kind: str, name: str, data: str) -> StreamEvent:
    try:
        content = json.loads(data)
    except ValueError as error:
        raise SSEError(f"an event of the stream is no JSON: {error}") from error
    return StreamEvent(kind, name, content if isinstance(content, dict) else {"value": content})
