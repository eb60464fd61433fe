"""
Workbooks (.xlsx) read as far as an audit needs them: the text that cells show, nothing that runs or leads elsewhere.

What a file unpacks to is known before any of it is read, so that a small file cannot become a large one in memory.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from services.evaluation.rules.auditing.figures import figure_of
from services.evaluation.rules.auditing.layout import Sheet
from shared.problems import Invalid

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE_BYTES_MAX: Final = 2 * 1024 * 1024
UNPACKED_BYTES_MAX: Final = 8 * 1024 * 1024  # Of all parts; a table with its styles has some hundred thousand.
PARTS_MAX: Final = 200
SHEETS_MAX: Final = 20
ROWS_MAX: Final = 600
COLUMNS_MAX: Final = 40
TEXT_LENGTH_MAX: Final = 2_000
DECIMALS_SHOWN: Final = 9  # Of a number without a format.
DECIMALS_KEPT: Final = 2  # At least, of a number with one.

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_PLAIN = ("", "General", "@")
_DECIMALS = re.compile(r"0(?:\.(0+))?%?")
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    ParseError,
    KeyError,
    ValueError,  # What defusedxml refuses, too.
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def read_sheets(content: bytes) -> list[Sheet]:
    """
    The sheets of a workbook, at most 20 of them, 600 rows and 40 columns each.

    Raises:
        Invalid: If it is no workbook that can be read, or unpacks to more than 8 MiB.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _check_size(archive)
            return list(_sheets(content, archive))
    except _UNREADABLE as error:  # Whatever openpyxl stumbles over in a file that is none of its kind.
        raise _unreadable(f"the file cannot be read as a workbook (.xlsx): {type(error).__name__}") from error


def _check_size(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)  # `zipfile` never unpacks more of a part than it declares.
    if len(parts) > PARTS_MAX or unpacked > UNPACKED_BYTES_MAX:
        raise _unreadable(
            f"a workbook has at most {PARTS_MAX} parts that unpack to {UNPACKED_BYTES_MAX} bytes; "
            f"this one has {len(parts)}, of {unpacked}"
        )


def _unreadable(message: str) -> Invalid:
    return Invalid.field("", "workbook", message)


def _sheets(content: bytes, archive: zipfile.ZipFile) -> Iterator[Sheet]:
    from openpyxl.utils import range_boundaries  # noqa: PLC0415  # Loaded with the first workbook: a start is quicker.

    # "=100%" is what people write for a target, and what a workbook takes for a formula that nobody has computed.
    values, formulas = _book(content, data_only=True), _book(content, data_only=False)
    try:
        for shown, written in zip(values.worksheets[:SHEETS_MAX], formulas.worksheets, strict=False):
            rows = [
                [_shown(cell) or _signed(formula) for cell, formula in zip(*pair, strict=True)]
                for pair in zip(_rows(shown), _rows(written), strict=True)
            ]
            # A workbook that is read as a stream does not tell which of its cells are merged.
            part = archive.read(str(shown._worksheet_path))  # noqa: SLF001
            yield _merged(rows, [range_boundaries(found.decode()) for found in _MERGED.findall(part)])
    finally:
        values.close()
        formulas.close()


def _book(content: bytes, *, data_only: bool) -> Any:
    from openpyxl import load_workbook  # noqa: PLC0415  # Likewise.

    return load_workbook(BytesIO(content), read_only=True, data_only=data_only, keep_links=False)


def _rows(sheet: Any) -> Iterator[Any]:
    return iter(sheet.iter_rows(max_row=ROWS_MAX, max_col=COLUMNS_MAX))


def _signed(cell: Any) -> str | None:
    """A figure behind an equal sign, as it was meant."""
    value = cell.value
    return value if isinstance(value, str) and value.startswith("=") and figure_of(value) is not None else None


def _merged(rows: list[list[str | None]], ranges: Sequence[tuple[int | None, ...]]) -> Sheet:
    """Every place that a merged cell covers shows what the cell shows."""
    covered: set[tuple[int, int]] = set()
    for left, top, right, bottom in ranges:
        assert left is not None
        assert top is not None
        assert right is not None
        assert bottom is not None
        for row in range(top - 1, min(bottom, len(rows))):
            for column in range(left - 1, min(right, len(rows[row]))):
                if (row, column) != (top - 1, left - 1) and (row, column) not in covered:
                    rows[row][column] = rows[top - 1][left - 1]
                    covered.add((row, column))
    return Sheet(rows, frozenset(covered))


def _shown(cell: Any) -> str | None:
    """The text that a cell shows: 0.9208 formatted as per cent is 92.08%."""
    value = cell.value
    match value:
        case None | bool():
            return None
        case int() | float():
            return _number(value, cell.number_format or "")
        case datetime() | date():
            return value.strftime("%Y-%m-%d")
        case _:
            return str(value)[:TEXT_LENGTH_MAX]


def _number(value: float, pattern: str) -> str:
    number, sign = (Decimal(repr(value)) * 100, "%") if "%" in pattern else (Decimal(repr(value)), "")
    # A whole number of points is often shown where the cell holds two decimals, and the total was made from those.
    found = None if pattern in _PLAIN else _DECIMALS.search(pattern)
    decimals = DECIMALS_SHOWN if found is None else max(len(found[1] or ""), DECIMALS_KEPT)
    text = format(round(number, decimals), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) + sign
