"""What stands in a report, block by block; every text is ready to print."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from services.evaluation.rules.forms.layout import Language

Tone = Literal["figures", "written", "missing", "small"]


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a part, or of a chapter in it."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: sentences made of figures, words that people wrote, or the mark that they wrote none."""

    text: str
    tone: Tone = "figures"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `widths` are shares of the page."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart shows under one name: a value for each label, or none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines or bars over labels, from 0 to `top`."""

    caption: str
    kind: Literal["lines", "bars"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    top: float
    unit: str


Block: TypeAlias = Heading | Paragraph | Table | Chart


@dataclass(slots=True)
class Report:
    """A report: its head, why it is not final (empty when it is), and its blocks in order."""

    language: Language
    title: str
    subtitle: str
    mark: str
    blocks: list[Block] = field(default_factory=list)
