"""A form as xlsx."""

import io
import re
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from services.evaluation.rules.forms.grid import Cell, Grid, Style

FONT: Final = "宋体"
A4: Final = 9  # As the file format numbers papers.
MARGIN_INCHES: Final = 0.4
FOOTER_INCHES: Final = 0.6  # The number of the page stands in it.
LONG_POINTS, SHORT_POINTS = 842, 595  # A4.
POINTS_OF_WIDTH: Final = 5.6  # Of a column that is one Latin sign wide.
LINE_POINTS: Final = 13.0
SQUEEZED_MOST: Final = 0.75  # Smaller than this nobody reads it: then it goes on over several pages.
INDENT_WIDTH: Final = 2  # Of a text that begins at the left.
DIGITS_MAX: Final = 15  # Of a number in a cell: a longer one would lose its end.
SHEET_NAME_MAX: Final = 31
_NUMBER: Final = re.compile(r"-?[0-9]{1,13}(?:\.([0-9]{1,6}))?")
_LEAST_POINTS: Final[dict[Style, float]] = {"title": 30.0, "signature": 27.0, "foot": 12.0}
_LOOKS: Final[dict[Style, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 18, "align": "center"},
    "subtitle": {"font_size": 12, "align": "center"},
    "mark": {"bold": True, "font_color": "#9C0006", "align": "center"},
    "label": {"bold": True, "border": 1, "align": "center", "bg_color": "#F2F2F2"},
    "text": {"border": 1, "align": "center"},
    "prose": {"border": 1, "align": "left", "indent": 1},
    "figure": {"border": 1, "align": "center"},
    "signature": {"border": 1, "align": "left", "indent": 1},
    "foot": {"font_size": 8, "align": "left"},
}


def workbook(grid: Grid, title: str) -> bytes:
    """
    The grid as a workbook of one sheet, to be printed on one page, or on pages of its width.

    What stands in a cell is text or a number, never a formula, whatever it begins with.
    """
    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "created": grid.moment.astimezone(UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet(title[:SHEET_NAME_MAX])
    for column, width in enumerate(grid.widths):
        sheet.set_column(column, column, width)
    _Writer(book, sheet).write(grid)
    heights = _heights(grid)
    for row, height in enumerate(heights):
        sheet.set_row(row, height)
    _lay_out(sheet, grid, sum(heights))
    book.close()
    return out.getvalue()


class _Writer:
    """Writes cells, each in the look of its style; of numbers as many decimals are shown as the form has."""

    def __init__(self, book: Workbook, sheet: Worksheet) -> None:
        self._book, self._sheet = book, sheet
        self._formats: dict[tuple[Style, int], Any] = {}

    def write(self, grid: Grid) -> None:
        for cell in grid.cells:
            self._write(cell)

    def _write(self, cell: Cell) -> None:
        sheet, place = self._sheet, (cell.row, cell.column)
        number = _NUMBER.fullmatch(cell.text) if cell.style == "figure" else None
        is_number = number is not None and len(Decimal(cell.text).as_tuple().digits) <= DIGITS_MAX
        look = self._look(cell.style, len(number[1] or "") if number is not None else 0)
        if cell.rows > 1 or cell.columns > 1:
            sheet.merge_range(*place, cell.row + cell.rows - 1, cell.column + cell.columns - 1, "", look)
        if is_number:
            sheet.write_number(*place, float(cell.text), look)
        elif cell.text:
            sheet.write_string(*place, cell.text, look)
        else:
            sheet.write_blank(*place, None, look)

    def _look(self, style: Style, decimals: int) -> Any:
        if (style, decimals) not in self._formats:
            look = {"font_name": FONT, "font_size": 10, "text_wrap": True, "valign": "vcenter", **_LOOKS[style]}
            if decimals:
                look["num_format"] = "0." + "0" * decimals
            self._formats[style, decimals] = self._book.add_format(look)
        return self._formats[style, decimals]


def _lay_out(sheet: Worksheet, grid: Grid, height: float) -> None:
    """Set the page: the whole form on one, where that leaves it legible; else the headings are repeated."""
    is_across = grid.orientation == "landscape"
    if is_across:
        sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(MARGIN_INCHES, MARGIN_INCHES, MARGIN_INCHES, FOOTER_INCHES)
    sheet.set_footer("&C&P / &N", {"margin": MARGIN_INCHES / 2})
    sheet.center_horizontally()
    page = (LONG_POINTS, SHORT_POINTS) if is_across else (SHORT_POINTS, LONG_POINTS)
    across = page[0] - 2 * MARGIN_INCHES * 72
    down = page[1] - (MARGIN_INCHES + FOOTER_INCHES) * 72
    scale = min(1.0, across / (sum(grid.widths) * POINTS_OF_WIDTH))
    sheet.fit_to_pages(1, 1 if height * scale * SQUEEZED_MOST <= down else 0)
    sheet.repeat_rows(grid.heading[0], grid.heading[1] - 1)


def _heights(grid: Grid) -> list[float]:
    """Room for the longest text of each row, in points; a cell over several rows gets what it lacks from the last."""
    heights = [0.0] * grid.rows
    for cell in sorted(grid.cells, key=lambda cell: cell.rows):
        width = sum(grid.widths[cell.column : cell.column + cell.columns])
        if cell.style == "prose":
            width -= INDENT_WIDTH
        needed = max(_lines(cell.text, width) * LINE_POINTS + 4, _LEAST_POINTS.get(cell.style, LINE_POINTS + 4))
        last = cell.row + cell.rows
        heights[last - 1] += max(0.0, needed - sum(heights[cell.row : last]))
    return heights


def _lines(text: str, width: int) -> int:
    """How many lines a text takes; a Chinese sign is two Latin ones wide."""
    return sum(-(-_width(part) // width) or 1 for part in text.split("\n"))


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)  # noqa: PLR2004  # Where the CJK blocks begin.
