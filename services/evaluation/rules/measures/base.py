"""What a measure is: a pure function of a project's facts in a period, and what it returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.evaluation.facts import Facts, Origin
from services.evaluation.model import Empty
from services.evaluation.rules.period import Period

Kind = Literal["ratio", "count", "hours", "months", "money", "percent"]


@dataclass(frozen=True, slots=True)
class Term:
    """A figure that a measure takes, in words; amounts are yuan, spans hours."""

    zh: str
    en: str
    value: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    What a measure found.

    Attributes:
        value: A ratio 0 to 1 (not per cent), a count, hours, months, yuan, or a rating's percent; None if there is
            nothing to measure.
        terms: The figures it was made of.
        formula: How, in Chinese and in English.
        evidence: Each contributing event with what it contributed; 0 where it only bounds what others contribute, as
            a resolution does.
    """

    value: Fraction | None
    terms: tuple[Term, ...] = ()
    formula: tuple[str, str] = ("", "")
    evidence: tuple[tuple[Origin, Fraction], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure by name, the arguments it takes, and what it is when the period is over and nothing happened."""

    name: str
    kind: Kind
    empty: Empty
    find: Callable[[Facts, Period, Mapping[str, str]], Measured]
    needed: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


def quotient(part: Fraction, whole: Fraction) -> Fraction | None:
    """*part* of *whole*, or None if there is no whole."""
    return part / whole if whole else None
