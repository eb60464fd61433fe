"""A form as docx."""

import io
from typing import Any, Final

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from services.evaluation.rules.forms.grid import Cell, Grid

FONT: Final = "宋体"
LONG_MM, SHORT_MM = 297, 210  # A4.
MARGIN_MM: Final = 15
AIR_TWIPS: Final = 40  # 0.7 mm.


def text_document(grid: Grid, title: str) -> bytes:
    """The grid as a text document: heading, one table, and the foot below it."""
    document = Document()
    document.core_properties.title = title
    _page(document, grid)
    for cell in _rows(grid, 0, grid.head_rows):
        _heading(document, cell)
    _table(document, grid)
    for cell in _rows(grid, grid.body_rows, grid.rows):
        _run(document.add_paragraph(), cell.text, size=8)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _rows(grid: Grid, first: int, after: int) -> list[Cell]:
    return [cell for cell in grid.cells if first <= cell.row < after]


def _page(document: Any, grid: Grid) -> None:
    section, width = document.sections[0], _width_mm(grid)
    section.orientation = WD_ORIENT.LANDSCAPE if width == LONG_MM else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(LONG_MM + SHORT_MM - width)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(MARGIN_MM))
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(9)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    style.paragraph_format.space_after = Pt(0)


def _width_mm(grid: Grid) -> int:
    return LONG_MM if grid.orientation == "landscape" else SHORT_MM


def _heading(document: Any, cell: Cell) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    size = {"title": 18, "subtitle": 11}.get(cell.style, 10)
    run = _run(paragraph, cell.text, size=size, bold=cell.style != "subtitle")
    if cell.style == "mark":
        run.font.color.rgb = RGBColor(0x9C, 0x00, 0x06)


def _table(document: Any, grid: Grid) -> None:
    cells = _rows(grid, grid.head_rows, grid.body_rows)
    table = document.add_table(grid.body_rows - grid.head_rows, grid.width)
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    room = _width_mm(grid) - 2 * MARGIN_MM
    widths = [Mm(room * width / sum(grid.widths)) for width in grid.widths]
    air(table)
    for column, width in zip(table.columns, widths, strict=True):  # LibreOffice asks them, Word asks the cells.
        column.width = width
    places = table._cells  # noqa: SLF001  # Found once: `table.cell` looks through the whole table each time.
    for index, place in enumerate(places):
        place.width = widths[index % grid.width]
    for row in table.rows:
        _keep_together(row)
    for cell in cells:
        top = cell.row - grid.head_rows
        first = places[top * grid.width + cell.column]
        if cell.rows > 1 or cell.columns > 1:
            first = first.merge(places[(top + cell.rows - 1) * grid.width + cell.column + cell.columns - 1])
        first.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
        paragraph = first.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(paragraph, cell.text, size=9 if grid.orientation == "landscape" else 7.5, bold=cell.style == "label")
        if cell.style == "label":
            _shade(first)


def air(table: Any) -> None:
    """Room above and below the texts of a table."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("top", "bottom"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(AIR_TWIPS))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    # In the order of the schema, which Word insists on; the library has no other way to it.
    table._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)  # noqa: SLF001


def _run(paragraph: Any, text: str, *, size: float, bold: bool = False) -> Any:
    run = paragraph.add_run(text)
    run.font.size, run.bold, run.font.name = Pt(size), bold, FONT
    run._element.rPr.rFonts.set(qn("w:eastAsia"), FONT)  # noqa: SLF001  # The library has no other way to it.
    return run


def _shade(cell: Any) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", "F2F2F2")):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)  # noqa: SLF001  # Likewise.


def _keep_together(row: Any) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001  # Likewise.
