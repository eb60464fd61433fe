"""A form as a grid of cells: the one picture that every kind of paper draws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Literal

from services.evaluation.rules.forms.layout import Column, word
from services.evaluation.rules.forms.model import Form, MoneyLine

Orientation = Literal["landscape", "portrait"]
Style = Literal["title", "subtitle", "mark", "label", "text", "figure", "foot"]
WIDTHS: Final[dict[Column, int]] = {
    "level1": 13,
    "level2": 12,
    "level3": 22,
    "target": 13,
    "measured": 14,
    "completion": 14,
    "rule": 16,
    "weight": 8,
    "score": 9,
    "evidence": 14,
    "deviation": 26,
}
_MONEY_COLUMNS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell and how many rows and columns it covers; counted from 0."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1
    text: str
    style: Style


@dataclass(slots=True)
class Grid:
    """The cells of a form; the columns' widths are in characters of Latin text."""

    widths: list[int]
    cells: list[Cell] = field(default_factory=list)
    rows: int = 0
    head_rows: int = 0  # Rows above the table: title, year, mark.
    body_rows: int = 0  # Rows up to the foot.
    orientation: Orientation = "landscape"  # Of the A4 page.

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.widths)

    def line(self, *parts: tuple[str, int, Style]) -> None:
        """A row of its own: texts with the columns they cover."""
        column = 0
        for text, columns, style in parts:
            self.cells.append(Cell(row=self.rows, column=column, columns=columns, text=text, style=style))
            column += columns
        self.rows += 1


def draw(form: Form, orientation: Orientation = "landscape") -> Grid:
    """The grid of *form*."""
    grid = Grid([WIDTHS[column] for column in form.layout.columns], orientation=orientation)
    _head(grid, form)
    _money(grid, form)
    _objective(grid, form)
    _indicators(grid, form)
    _total(grid, form)
    _signatures(grid, form)
    grid.body_rows = grid.rows
    for text in form.foot:
        grid.line((text, grid.width, "foot"))
    return grid


def _head(grid: Grid, form: Form) -> None:
    grid.line((form.title, grid.width, "title"))
    grid.line((form.year, grid.width, "subtitle"))
    if form.mark:
        grid.line((form.mark, grid.width, "mark"))
    grid.head_rows = grid.rows
    half = (grid.width - 2) // 2
    grid.line((word("project", form.language), 1, "label"), (form.project, grid.width - 1, "text"))
    grid.line(
        (word("department", form.language), 1, "label"),
        (form.department, half, "text"),
        (word("unit", form.language), 1, "label"),
        (form.unit, grid.width - 2 - half, "text"),
    )


def _money(grid: Grid, form: Form) -> None:
    spans = _spread(grid.width - 1, _MONEY_COLUMNS)
    first = grid.rows
    names = ("", *(word(name, form.language) for name in ("initial", "annual", "executed", "weight", "rate", "score")))
    _beside(grid, list(zip(names, spans, ["label"] * _MONEY_COLUMNS, strict=True)))
    for line in form.money:
        _beside(grid, list(zip(_figures(line), spans, ["label", *["figure"] * 6], strict=True)))
    text = word("money", form.language)
    grid.cells.append(Cell(row=first, column=0, rows=grid.rows - first, text=text, style="label"))


def _figures(line: MoneyLine) -> tuple[str, ...]:
    return line.label, line.initial, line.annual, line.executed, line.weight, line.rate, line.score


def _spread(columns: int, parts: int) -> list[int]:
    """*columns* shared out among *parts*, the first ones getting what is left over."""
    whole, rest = divmod(columns, parts)
    return [whole + (index < rest) for index in range(parts)]


def _beside(grid: Grid, parts: Sequence[tuple[str, int, str]]) -> None:
    """A row that leaves the first column to a cell over several rows."""
    column = 1
    for text, columns, style in parts:
        grid.cells.append(
            Cell(row=grid.rows, column=column, columns=columns, text=text, style=style)  # type: ignore[arg-type]
        )
        column += columns
    grid.rows += 1


def _objective(grid: Grid, form: Form) -> None:
    left, right = _spread(grid.width - 1, 2)
    expected, achieved = word("expected", form.language), word("achieved", form.language)
    first = grid.rows
    _beside(grid, [(expected, left, "label"), (achieved, right, "label")])
    _beside(grid, [(form.expected, left, "text"), (form.achieved, right, "text")])
    text = word("objective", form.language)
    grid.cells.append(Cell(row=first, column=0, rows=2, text=text, style="label"))


def _indicators(grid: Grid, form: Form) -> None:
    columns = form.layout.columns
    grid.line(*((word(column, form.language), 1, "label") for column in columns))
    first = grid.rows
    for index, line in enumerate(form.rows):
        for place, column in enumerate(columns):
            if column not in ("level1", "level2"):
                style: Style = "figure" if column in ("weight", "score") else "text"
                text = line.cells[column]
                grid.cells.append(Cell(row=first + index, column=place, text=text, style=style))
    levels = [(line.cells["level1"], line.cells["level2"]) for line in form.rows]
    for depth in (1, 2):
        for start, count, text in runs(levels, depth):
            cell = Cell(row=first + start, column=depth - 1, rows=count, text=text, style="text")
            grid.cells.append(cell)
    grid.rows += len(form.rows)


def runs(levels: Sequence[tuple[str, ...]], depth: int) -> Iterator[tuple[int, int, str]]:
    """Neighbours with the same *levels* down to *depth*: where they begin, how many they are, and their text."""
    start = 0
    for key, lines in groupby(levels, key=lambda texts: texts[:depth]):
        count = len(list(lines))
        yield start, count, key[-1]
        start += count


def _total(grid: Grid, form: Form) -> None:
    before = form.layout.columns.index("weight")
    after = grid.width - before - 2
    grid.line(
        (word("sum", form.language), before, "label"),
        (form.weight, 1, "figure"),
        (form.total, 1, "figure"),
        (f"{word('grade', form.language)}: {form.grade}", after, "text"),
    )


def _signatures(grid: Grid, form: Form) -> None:
    names = [word(name, form.language) for name in ("preparer", "reviewer", "head", "date")]
    spans = _spread(grid.width, len(names))
    grid.line(*((f"{name}: ", span, "text") for name, span in zip(names, spans, strict=True)))
