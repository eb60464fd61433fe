"""A form as a grid of cells: the one picture that every kind of paper draws."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, groupby, pairwise
from typing import Final, Literal

from services.evaluation.rules.forms.layout import Column, Language, labelled, printable, word
from services.evaluation.rules.forms.model import Form

Orientation = Literal["landscape", "portrait"]
Style = Literal["title", "subtitle", "mark", "label", "text", "prose", "figure", "signature", "foot"]
WIDTHS: Final[dict[Column, int]] = {
    "level1": 11,
    "level2": 18,
    "level3": 22,
    "basis": 13,
    "previous": 11,
    "target": 15,
    "measured": 15,
    "completion": 9,
    "rule": 17,
    "weight": 8,
    "score": 13,
    "evidence": 15,
    "deviation": 25,
}
USUAL_WIDTH: Final = 140  # Of a form whose text has the usual size.
SCALE_LEAST: Final = 0.85
GROUP_SHARE: Final[dict[Language, float]] = {"zh": 0.04, "en": 0.085}  # Of the column before the first level.
_PROSE: Final[frozenset[Column]] = frozenset({"basis", "rule", "evidence", "deviation"})
_MONEY_WIDTHS: Final[dict[str, int]] = {
    "label": 18,
    "initial": 13,
    "annual": 15,
    "executed": 15,
    "weight": 7,
    "rate": 13,
    "score": 9,
}
LABEL_COLUMNS: Final = 2  # The headings at the left stand over the first two.


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell and how many rows and columns it covers; counted from 0."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1
    text: str
    style: Style

    def __post_init__(self) -> None:
        """Let no sign in that no paper can hold: whoever sent it, the form must come out."""
        object.__setattr__(self, "text", printable(self.text))


@dataclass(slots=True)
class Grid:
    """
    The cells of a form; the columns' widths are in characters of Latin text.

    Attributes:
        moment: What the form speaks of; every paper of the same form bears the same date.
        heading: The rows of the indicators' headings, the first and the one after the last; repeated on each page.
    """

    widths: list[int]
    moment: datetime
    language: Language = "zh"
    cells: list[Cell] = field(default_factory=list)
    rows: int = 0
    head_rows: int = 0  # Rows above the table: title, year, mark.
    body_rows: int = 0  # Rows up to the foot.
    heading: tuple[int, int] = (0, 0)
    orientation: Orientation = "landscape"  # Of the A4 page.

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.widths)

    @property
    def scale(self) -> float:
        """How large its text is, in relation to a form of the usual width."""
        return max(SCALE_LEAST, min(1.0, USUAL_WIDTH / sum(self.widths)))

    def line(self, *parts: tuple[str, int, Style]) -> None:
        """A row of its own: texts with the columns they cover."""
        column = 0
        for text, columns, style in parts:
            self.cells.append(Cell(row=self.rows, column=column, columns=columns, text=text, style=style))
            column += columns
        self.rows += 1


def draw(form: Form, orientation: Orientation = "landscape") -> Grid:
    """The grid of *form*."""
    widths = [form.layout.widths.get(column, WIDTHS[column]) for column in form.layout.columns]
    grid = Grid(with_group(widths, form.language), form.as_of, form.language, orientation=orientation)
    _head(grid, form)
    _money(grid, form)
    _objective(grid, form)
    _indicators(grid, form)
    _total(grid, form)
    for label, text in form.closing:
        grid.line((label, LABEL_COLUMNS, "label"), (text, grid.width - LABEL_COLUMNS, "prose"))
    sign(grid)
    grid.body_rows = grid.rows
    for text in form.foot:
        grid.line((text, grid.width, "foot"))
    return grid


def with_group(widths: Sequence[int], language: Language) -> list[int]:
    """The columns' widths, with that of the narrow one before them."""
    return [round(sum(widths) * GROUP_SHARE[language]), *widths]


def _head(grid: Grid, form: Form) -> None:
    grid.line((form.title, grid.width, "title"))
    grid.line((form.year, grid.width, "subtitle"))
    if form.mark:
        grid.line((form.mark, grid.width, "mark"))
    grid.head_rows = grid.rows
    head(grid, form.project, form.department, form.unit)


def head(grid: Grid, project: str, department: str, unit: str) -> None:
    """The rows that say whose form it is."""
    rest = grid.width - LABEL_COLUMNS
    grid.line((word("project", grid.language), LABEL_COLUMNS, "label"), (project, rest, "text"))
    left, label, right = shared_out(grid.widths[LABEL_COLUMNS:], (30, 14, 30))
    grid.line(
        (word("department", grid.language), LABEL_COLUMNS, "label"),
        (department, left, "text"),
        (word("unit", grid.language), label, "label"),
        (unit, right, "text"),
    )


