"""The services as the console sees them: their public HTTP calls and the score stream, nothing else."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from httpx_sse import EventSource, SSEError

from shared.certificates import context_for
from shared.identity import new_id

SERVICES: Final = ("evaluation", "budget", "procurement", "monitoring")
TIMEOUT_SECONDS: Final = 15.0
SILENCE_SECONDS: Final = 40.0  # A comment comes every 15 s; after two missed ones the line is dead.
RETRY_SECONDS: Final = 1.0
RETRY_SECONDS_MAX: Final = 5.0
PAGE_LIMIT: Final = 1_000
PAGES_MAX: Final = 50  # Of one list: 50,000 things are more than anybody looks at.


class Refused(Exception):
    """A service said no; *problem* is its answer (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("title", status)))
        self.status = status
        self.problem = problem

    @property
    def slug(self) -> str:
        """The last part of the problem's type."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


class Unreachable(Refused):
    """A service gave no answer."""

    def __init__(self, service: str, error: Exception) -> None:
        super().__init__(0, {"type": "/problems/unreachable", "detail": type(error).__name__, "service": service})


class Platform:
    """The calls of all services. Each takes the token that it acts with."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = dict(urls)
        self.http = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            follow_redirects=False,
            verify=context_for(urls.values()),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        )

    def url(self, service: str, path: str) -> str:
        """The whole address of a call."""
        return self._urls[service] + path

    async def get(self, token: str, service: str, path: str, **query: Any) -> Any:
        """
        What a GET answers.

        Raises:
            Refused: If it is refused, or nobody answers.
        """
        return await self._call(token, "GET", service, path, params={k: v for k, v in query.items() if v is not None})

    async def every(self, token: str, service: str, path: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor = None
        for _ in range(PAGES_MAX):
            page = await self.get(token, service, path, limit=PAGE_LIMIT, cursor=cursor, **query)
            items += page["items"]
            cursor = page.get("next")
            if cursor is None:
                break
        return items

    async def send(
        self,
        token: str,
        method: str,
        service: str,
        path: str,
        body: Any,
        *,
        key: str | None = None,
        media_type: str | None = None,
    ) -> dict[str, Any]:
        """
        Send *body* as JSON, or bytes of *media_type*; *key* lets the same request be sent again without doing it twice.

        Raises:
            Refused: As `get`.
        """
        headers = {"Idempotency-Key": key or new_id()}
        if media_type is None:
            answer = await self._call(token, method, service, path, json=body, headers=headers)
        else:
            headers["Content-Type"] = media_type
            answer = await self._call(token, method, service, path, content=body, headers=headers)
        return answer if isinstance(answer, dict) else {}

    async def _call(self, token: str, method: str, service: str, path: str, **words: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} | words.pop("headers", {})
        try:
            answer = await self.http.request(method, self.url(service, path), headers=headers, **words)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(service, error) from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise Refused(answer.status_code, _problem(answer))

    async def text(self, service: str, path: str) -> tuple[int, str]:
        """What a call that needs no token answers."""
        try:
            answer = await self.http.get(self.url(service, path), timeout=5.0)
        except httpx.HTTPError as error:
            raise Unreachable(service, error) from error
        return answer.status_code, answer.text

    async def close(self) -> None:
        await self.http.aclose()


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"title": answer.reason_phrase, "status": answer.status_code}


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """`snapshot`, `score`, `reset` or, made here, `broken`."""

    kind: str
    content: dict[str, Any]


class ScoreFeed:
    """The score stream, read on and on; resumes after the last event it gave, so none is lost and none comes twice."""

    def __init__(self, platform: Platform, token: Callable[[], str]) -> None:
        self._platform = platform
        self._token = token
        self._last_id = ""

    async def events(self) -> AsyncIterator[StreamEvent]:
        """Every event, without end; `broken` each time the line is lost."""
        failures = 0
        while True:
            try:
                async for event in self._connection():
                    failures = 0
                    yield event
                reason = "ended"
            except (httpx.HTTPError, SSEError, ValueError, Refused) as error:
                reason = type(error).__name__
            yield StreamEvent("broken", {"reason": reason})
            failures += 1
            await asyncio.sleep(min(RETRY_SECONDS * failures, RETRY_SECONDS_MAX) * random.uniform(0.8, 1.2))

    async def _connection(self) -> AsyncIterator[StreamEvent]:
        headers = {"Authorization": f"Bearer {self._token()}", "Accept": "text/event-stream"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        timeout = httpx.Timeout(10.0, read=SILENCE_SECONDS)
        url = self._platform.url("evaluation", "/scores/stream")
        async with self._platform.http.stream("GET", url, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                raise Refused(response.status_code, {})
            yield StreamEvent("open", {})
            async for sse in EventSource(response).aiter_sse():
                if sse.data:
                    self._last_id = sse.id or self._last_id
                    content = json.loads(sse.data)
                    yield StreamEvent(sse.event, content if isinstance(content, dict) else {})
