"""Waiting for what was started, and saying when it is there."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from cli.supervisor import spoken
from cli.voice import Voice

LOOK_SECONDS: Final = 0.1
ANSWER_SECONDS: Final = 2.0
UNREADY_SECONDS: Final = 8.0  # Alive, but not ready for so long: said, and no longer waited for.

Look = Callable[[], Coroutine[Any, Any, str | None]]


class Readiness:
    """Tells once, for each start of a program, when it is ready or why it is not."""

    def __init__(self, name: str, place: str, voice: Voice) -> None:
        self.name = name
        self.settled = asyncio.Event()  # It answers, and is ready or said what it lacks.
        self._place = place
        self._voice = voice

    async def wait(self, alive: Look, ready: Look) -> None:
        """Look until *alive* and then *ready* find nothing wrong; each returns what is."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while await alive() is not None:  # noqa: ASYNC110  # Another process: it can only be looked at.
            await asyncio.sleep(LOOK_SECONDS)
        lived, told = loop.time(), False
        while (wrong := await ready()) is not None:
            if not told and loop.time() - lived > UNREADY_SECONDS:
                told = True
                self._tell("unready", f"answers at {self._place}, but is {wrong}", detail=wrong)
                self.settled.set()
            await asyncio.sleep(LOOK_SECONDS)
        seconds = loop.time() - began
        self._tell("ready", f"ready at {self._place} ({seconds:.1f} s)", seconds=round(seconds, 3))
        self.settled.set()

    def _tell(self, state: str, text: str, **facts: Any) -> None:
        self._voice.tell(spoken(self.name, text), service=self.name, state=state, address=self._place, **facts)


def look_at(url: str, path: str) -> Look:
    """A look at a health address of a server at *url*: None if it answers 200, else what is wrong."""

    async def look() -> str | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, body = await _get(url, path)
        except (OSError, EOFError, ValueError) as error:  # A timeout is an OSError.
            return f"not reachable ({type(error).__name__})"
        return None if status == HTTPStatus.OK else _detail(status, body)

    return look


async def _get(url: str, path: str) -> tuple[int, bytes]:
    """The status and the body: by hand, since a client of HTTP would be most of what `up` keeps in memory."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {place.netloc}\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        _, status, *_ = head.split(None, 2)
        return int(status), body
    finally:
        writer.close()


def _detail(status: int, body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"answering {status}"
