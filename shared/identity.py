"""Ids: their shape, and those made by the platform."""

import os
import time
from typing import Final

ID_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$"


def new_id() -> str:
    """A UUIDv7 (RFC 9562): sorts by the millisecond it was made in, 74 bits of it random."""
    drawn = int.from_bytes(os.urandom(10), "big")  # Six bits more than are used.
    millis = time.time_ns() // 1_000_000
    high = (millis << 16) | 0x7000 | (drawn >> 68)
    low = (0b10 << 62) | (drawn & 0x3FFF_FFFF_FFFF_FFFF)
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