def _money(grid: Grid, form: Form) -> None:
    columns = form.layout.money_columns
    spans = shared_out(grid.widths[LABEL_COLUMNS:], [_MONEY_WIDTHS[name] for name in ("label", *columns)])
    first = grid.rows
    names = ("", *(form.layout.word(name, form.language) for name in columns))
    beside(grid, LABEL_COLUMNS, [(name, span, "label") for name, span in zip(names, spans, strict=True)])
    for line in form.money:
        texts = (line.label, *(getattr(line, name) for name in columns))
        styles: list[Style] = ["label", *(["figure"] * len(columns))]  # type: ignore[list-item]
        beside(grid, LABEL_COLUMNS, list(zip(texts, spans, styles, strict=True)))
    text = form.layout.word("money", form.language)
    rows = grid.rows - first
    grid.cells.append(Cell(row=first, column=0, rows=rows, columns=LABEL_COLUMNS, text=text, style="label"))


def shared_out(widths: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """How many neighbouring columns, of these *widths*, each part gets so that none is much narrower than *wanted*."""
    ways: list[tuple[int, ...]] = [
        (0, *cuts, len(widths)) for cuts in combinations(range(1, len(widths)), len(wanted) - 1)
    ]

    def scarcity(cuts: Iterable[int]) -> list[float]:
        rooms = [sum(widths[begin:end]) for begin, end in pairwise(cuts)]
        return sorted((want / room for want, room in zip(wanted, rooms, strict=True)), reverse=True)

    return [end - begin for begin, end in pairwise(min(ways, key=scarcity))]


def beside(grid: Grid, column: int, parts: Sequence[tuple[str, int, Style]]) -> None:
    """A row that begins at *column*, right of a cell over several rows."""
    for text, columns, style in parts:
        grid.cells.append(Cell(row=grid.rows, column=column, columns=columns, text=text, style=style))
        column += columns
    grid.rows += 1


def _objective(grid: Grid, form: Form) -> None:
    left, right = shared_out(grid.widths[1:], (1, 1))
    expected, achieved = word("expected", form.language), word("achieved", form.language)
    first = grid.rows
    beside(grid, 1, [(expected, left, "label"), (achieved, right, "label")])
    beside(grid, 1, [(form.expected, left, "prose"), (form.achieved, right, "prose")])
    text = word("objective", form.language)
    grid.cells.append(Cell(row=first, column=0, rows=2, text=text, style="label"))


def _indicators(grid: Grid, form: Form) -> None:
    columns = form.layout.columns
    top = grid.rows
    beside(grid, 1, [(form.layout.word(column, form.language), 1, "label") for column in columns])
    first = grid.rows
    grid.heading = top, first
    for index, line in enumerate(form.rows):
        for place, column in enumerate(columns, start=1):
            if column not in ("level1", "level2"):
                cell = Cell(row=first + index, column=place, text=line.cells[column], style=_style(column))
                grid.cells.append(cell)
    levels(grid, first, [(line.cells["level1"], line.cells["level2"]) for line in form.rows])
    grid.rows += len(form.rows)
    text = form.layout.word("group", form.language)
    grid.cells.append(Cell(row=top, column=0, rows=grid.rows - top, text=text, style="label"))


def _style(column: Column) -> Style:
    if column in ("weight", "score"):
        return "figure"
    return "prose" if column in _PROSE else "text"


def levels(grid: Grid, first: int, names: Sequence[tuple[str, str]]) -> None:
    """The cells of the first and second level, each over the rows that share it, from row *first* on."""
    for depth in (1, 2):
        for start, count, text in runs(names, depth):
            grid.cells.append(Cell(row=first + start, column=depth, rows=count, text=text, style="text"))


def runs(levels: Sequence[tuple[str, ...]], depth: int) -> Iterator[tuple[int, int, str]]:
    """Neighbours with the same *levels* down to *depth*: where they begin, how many they are, and their text."""
    start = 0
    for key, lines in groupby(levels, key=lambda texts: texts[:depth]):
        count = len(list(lines))
        yield start, count, key[-1]
        start += count


def _total(grid: Grid, form: Form) -> None:
    before = form.layout.columns.index("weight") + 1
    after = grid.width - before - 2
    grade = labelled(word("grade", form.language), form.grade, form.language)
    sums: list[tuple[str, int, Style]] = [(form.weight, 1, "figure"), (form.total, 1, "figure")]
    if after:
        grid.line((word("sum", form.language), before, "label"), *sums, (grade, after, "text"))
    else:
        grid.line((word("sum", form.language), before, "label"), *sums)
        grid.line((grade, grid.width, "text"))


def sign(grid: Grid) -> None:
    """The line to sign on."""
    names = [word(name, grid.language) for name in ("preparer", "reviewer", "head", "date")]
    spans = shared_out(grid.widths, [1] * len(names))
    lines = zip(names, spans, strict=True)
    grid.line(*((labelled(name, "", grid.language), span, "signature") for name, span in lines))
