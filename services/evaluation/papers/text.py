"""A form as docx."""

import io
import zipfile
from datetime import UTC
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
LATIN: Final = "Times New Roman"
LONG_MM, SHORT_MM = 297, 210  # A4.
MARGIN_MM: Final = 13
MARGIN_TOP_MM: Final = 10
AIR_TWIPS: Final = 28  # 0.5 mm.
SIDE_TWIPS: Final = 40
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # The same paper has the same bytes, whenever it is made.
SIGNATURE_TWIPS: Final = 450  # 8 mm, for a hand to sign in.


def text_document(grid: Grid, title: str) -> bytes:
    """The grid as a text document: heading, one table, and the foot below it."""
    document = Document()
    properties, moment = document.core_properties, grid.moment.astimezone(UTC).replace(tzinfo=None)
    properties.title, properties.author, properties.comments = title, "", ""
    properties.created = properties.modified = moment
    _page(document, grid)
    for cell in _rows(grid, 0, grid.head_rows):
        _heading(document, cell)
    _table(document, grid)
    for cell in _rows(grid, grid.body_rows, grid.rows):
        _run(document.add_paragraph(), cell.text, size=6.5)
    out = io.BytesIO()
    document.save(out)
    return undated(out.getvalue())


def _rows(grid: Grid, first: int, after: int) -> list[Cell]:
    return [cell for cell in grid.cells if first <= cell.row < after]


def _page(document: Any, grid: Grid) -> None:
    section, width = document.sections[0], _width_mm(grid)
    section.orientation = WD_ORIENT.LANDSCAPE if width == LONG_MM else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(LONG_MM + SHORT_MM - width)
    section.left_margin = section.right_margin = Mm(MARGIN_MM)
    section.top_margin = section.bottom_margin = Mm(MARGIN_TOP_MM)
    section.footer_distance = Mm(MARGIN_TOP_MM / 2)
    number_pages(section)
    style = document.styles["Normal"]
    style.font.name, style.font.size = LATIN, Pt(9)
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
    air(table, sides=SIDE_TWIPS)
    for column, width in zip(table.columns, widths, strict=True):  # LibreOffice asks them, Word asks the cells.
        column.width = width
    places = table._cells  # noqa: SLF001  # Found once: `table.cell` looks through the whole table each time.
    for index, place in enumerate(places):
        place.width = widths[index % grid.width]
    for row in table.rows:
        _keep_together(row)
    size = round(2 * grid.scale * (9 if grid.orientation == "landscape" else 7)) / 2  # Word knows halves of a point.
    for cell in cells:
        top = cell.row - grid.head_rows
        first = places[top * grid.width + cell.column]
        if cell.rows > 1 or cell.columns > 1:
            first = first.merge(places[(top + cell.rows - 1) * grid.width + cell.column + cell.columns - 1])
        _fill(first, cell, size=size)
        if cell.style == "signature" and cell.column == 0:
            _heighten(table.rows[top])


def _fill(place: Any, cell: Cell, *, size: float) -> None:
    place.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    paragraph = place.paragraphs[0]
    is_left = cell.style in ("prose", "signature")
    paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if is_left else WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, cell.text, size=size, bold=cell.style == "label")
    if cell.style == "label":
        _shade(place)


def _heighten(row: Any) -> None:
    height = OxmlElement("w:trHeight")
    height.set(qn("w:val"), str(SIGNATURE_TWIPS))
    row._tr.get_or_add_trPr().append(height)  # noqa: SLF001  # The library has no other way to it.


def number_pages(section: Any) -> None:
    """The number of the page, and how many there are, below each."""
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for text in ("PAGE", " / ", "NUMPAGES"):
        run = paragraph.add_run("" if text.isupper() else text)
        run.font.size = Pt(8)
        if text.isupper():
            field = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), text)
            field.append(run._element)  # noqa: SLF001  # Likewise.
            paragraph._p.append(field)  # noqa: SLF001  # Likewise.


def air(table: Any, *, sides: int | None = None) -> None:
    """Room above and below the texts of a table, and beside them as much as *sides* says, in twips."""
    margins = OxmlElement("w:tblCellMar")
    rooms = {"top": AIR_TWIPS, "left": sides, "bottom": AIR_TWIPS, "right": sides}
    for side, room in rooms.items():
        if room is None:
            continue
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(room))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    # In the order of the schema, which Word insists on; the library has no other way to it.
    table._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)  # noqa: SLF001


def _run(paragraph: Any, text: str, *, size: float, bold: bool = False) -> Any:
    """A run in the document's font; says no more than it must, for a form has many of them."""
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    if bold:
        run.bold = True
    return run


def _shade(cell: Any) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", "F2F2F2")):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)  # noqa: SLF001  # Likewise.


def _keep_together(row: Any) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001  # Likewise.


def undated(packed: bytes) -> bytes:
    """The same package with every part dated alike."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.infolist():
            after.writestr(zipfile.ZipInfo(part.filename, ZIP_EPOCH), before.read(part), zipfile.ZIP_DEFLATED)
    return out.getvalue()
