"""The nouns of an audit: a finished table as it was printed, and what was found in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as having
from decimal import Decimal
from typing import Literal

Severity = Literal["error", "doubt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRow:
    """An indicator's row: texts as printed, numbers read; None where the cell is empty."""

    dimension: str
    aspect: str
    name: str
    target: str | None
    actual: str | None
    target_number: Decimal | None  # As a transcriber read it.
    actual_number: Decimal | None
    direction: str | None
    weight: Decimal | None
    score: Decimal | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedExecution:
    """
    Amounts of one unit, and the points for using them.

    Attributes:
        sources: What the rows of the single sources add up to, by the name of the amount; where each states one.
    """

    initial: Decimal | None
    annual: Decimal | None
    executed: Decimal | None
    rate: str | None
    weight: Decimal | None
    score: Decimal | None
    sources: Mapping[str, Decimal] = having(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A self-evaluation table."""

    year: int | None
    policy: str | None
    places: str  # Whatever it says of whose it is: region, office, form.
    is_complete: bool  # False where rows or the total are known to be missing.
    rows: tuple[PrintedRow, ...]
    execution: PrintedExecution
    total: Decimal | None
    full: Decimal | None  # The full score as the total's row prints it.
    grade: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not hold. *row* counts from 0; None is the table as a whole."""

    code: str
    severity: Severity
    row: int | None
    field: str
    printed: str | None
    expected: str | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found, under which policy, and the total that follows."""

    policy: str
    recomputed_total: Decimal
    findings: tuple[Finding, ...]
