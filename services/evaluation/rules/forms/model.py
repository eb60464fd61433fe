"""What stands on a form, cell by cell; every text is ready to print."""

from dataclasses import dataclass
from datetime import datetime

from services.evaluation.model import Proof
from services.evaluation.rules.forms.layout import Column, Language, Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """One row of the funds table; only the first one is scored."""

    label: str
    initial: str
    annual: str
    executed: str
    weight: str
    rate: str
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorLine:
    """One row of the indicator table, its cells by column, and the papers behind it in every layout."""

    code: str
    cells: dict[Column, str]
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """
    A filled form.

    Attributes:
        mark: Why it is not final, to be printed across the head; empty when it is.
        closing: Rows below the total, each a heading and its text.
        foot: Lines that say how it came about and how to check it.
    """

    layout: Layout
    language: Language
    title: str
    year: str
    project: str
    department: str
    unit: str
    money: tuple[MoneyLine, ...]
    expected: str
    achieved: str
    rows: tuple[IndicatorLine, ...]
    weight: str
    total: str
    grade: str
    mark: str
    closing: tuple[tuple[str, str], ...]
    foot: tuple[str, ...]
    as_of: datetime
