"""Lists as pages: ``{"items": […], "next": "<cursor>" | null}``, oldest first."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

from fastapi import Query

from shared.problems import Invalid

T = TypeVar("T")

LIMIT_MAX: Final = 1_000
LIMIT_DEFAULT: Final = 100
NUMBER_DIGITS: Final = 18  # What a 64-bit row number can have.

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=200)]


def position(cursor: str | None) -> str | None:
    """
    What a page's cursor stands for; None for the first page.

    Raises:
        Invalid: If the cursor is none of ours.
    """
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise Invalid.field("cursor", "cursor", "is not a cursor of this list") from None


def number(cursor: str | None) -> int:
    """As `position`, for lists ordered by a number; 0 for the first page."""
    at = position(cursor)
    if at is None:
        return 0
    if not at.isdecimal() or len(at) > NUMBER_DIGITS:
        raise Invalid.field("cursor", "cursor", "is not a cursor of this list")
    return int(at)


def page(rows: Sequence[T], limit: int, show: Callable[[T], Any], mark: Callable[[T], object]) -> dict[str, Any]:
    """A page of the first *limit* of *rows*, which holds one more where there is a next page."""
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        following = base64.urlsafe_b64encode(str(mark(shown[-1])).encode()).decode().rstrip("=")
    return {"items": [show(row) for row in shown], "next": following}
