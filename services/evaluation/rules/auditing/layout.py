"""
The common layout of a self-evaluation table (项目支出绩效自评表) in a spreadsheet, read by its headings.

A sheet comes as rows of cells, each the text that it shows; what comes out is the table as `read_table` takes it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from services.evaluation.rules.auditing.figures import figure_of, is_empty, normal

# The first that fits names the column: 未完成原因 is a reason, 指标分值 a weight, 上年完成值 no value of this year.
COLUMNS: Final = (
    ("basis", re.compile(r"依据")),
    ("previous", re.compile(r"上一?年")),
    ("reason", re.compile(r"偏差|原因|改进措施|扣分|备注")),
    ("dimension", re.compile(r"一级指标")),
    ("aspect", re.compile(r"二级指标")),
    ("name", re.compile(r"三级指标|指标名称|具体指标|指标内容|四级指标")),
    ("weight", re.compile(r"分值|权重|权值|满分|标准分")),
    ("score", re.compile(r"得分|自评分|评分")),
    ("target", re.compile(r"指标值|目标值|计划值|预期值|年度指标|年初目标|预期目标值")),
    ("actual", re.compile(r"完成值|完成情况|实际值|实际完成|完成结果|完成指标")),
)
NEEDED: Final = frozenset({"name", "target", "actual", "score"})
FUNDS: Final = (
    ("initial", re.compile(r"年初预算|年初数|年初批复|年初安排")),
    ("annual", re.compile(r"全年预算|调整后?预算|调整数|预算数|预算安排")),
    ("rate", re.compile(r"执行率")),
    ("executed", re.compile(r"执行数|支出数|实际支出|决算")),
    ("weight", re.compile(r"分值|权重")),
    ("score", re.compile(r"得分|评分")),
)
FUNDS_NEEDED: Final = frozenset({"annual", "executed"})
FUNDS_ROWS: Final = re.compile(r"资金总额|总额|合计|总计|财政拨款|上年结转|结转|其他资金|其他|自有|专项|一般公共")
FUNDS_TOTAL: Final = re.compile(r"资金总额|总额|合计|总计")
FUNDS_ROWS_MAX: Final = 10
TOTAL: Final = re.compile(r"总分|合计|总计|总得分|自评总分|综合得分")
SUBTOTAL: Final = re.compile(r"小计")
NOTES: Final = re.compile(r"备注|说明|注[::\d]|填表|填报|联系|自评(?:等级|结论)|评价(?:等级|结论)|其他需要")
GRADE: Final = re.compile(r"(?:自评|评价|绩效|评定|综合)*(?:等级|等次|档次|结论)[::]?(?P<grade>.*)")
GRADE_WORD: Final = re.compile(r"(优秀?|良好?|中等?|一般|合格|较差|差|不合格)级?")
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
        "grade_printed": _grade(sheet),
    }


def _heading(sheet: Sheet) -> tuple[int, Mapping[str, int]] | None:
    """The last row of the indicators' headings, and where each column begins."""
    found = None
    for row in range(len(sheet.rows)):
        columns = _columns(sheet, row, COLUMNS)
        if columns.keys() >= NEEDED:
            found = row, columns
        elif found is not None:
            break
    return found


def _columns(sheet: Sheet, row: int, kinds: Sequence[tuple[str, re.Pattern[str]]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for column, text in sheet.distinct(row):
        kind = next((name for name, pattern in kinds if pattern.search(normal(text))), None)
        if kind is not None:
            found.setdefault(kind, column)
    return found


def _indicators(sheet: Sheet, heading: int, columns: Mapping[str, int]) -> tuple[list[dict[str, Any]], int | None]:
    """The rows below the headings, down to the total; and the total's row."""
    found: list[dict[str, Any]] = []
    above: dict[str, str | None] = {"dimension": None, "aspect": None}
    for row in range(heading + 1, len(sheet.rows)):
        cells = sheet.distinct(row)
        label = normal(cells[0][1]) if cells else ""
        if TOTAL.match(label) or any(TOTAL.fullmatch(normal(text)) for _, text in cells[:3]):
            return found, row
        if NOTES.match(label) and found:
            break
        if any(SUBTOTAL.search(normal(text)) for _, text in cells[:4]):
            continue
        cell = {name: _cell(sheet, row, name, columns) for name in columns}
        above = {name: cell.get(name) or text for name, text in above.items()}
        if _says_something(cell):
            found.append(_indicator(cell, above))
    return found, None


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
        "target_printed": cell["target"],
        "actual_printed": cell["actual"],
        "weight": cell.get("weight"),
        "score": cell["score"],
        "deviation_reason_printed": cell.get("reason"),
    }


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
        columns = _columns(sheet, heading, FUNDS)
        if columns.keys() >= FUNDS_NEEDED:
            rows = [
                row
                for row in range(heading + 1, min(end, heading + 1 + FUNDS_ROWS_MAX))
                if any(FUNDS_ROWS.search(normal(text)) for _, text in sheet.distinct(row))
            ]
            return _funds(sheet, rows or [heading + 1], columns)
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


def _grade(sheet: Sheet) -> str | None:
    return next(_grades(sheet), None)


def _grades(sheet: Sheet) -> Iterator[str]:
    for row in range(len(sheet.rows)):
        cells = sheet.distinct(row)
        for (_, text), beside in zip(cells, [*(text for _, text in cells[1:]), ""], strict=True):
            found = GRADE.fullmatch(normal(text))
            if found is not None:
                grade = GRADE_WORD.fullmatch(found["grade"] or normal(beside))
                if grade is not None:
                    yield grade[1]
