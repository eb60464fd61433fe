"""What a process that runs for weeks does about its memory, once, after its start."""

import contextlib
import ctypes
import gc
from typing import Final

# New objects until the youngest are looked at, and how often that leads to the older ones. By default every 700 do, and
# a service that holds thousands of subscribers or the facts of a year walks over all of them again and again: two
# fifths of what a delivery to 2,000 subscribers cost. Cycles are rare here, so what waits for the rarer look is little.
THRESHOLDS: Final = (50_000, 20, 100)


def settle() -> None:
    """Take what the start has made for permanent, which the collector never looks at again; free what it threw away."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    give_back()


def give_back() -> None:
    """Hand freed memory to the system, which the C library of most Linuxes does by itself only at its heap's end."""
    with contextlib.suppress(OSError, AttributeError):  # Another C library.
        ctypes.CDLL(None).malloc_trim(0)
