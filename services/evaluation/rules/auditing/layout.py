"""
The common layout of a self-evaluation table (项目支出绩效自评表) in a spreadsheet, read by its headings.

A sheet comes as rows of cells, each the text that it shows; what comes out is the table as `read_table` takes it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from services.evaluation.rules.auditing.figures import figure_of, is_empty, normal
from services.evaluation.rules.auditing.grades import grade_word
from services.evaluation.rules.auditing.headings import (
    COLUMNS,
    FUNDS,
    FUNDS_LOOSELY,
    FUNDS_NEEDED,
    LOOSELY,
    NEEDED,
    columns_of,
)

FUNDS_ROWS: Final = re.compile(r"资金总额|总额|合计|总计|财政拨款|上年结转|结转|其他资金|其他|自有|专项|一般公共")
FUNDS_TOTAL: Final = re.compile(r"资金总额|总额|合计|总计")
FUNDS_ROWS_MAX: Final = 10
TOTAL: Final = re.compile(r"总分|合计|总计|总得分|自评总分|综合得分")
SUBTOTAL: Final = re.compile(r"小计")
NOTES: Final = re.compile(r"备注|说明|注[::\d]|填表|填报|联系|自评(?:等级|结论)|评价(?:等级|结论)|其他需要")
GRADE: Final = re.compile(r"(?:自评|评价|绩效|评定|综合)*(?:等级|等次|档次|结论)[::]?(?P<grade>.*)")
POINTS: Final = re.compile(r"\((?P<points>\d+(?:\.\d+)?)分")
SIGN_WORDS: Final = {"正向": ">=", "正向指标": ">=", "反向": "<=", "反向指标": "<=", "逆向指标": "<="}
YEAR: Final = re.compile(r"((?:19|20)\d{2})年")
PROJECT: Final = re.compile(r"项目(?:支出)?名称")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of cells, each the text that it shows; a merged cell shows in every place that it covers."""

    rows: Sequence[Sequence[str | None]]
    covered: frozenset[tuple[int, int]]  # Row and column of places that a cell merged with them fills.

    def text(self, row: int, column: int) -> str | None:
        """What a place shows; None where it is blank."""
        cells = self.rows[row] if row < len(self.rows) else ()
        text = cells[column] if column < len(cells) else None
        return text if text and text.strip() else None

    def distinct(self, row: int) -> list[tuple[int, str]]:
        """The cells of a row with their columns, each merged one once."""
        return [
            (column, text)
            for column in range(len(self.rows[row]))
            if (text := self.text(row, column)) is not None and not self._repeats(row, column)
        ]

    def _repeats(self, row: int, column: int) -> bool:
        return column > 0 and (row, column) in self.covered and self.text(row, column - 1) == self.text(row, column)


def table_of(sheet: Sheet) -> dict[str, Any] | None:
    """The table in *sheet*, as JSON has it; None if it has no such headings with rows below."""
    heading = _heading(sheet)
    if heading is None:
        return None
    row, columns = heading
    indicators, total_row = _indicators(sheet, row, columns)
    if not indicators:
        return None
    funds, execution = _execution(sheet, row)
    head = " ".join(text for above in range(min(row, 8)) for _, text in sheet.distinct(above))
    year = YEAR.search(normal(head))
    return {
        "project": _beside(sheet, PROJECT),
        "year": int(year[1]) if year else None,
        "funds": funds,
        "execution": execution,
        "indicators": indicators,
        "total_printed": None if total_row is None else _number(sheet, total_row, columns.get("score")),
        "full_printed": None if total_row is None else _number(sheet, total_row, columns.get("weight")),
        "grade_printed": _grade(sheet, total_row),
    }


