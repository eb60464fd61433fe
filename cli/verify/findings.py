"""What verification finds: where, what was expected, what was found. Everything is counted, the first are kept."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

KEPT_MAX: Final = 50  # Findings of one code: whoever tampers with a million events is told in fifty.
TEXT_MAX: Final = 300


class Severity(StrEnum):
    """How much a finding weighs."""

    DIFFERENCE = "difference"  # Something that was said is not so.
    UNVERIFIED = "unverified"  # Something could not be judged: never passed silently.
    DOUBT = "doubt"  # Odd, but no contradiction.


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found."""

    code: str
    severity: Severity
    where: str
    expected: str
    found: str


class Findings:
    """The findings in the order in which they were made."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.counts: Counter[Severity] = Counter()
        self._by_code: Counter[str] = Counter()

    def add(
        self, code: str, where: str, *, expected: object, found: object, severity: Severity = Severity.DIFFERENCE
    ) -> None:
        """Take one up."""
        self.counts[severity] += 1
        self._by_code[code] += 1
        if self._by_code[code] <= KEPT_MAX:
            self.kept.append(
                Finding(code=code, severity=severity, where=where, expected=_text(expected), found=_text(found))
            )

    def doubt(self, code: str, where: str, *, expected: object, found: object) -> None:
        """Take up something odd."""
        self.add(code, where, expected=expected, found=found, severity=Severity.DOUBT)

    def unverified(self, code: str, where: str, *, expected: object = "", found: object = "") -> None:
        """Take up what could not be judged."""
        self.add(code, where, expected=expected, found=found, severity=Severity.UNVERIFIED)

    def by_code(self) -> Mapping[str, int]:
        """How many of each code."""
        return dict(self._by_code)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A member of an answer that is not as recomputed."""

    where: str
    expected: object
    found: object


def mismatches(where: str, expected: Any, found: Any) -> list[Mismatch]:
    """
    Where *found*, an answer, differs from *expected*; members that are not expected are not judged.

    Expected decimals and moments are compared as such, however they are written.
    """
    match expected:
        case dict():
            if not isinstance(found, dict):
                return [Mismatch(where, "an object", found)]
            return [
                each
                for name, value in expected.items()
                for each in mismatches(f"{where} {name}", value, found.get(name))
            ]
        case list():
            if not isinstance(found, list) or len(found) != len(expected):
                return [Mismatch(where, expected, found)]
            pairs = enumerate(zip(expected, found, strict=True))
            return [each for index, pair in pairs for each in mismatches(f"{where} {index}", *pair)]
        case _:
            return [] if _is_same(expected, found) else [Mismatch(where, expected, found)]


def _is_same(expected: object, found: object) -> bool:
    try:
        match expected:
            case Decimal():
                return Decimal(str(found)) == expected
            case datetime():
                return datetime.fromisoformat(str(found)) == expected
    except (InvalidOperation, ValueError, TypeError):
        return False
    return type(expected) is type(found) and expected == found


def _text(value: object) -> str:
    match value:
        case None:
            text = "null"
        case datetime():
            text = value.isoformat()
        case _:
            text = str(value)
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
