"""Reading JSON member by member: what cannot be read is named, and reading goes on to find the rest."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Final

Fault = tuple[str, str, str]  # Field, code, message.

NUMBER_LIMIT: Final = 10**20  # Neither 1e999999 nor 1e-999999 must be written out.
NUMBER_DECIMALS: Final = 20
YEAR_MIN, YEAR_MAX = 1950, 2199

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # `fromisoformat` alone would take weeks, 2018-W01-1, too.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Reader:
    """Collects faults while it reads; what cannot be read is None, and what is missing is told by `members`."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, field: str, code: str, message: str) -> None:
        self.faults.append((field, code, message))

    def members(self, place: str, raw: dict[str, Any], known: frozenset[str], *, needed: frozenset[str]) -> None:
        for name in sorted(set(raw) - known):
            self.fault(at(place, name[:64]), "unknown_member", "there is no such member")
        for name in sorted(needed - set(raw)):
            self.fault(at(place, name), "missing", "is needed")

    def text(
        self, name: str, raw: dict[str, Any], length_max: int, place: str = "", *, lines: bool = False
    ) -> str | None:
        if name not in raw:
            return None
        value = raw[name]
        control = _CONTROL_BUT_BREAKS if lines else _CONTROL
        if not isinstance(value, str) or not 1 <= len(value) <= length_max or control.search(value):
            bounds = f"1 to {length_max} characters" + ("" if lines else " on one line")
            self.fault(at(place, name), "text", f"must be a text of {bounds}")
            return None
        return value

    def choice(
        self, name: str, raw: dict[str, Any], choices: tuple[str, ...], code: str, place: str = ""
    ) -> str | None:
        if name not in raw:
            return None
        value = raw[name]
        if not isinstance(value, str) or value not in choices:
            self.fault(at(place, name), code, f"must be one of: {', '.join(choices)}")
            return None
        return value

    def number(self, field: str, value: Any) -> Decimal | None:
        text = None if isinstance(value, bool) else plain_text(value)
        if text is None or not _NUMBER.fullmatch(text):
            self.fault(field, "number", "must be an exact number: at most 15 digits, and 6 after the point")
            return None
        return Decimal(text)

    def day(self, name: str, raw: dict[str, Any], place: str = "") -> date | None:
        if name not in raw:
            return None
        value = raw[name]
        try:
            day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None or not YEAR_MIN <= day.year <= YEAR_MAX:
            self.fault(at(place, name), "date", f"must be a date, YYYY-MM-DD, of {YEAR_MIN} to {YEAR_MAX}")
            return None
        return day

    def identifier(self, name: str, raw: dict[str, Any], place: str) -> str | None:
        if name not in raw:
            return None
        value = raw[name]
        if not isinstance(value, str) or not _ID.fullmatch(value):
            self.fault(at(place, name), "id", "must be 1 to 64 of A-Z a-z 0-9 . _ -")
            return None
        return value


def at(place: str, name: str) -> str:
    """The place of a member inside *place*."""
    return f"{place}.{name}" if place else name


def plain_text(value: Any) -> str | None:
    """The digits of a number or text; None if it is neither, or beyond any measure."""
    if isinstance(value, str):
        return value
    if not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
        return None
    if not -NUMBER_LIMIT < value < NUMBER_LIMIT or -int(Decimal(value).as_tuple().exponent) > NUMBER_DECIMALS:
        return None
    return format(Decimal(value), "f")