def _heading(sheet: Sheet) -> tuple[int, Mapping[str, int]] | None:
    """The last row of the indicators' headings, and where each column begins."""
    found = None
    above: dict[str, int] = {}
    for row in range(len(sheet.rows)):
        columns = columns_of(sheet.distinct(row), COLUMNS, LOOSELY)
        if columns.keys() >= NEEDED:
            found = row, columns
        elif found is not None:
            break
        elif columns and (above | columns).keys() >= NEEDED:  # Headings over two rows that are not merged.
            found = row, above | columns
        above = columns
    return found


def _indicators(sheet: Sheet, heading: int, columns: Mapping[str, int]) -> tuple[list[dict[str, Any]], int | None]:
    """The rows below the headings, down to the total; and the total's row, which may come after the notes."""
    found: list[dict[str, Any]] = []
    above: dict[str, str | None] = {"dimension": None, "aspect": None}
    is_ended = False
    for row in range(heading + 1, len(sheet.rows)):
        cells = sheet.distinct(row)
        label = normal(cells[0][1]) if cells else ""
        if TOTAL.match(label) or any(TOTAL.fullmatch(normal(text)) for _, text in cells[:3]):
            return _weighted(found, columns), row
        is_ended = is_ended or (NOTES.match(label) is not None and bool(found))
        if is_ended or any(SUBTOTAL.search(normal(text)) for _, text in cells[:4]):
            continue
        cell = {name: _cell(sheet, row, name, columns) for name in columns}
        above = {name: cell.get(name) or text for name, text in above.items()}
        if _says_something(cell):
            found.append(_indicator(cell, above))
    return _weighted(found, columns), None


def _says_something(cell: Mapping[str, str | None]) -> bool:
    is_named = not is_empty(cell["name"]) and not re.fullmatch(r"[.…]+", normal(cell["name"] or ""))
    has_points = not is_empty(cell.get("weight")) or not is_empty(cell.get("score"))
    has_values = not is_empty(cell["target"]) or not is_empty(cell["actual"])
    return (is_named and (has_points or has_values)) or (has_points and has_values)


def _indicator(cell: Mapping[str, str | None], above: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        "level1": above["dimension"],
        "level2": above["aspect"],
        "name": cell["name"],
        "target_printed": _target(cell),
        "actual_printed": cell["actual"],
        "weight": cell.get("weight"),
        "score": cell["score"],
        "deviation_reason_printed": cell.get("reason"),
    }


def _target(cell: Mapping[str, str | None]) -> str | None:
    """The target, the adjusted one before the first; with its sign and unit where these have columns of their own."""
    adjusted = cell.get("adjusted")
    value = cell["target"] if is_empty(adjusted) else adjusted
    figure = None if value is None else figure_of(value)
    if value is None or figure is None:
        return value
    sign = normal(cell.get("sign") or "") if figure.op is None else ""
    unit = "" if figure.has_unit else cell.get("unit") or ""
    signed = SIGN_WORDS.get(sign, sign) + value + unit
    found = figure_of(signed)
    return value if found is None or found.numbers != figure.numbers else signed


def _weighted(rows: list[dict[str, Any]], columns: Mapping[str, int]) -> list[dict[str, Any]]:
    """Where there is no column of weights they may stand in the names: 数量指标(20分), if that is one row."""
    if "weight" in columns:
        return rows
    aspects = Counter((row["level1"], row["level2"]) for row in rows)
    for row in rows:
        is_alone = aspects[row["level1"], row["level2"]] == 1
        row["weight"] = _points(row["name"]) or (_points(row["level2"]) if is_alone else None)
    return rows


def _points(text: str | None) -> str | None:
    found = POINTS.search(normal(text or ""))
    return found["points"] if found else None


def _cell(sheet: Sheet, row: int, name: str, columns: Mapping[str, int]) -> str | None:
    """The cell of a row below a heading: the first that says something up to the next heading."""
    begin = columns[name]
    end = min((column for column in columns.values() if column > begin), default=begin + 1)
    if name in ("weight", "score") and (row, begin) in sheet.covered:
        return "0"  # Points that several rows share are counted with the first.
    return next((text for column in range(begin, end) if (text := sheet.text(row, column)) is not None), None)


