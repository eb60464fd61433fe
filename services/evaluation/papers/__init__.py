"""Papers: a form's grid as a workbook, a text document or a page to print. Loaded when the first one is asked for."""

from typing import Final

from services.evaluation.rules.forms.grid import Grid
from services.evaluation.rules.reports.model import Report

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF: Final = "application/pdf"


def as_xlsx(grid: Grid, title: str) -> bytes:
    """The grid as xlsx."""
    from services.evaluation.papers.workbook import workbook  # noqa: PLC0415

    return workbook(grid, title)


def as_docx(grid: Grid, title: str) -> bytes:
    """The grid as docx."""
    from services.evaluation.papers.text import text_document  # noqa: PLC0415

    return text_document(grid, title)


def as_pdf(grid: Grid, title: str) -> bytes:
    """
    The grid as PDF.

    Raises:
        FontsMissing: If no font with Chinese signs is installed.
    """
    from services.evaluation.papers.print import printed  # noqa: PLC0415

    return printed(grid, title)


def require_fonts() -> None:
    """
    See whether there is a font for PDFs.

    Raises:
        FontsMissing: If no font with Chinese signs is installed.
    """
    from services.evaluation.papers.print import font  # noqa: PLC0415

    font()


def report_as_docx(report: Report) -> bytes:
    """
    The report as docx.

    Raises:
        FontsMissing: If no font with Chinese signs is installed: its charts are drawn with one.
    """
    from services.evaluation.papers.report import report_docx  # noqa: PLC0415

    return report_docx(report)


def report_as_pdf(report: Report) -> bytes:
    """
    The report as PDF.

    Raises:
        FontsMissing: If no font with Chinese signs is installed.
    """
    from services.evaluation.papers.report import report_pdf  # noqa: PLC0415

    return report_pdf(report)
