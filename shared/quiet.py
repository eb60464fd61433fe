"""A server that sleeps while nobody asks anything: uvicorn's own looks ten times a second whether it is to end."""

import asyncio
import contextlib
from types import FrameType
from typing import Final

import uvicorn

DATE_SECONDS: Final = 1.0  # The header `Date` of every answer is written anew so often.


class QuietServer(uvicorn.Server):
    """Ends as soon as it is told to, by a signal or by `end`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def end(self) -> None:
        """Stop soon; from any thread."""
        self.should_exit = True
        self._wake()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:  # Before, the main loop's first look finds out.
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DATE_SECONDS):
                    await self._told.wait()