def _execution(sheet: Sheet, end: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Amounts and points of budget execution, from the rows above *end*."""
    for heading in range(end):
        columns = columns_of(sheet.distinct(heading), FUNDS, FUNDS_LOOSELY)
        if columns.keys() >= FUNDS_NEEDED:
            rows = [
                row
                for row in range(heading + 1, min(end, heading + 1 + FUNDS_ROWS_MAX))
                if any(FUNDS_ROWS.search(normal(text)) for _, text in sheet.distinct(row))
            ]
            amounts, execution = _funds(sheet, rows or [heading + 1], columns)
            if "weight" not in columns:  # 得分(20分*执行率)
                texts = [text for row in (heading, *rows) for _, text in sheet.distinct(row)]
                execution["weight"] = next(filter(None, map(_points, texts)), None)
            return amounts, execution
    return {}, {}


def _funds(sheet: Sheet, rows: list[int], columns: Mapping[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    labels = {row: normal("".join(text for _, text in sheet.distinct(row)[:3])) for row in rows}
    total = next((row for row in rows if FUNDS_TOTAL.search(labels[row])), rows[0])
    parts = [row for row in rows if row != total]
    names = ("initial", "annual", "executed")
    amounts: dict[str, Any] = {name: _amount(sheet, total, parts, columns.get(name)) for name in names}
    sums = {name: _sum(sheet, parts, columns.get(name)) for name in names}
    if any(sums.values()):
        amounts["sources"] = sums
    points = {name: _number(sheet, total, columns.get(name)) for name in ("weight", "score")}
    rate = None if "rate" not in columns else sheet.text(total, columns["rate"])
    return amounts, {"rate_printed": rate, **points}


def _amount(sheet: Sheet, total: int, parts: list[int], column: int | None) -> str | None:
    """The total's amount; where it is empty or 0 although the parts are not, the parts' sum."""
    printed = _number(sheet, total, column)
    if printed is not None and float(printed):
        return printed
    found = [float(text) for row in parts if (text := _number(sheet, row, column)) is not None]
    return _plainly(round(sum(found), 10)) if any(found) else printed


def _sum(sheet: Sheet, parts: list[int], column: int | None) -> str | None:
    """What the parts add up to; None if there are not several, or one states nothing."""
    found = [_number(sheet, row, column) for row in parts]
    stated = [Decimal(text) for text in found if text is not None]
    return format(sum(stated), "f") if len(stated) == len(found) > 1 else None


def _number(sheet: Sheet, row: int, column: int | None) -> str | None:
    text = None if column is None else sheet.text(row, column)
    found = None if text is None else figure_of(text)
    if found is None or len(found.numbers) != 1 or is_empty(text):
        return None
    return _plainly(float(found.numbers[0]))


def _plainly(number: float) -> str:
    """Without an exponent: one fen is 0.000001 of 10,000 yuan."""
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def _beside(sheet: Sheet, label: re.Pattern[str]) -> str | None:
    """The cell to the right of the one with *label*."""
    for row in range(len(sheet.rows)):
        cells = sheet.distinct(row)
        for (_, text), (_, beside) in pairwise(cells):
            if label.fullmatch(normal(text)):
                return beside
    return None


def _grade(sheet: Sheet, total_row: int | None) -> str | None:
    return next(_grades(sheet, total_row), None)


def _grades(sheet: Sheet, total_row: int | None) -> Iterator[str]:
    """Grades behind a word for grade, then one in the total's row."""
    for row in range(len(sheet.rows)):
        cells = sheet.distinct(row)
        for (_, text), (_, beside) in pairwise([*cells, (0, "")]):
            found = GRADE.fullmatch(normal(text))
            grade = None if found is None else grade_word(found["grade"] or normal(beside))
            if grade is not None:
                yield grade
    cells = [] if total_row is None else sheet.distinct(total_row)
    yield from filter(None, (grade_word(normal(text)) for _, text in cells))
