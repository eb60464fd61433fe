"""What a measure is: a pure function of a project's facts in a period, and what it returns."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.evaluation.facts import Facts, Origin
from services.evaluation.model import Empty
from services.evaluation.rules.period import Period

Kind = Literal["ratio", "count", "hours", "months", "money", "percent", "figure"]
Course = Literal["grows", "moves"]
Range = tuple[Fraction | None, Fraction | None]  # The least and the most; None is without bound.


@dataclass(frozen=True, slots=True)
class Term:
    """A figure that a measure takes, in words; amounts are yuan, spans hours."""

    zh: str
    en: str
    value: Fraction


Contribution = tuple[Origin, Fraction]


class Later(Iterable[Contribution]):
    """Evidence that is put together each time somebody looks: a score alone does not, and events are many."""

    def __init__(self, found: Callable[[], Iterable[Contribution]]) -> None:
        self._found = found

    def __iter__(self) -> Iterator[Contribution]:
        return iter(self._found())


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    What a measure found.

    Attributes:
        value: A ratio 0 to 1 (not per cent), a count, hours, months, yuan, or a rating's percent; None if there is
            nothing to measure.
        terms: The figures it was made of.
        formula: How, in Chinese and in English.
        expression: The same for a machine: the terms are a, b, … in their order.
        range: What the value can still become while the window runs.
        evidence: Each contributing event with what it contributed; 0 where it only bounds what others contribute, as
            a resolution does.
    """

    value: Fraction | None
    terms: tuple[Term, ...] = ()
    formula: tuple[str, str] = ("", "")
    expression: str = "a"
    range: Range = (None, None)
    evidence: Iterable[Contribution] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """
    A measure by name.

    Attributes:
        kind: What its value is; only a ratio, an amount and hours are converted to an indicator's unit.
        empty: What it is when the period is over and nothing happened.
        find: Measures.
        needed: Arguments it cannot do without.
        optional: Arguments it may be given.
        statistics: What the argument `statistic` may be.
        course: `grows` if its value accumulates while the window runs; else `moves`.
    """

    name: str
    kind: Kind
    empty: Empty
    find: Callable[[Facts, Period, Mapping[str, str]], Measured]
    needed: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    statistics: frozenset[str] = frozenset()
    course: Course = "moves"


def quotient(part: Fraction, whole: Fraction) -> Fraction | None:
    """*part* of *whole*, or None if there is no whole."""
    return part / whole if whole else None
