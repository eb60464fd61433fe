"""A form as xlsx."""

import io
import re
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from services.evaluation.rules.forms.grid import Cell, Grid, Style

FONT: Final = "宋体"
_NUMBER: Final = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,6})?")
_LOOKS: Final[dict[Style, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 18, "align": "center"},
    "subtitle": {"font_size": 12, "align": "center"},
    "mark": {"bold": True, "font_color": "#9C0006", "align": "center"},
    "label": {"bold": True, "border": 1, "align": "center", "bg_color": "#F2F2F2"},
    "text": {"border": 1, "align": "center"},
    "figure": {"border": 1, "align": "center"},
    "foot": {"font_size": 9, "align": "left"},
}


def workbook(grid: Grid, title: str) -> bytes:
    """
    The grid as a workbook of one sheet, to be printed across one page.

    What stands in a cell is text or a number, never a formula, whatever it begins with.
    """
    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title})
    sheet = book.add_worksheet("自评表")
    formats = {
        style: book.add_format({"font_name": FONT, "text_wrap": True, "valign": "vcenter", **look})
        for style, look in _LOOKS.items()
    }
    for column, width in enumerate(grid.widths):
        sheet.set_column(column, column, width)
    for cell in grid.cells:
        _write(sheet, cell, formats[cell.style])
    for row in range(grid.rows):
        sheet.set_row(row, _height(grid, row))
    if grid.orientation == "landscape":
        sheet.set_landscape()
    sheet.set_paper(9)  # A4.
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, grid.head_rows - 1)
    book.close()
    return out.getvalue()


def _write(sheet: Worksheet, cell: Cell, look: Any) -> None:
    last = cell.row + cell.rows - 1, cell.column + cell.columns - 1
    if cell.rows > 1 or cell.columns > 1:
        sheet.merge_range(cell.row, cell.column, *last, "", look)
    if cell.style == "figure" and _NUMBER.fullmatch(cell.text):
        sheet.write_number(cell.row, cell.column, float(cell.text), look)
    elif cell.text:
        sheet.write_string(cell.row, cell.column, cell.text, look)
    else:
        sheet.write_blank(cell.row, cell.column, None, look)


def _height(grid: Grid, row: int) -> float:
    """Enough lines for the longest text of the row; a Chinese sign is two Latin ones wide."""
    lines = 1
    for cell in grid.cells:
        if cell.row == row and cell.rows == 1:
            width = sum(grid.widths[cell.column : cell.column + cell.columns])
            lines = max(lines, sum(-(-_width(part) // width) or 1 for part in cell.text.split("\n")))
    return max(18.0, 15.0 * lines + 4) if row else 30.0


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)  # noqa: PLR2004  # Where the CJK blocks begin.
