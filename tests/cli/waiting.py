"""Waiting for a condition, with a limit that only a failure reaches."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

LIMIT_SECONDS = 60.0
T = TypeVar("T")


async def until(condition: Callable[[], T], what: str) -> T:
    """Wait until *condition* gives something true."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about"
        await asyncio.sleep(0.01)
    return found


def wait_until(condition: Callable[[], T], what: str) -> T:
    """The same outside a loop."""
    return asyncio.run(until(condition, what))
