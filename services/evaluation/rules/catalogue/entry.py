"""The nouns of the catalogue: an indicator to choose from, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.evaluation.model import Target
from shared.events.evaluation import Aspect, Dimension, Operator

Certainty = Literal["V", "M", "D"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A publication that indicators were taken from, or one of the platform's own grounds."""

    name: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    An indicator of the catalogue (指标库).

    Attributes:
        code: Its name in the program; does not change.
        direction: How measured value and target compare.
        target: The usual target; None where none is usual.
        measure: What measures it, with *arguments*; ids in them are examples that a planner replaces by his own.
        collect: How its facts come together, in Chinese; *collect_en* in English.
        certainty: V name and usual target read in the source, M general knowledge, D ours, drawn from it.
    """

    code: str
    name: str
    name_en: str
    synonyms: tuple[str, ...]
    synonyms_en: tuple[str, ...]
    dimension: Dimension
    aspect: Aspect
    unit: str
    direction: Operator
    target: Target | None
    measure: str
    arguments: Mapping[str, str]
    collect: str
    collect_en: str
    source: Source
    certainty: Certainty

    @property
    def phrases(self) -> tuple[str, ...]:
        """What it is called, its names first."""
        return (self.name, self.name_en, *self.synonyms, *self.synonyms_en)
