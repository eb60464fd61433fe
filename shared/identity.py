"""Ids: their shape, and those made by the platform."""

import secrets
import time
import uuid
from typing import Final

ID_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$"


def new_id() -> str:
    """A UUIDv7 (RFC 9562): sorts by the millisecond it was made in, 74 bits of it random."""
    millis = time.time_ns() // 1_000_000
    value = (millis << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=value))
