"""The platform as a command sees it: calls that are repeated until they are answered for good."""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx

from cli.addresses import Addresses, derived_addresses, read_addresses
from cli.bearers import Bearers, bearers_for
from cli.errors import CommandError
from cli.folder import DataFolder

PATIENCE_SECONDS: Final = 60.0  # For one call, repetitions included: a service that was killed is back long before.
PAUSE_FIRST_SECONDS: Final = 0.1
PAUSE_MAX_SECONDS: Final = 2.0
RETRY_AFTER_MAX_SECONDS: Final = 10.0
TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP call: to which service, in which role, with what."""

    service: str
    method: str
    path: str
    role: str
    body: Mapping[str, Any] | None = None
    content: tuple[str, bytes] | None = None  # Media type and bytes, sent as they are in place of a body.
    key: str | None = None  # Idempotency-Key: the same whenever this call is repeated, even by another process.


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success."""

    status: int
    body: Any
    is_replayed: bool  # The call was done before; this is the answer of that time.


class Refused(CommandError):
    """The platform answered that it will not do this."""

    def __init__(self, call: Call, response: httpx.Response) -> None:
        super().__init__(
            f"{call.service} refused {call.method} {call.path}: {response.status_code} {_problem(response)}"
        )
        self.status = response.status_code


class Unanswered(CommandError):
    """No final answer came within the patience."""

    def __init__(self, call: Call, reason: str, seconds: float) -> None:
        super().__init__(
            f"{call.service} gave no final answer to {call.method} {call.path} within {seconds:.0f} s: {reason}"
        )


class Interrupted(Exception):
    """Told to stop between calls."""


class Platform:
    """A running platform. Each thread needs its own."""

    def __init__(
        self,
        addresses: Addresses,
        bearers: Bearers,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        pause_seconds: float = PAUSE_FIRST_SECONDS,
        stopping: threading.Event | None = None,
    ) -> None:
        self.addresses = addresses
        self.bearers = bearers
        self._patience_seconds = patience_seconds
        self._pause_seconds = pause_seconds
        self._stopping = stopping or threading.Event()
        self.http = httpx.Client(timeout=TIMEOUT, trust_env=not addresses.are_local)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def perform(self, call: Call) -> Answer:
        """
        Make *call*, again and again while the failure may pass: no connection, 5xx, 429, or 409 with `Retry-After`,
        which says that what it needs may still arrive as an event.

        Raises:
            Refused: If the answer is a refusal that will stay.
            Unanswered: If the patience is over.
            Interrupted: If told to stop.
        """
        return _answer(self.respond(call))

    def respond(self, call: Call) -> httpx.Response:
        """
        As `perform`, with the response as it came: its very bytes and its headers.

        Raises:
            Refused: If the answer is a refusal that will stay.
            Unanswered: If the patience is over.
            Interrupted: If told to stop.
        """
        deadline, pause = time.monotonic() + self._patience_seconds, self._pause_seconds
        while True:
            outcome = self._attempt(call)
            if isinstance(outcome, httpx.Response):
                return outcome
            reason, asked = outcome
            if time.monotonic() >= deadline:
                raise Unanswered(call, reason, self._patience_seconds)
            self.rest(pause * random.uniform(0.5, 1.0) if asked is None else asked)
            pause = min(2 * pause, PAUSE_MAX_SECONDS)

    def rest(self, seconds: float) -> None:
        """
        Wait.

        Raises:
            Interrupted: If told to stop meanwhile.
        """
        if self._stopping.wait(max(seconds, 0)):
            raise Interrupted

    def _attempt(self, call: Call) -> httpx.Response | tuple[str, float | None]:
        """An answer for good; or why there is none yet, and the seconds to wait if the service says so."""
        try:
            response = self.http.request(
                call.method,
                self.addresses.of(call.service) + call.path,
                json=call.body,
                content=None if call.content is None else call.content[1],
                headers=self._headers(call),
            )
        except httpx.TransportError as error:
            return f"{type(error).__name__} {error}".strip(), None
        if response.is_success:
            return response
        if not _may_pass(response):
            raise Refused(call, response)
        return f"{response.status_code} {_problem(response)}", _retry_after(response)

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.bearers.token(call.role)}"}
        if call.content is not None:
            headers["Content-Type"] = call.content[0]
        return headers if call.key is None else headers | {"Idempotency-Key": f'"{call.key}"'}


def connect(data: Path, url: str | None, token: str | None) -> Platform:
    """
    The platform in the folder *data*, or at *url*.

    Raises:
        CommandError: If it cannot be told where it is or with what token to call it.
    """
    folder = DataFolder(data.absolute())
    addresses = read_addresses(folder) if url is None else derived_addresses(url)
    return Platform(addresses, bearers_for(folder, token, is_elsewhere=url is not None))


def _may_pass(response: httpx.Response) -> bool:
    if response.status_code == httpx.codes.CONFLICT:
        return "retry-after" in response.headers
    return response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return min(float(value), RETRY_AFTER_MAX_SECONDS) if value.isdecimal() else None


def _answer(response: httpx.Response) -> Answer:
    try:
        body = response.json() if response.content else None
    except ValueError:
        body = None
    return Answer(
        status=response.status_code,
        body=body,
        is_replayed=response.headers.get("idempotency-replayed", "").lower() == "true",
    )


def _problem(response: httpx.Response) -> str:
    """The problem's type and detail on one line; whatever else came, shortened."""
    try:
        problem = response.json()
        slug = str(problem["type"]).rpartition("/")[2]
        text = f"{slug}: {problem.get('detail', problem.get('title', ''))}"
    except (ValueError, KeyError, TypeError, AttributeError):
        text = response.text
    return " ".join(text.split())[:500]


def problem_of(response: httpx.Response) -> str:
    """What a refusal says, on one line."""
    return f"{response.status_code} {_problem(response)}"
