"""Reports as PDF and docx; one typst source draws the charts of both."""

import io
import json
from dataclasses import asdict
from importlib import resources
from typing import Any, Final, Literal

import typst
from docx import Document
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from services.evaluation.papers.print import font
from services.evaluation.papers.text import air, number_pages, undated
from services.evaluation.rules.reports.model import Block, Chart, Heading, Paragraph, Report, Table

FAMILY: Final = "宋体"
WIDTH_MM: Final = 156  # Of the text on A4.
CHART_PPI: Final = 200.0
RED: Final = RGBColor(0x9C, 0x00, 0x06)


def report_pdf(report: Report) -> bytes:
    """
    The report as PDF, A4.

    Raises:
        FontsMissing: If no font with Chinese signs is installed.
    """
    blocks = [{"kind": _kind(block), **asdict(block)} for block in report.blocks]  # A chart's own kind rules.
    data = {
        "title": report.title,
        "subtitle": report.subtitle,
        "mark": report.mark,
        "language": report.language,
        "blocks": blocks,
    }
    return _typeset(data, "pdf")


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def _typeset(data: dict[str, Any], form: Literal["pdf", "png"]) -> bytes:
    source = resources.files(__package__).joinpath("report.typ").read_bytes()
    inputs = {"report": json.dumps(data | {"font": font()})}
    return typst.compile(source, format=form, ppi=CHART_PPI, sys_inputs=inputs)  # A chart fits on its one page.


def report_docx(report: Report) -> bytes:
    """The report as a text document, A4."""
    document = Document()
    document.core_properties.title = report.title
    _page(document)
    _centred(document, report.title, 19, bold=True)
    _centred(document, report.subtitle, 11.5)
    if report.mark:
        _centred(document, report.mark, 10, bold=True).font.color.rgb = RED
    for block in report.blocks:
        match block:
            case Heading():
                _heading(document, block)
            case Paragraph():
                _paragraph(document, block, report.language)
            case Table():
                _table(document, block)
            case Chart():
                _chart(document, block)
    out = io.BytesIO()
    document.save(out)
    return undated(out.getvalue())


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm((210 - WIDTH_MM) / 2)
    section.top_margin, section.bottom_margin = Mm(28), Mm(25)
    number_pages(section)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FAMILY, Pt(11)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FAMILY)
    style.paragraph_format.space_after = Pt(4)


def _run(paragraph: Any, text: str, size: float, *, bold: bool = False) -> Any:
    run = paragraph.add_run(text)
    run.font.size, run.bold, run.font.name = Pt(size), bold, FAMILY
    run._element.rPr.rFonts.set(qn("w:eastAsia"), FAMILY)  # noqa: SLF001  # The library has no other way to it.
    return run


def _centred(document: Any, text: str, size: float, *, bold: bool = False, keep: bool = False) -> Any:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.keep_with_next = keep
    return _run(paragraph, text, size, bold=bold)


def _heading(document: Any, heading: Heading) -> None:
    paragraph = document.add_heading(level=heading.level)
    size = 14 if heading.level == 1 else 11.5
    _run(paragraph, heading.text, size, bold=True).font.color.rgb = RGBColor(0, 0, 0)


def _paragraph(document: Any, block: Paragraph, language: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.line_spacing = 1.4
    if language == "zh":
        paragraph.paragraph_format.first_line_indent = Pt(22)
    run = _run(paragraph, block.text, 11)
    if block.tone == "missing":
        run.font.color.rgb = RED


def _table(document: Any, block: Table) -> None:
    _centred(document, block.caption, 9.5, bold=True, keep=True)
    table = document.add_table(len(block.rows) + 1, len(block.head))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    air(table)
    for column, share in enumerate(block.widths):  # Both ask: Word looks at the cells, LibreOffice at the columns.
        table.columns[column].width = Mm(WIDTH_MM * share / sum(block.widths))
    places, columns = table._cells, len(block.head)  # noqa: SLF001  # Found once: `table.cell` looks each time.
    for row, texts in enumerate((block.head, *block.rows)):
        for column, text in enumerate(texts):
            place = places[row * columns + column]
            place.width = Mm(WIDTH_MM * block.widths[column] / sum(block.widths))
            place.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
            paragraph = place.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            is_left = column == 0 and row > 0
            paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if is_left else WD_ALIGN_PARAGRAPH.CENTER
            _run(paragraph, text, 9, bold=row == 0)
        table.rows[row]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001  # Likewise.
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001  # Likewise.
    document.add_paragraph()


def _chart(document: Any, block: Chart) -> None:
    _centred(document, block.caption, 9.5, bold=True, keep=True)
    picture = _typeset({"chart": asdict(block)}, "png")
    document.add_picture(io.BytesIO(picture), width=Mm(WIDTH_MM))
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
