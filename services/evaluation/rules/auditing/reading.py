"""Reading a table from JSON: its texts and numbers as published, every fault of shape named at once."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from services.evaluation.rules.auditing.figures import is_empty, is_reason, normal
from services.evaluation.rules.auditing.model import PrintedExecution, PrintedRow, Table
from services.evaluation.rules.reading import Reader, at, plain_text
from shared.problems import Invalid

ROWS_MAX: Final = 500
TEXT_LENGTH_MAX: Final = 2_000
DIRECTIONS: Final = (">=", "<=", "=", ">", "<", "between", "by", "level", "qualitative")
PLACES: Final = ("region", "unit", "supervisor", "form", "project")
YEAR_MIN, YEAR_MAX = 1950, 2199

_AMOUNT = re.compile(r"([+-]?[0-9]{1,15}(?:\.[0-9]{1,16})?)(?:分|元|万元|%)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_table(raw: Any) -> Table:
    """
    Read a table from JSON, its numbers as int, Decimal or text.

    Members that are not known are let pass: published tables come with notes. A number may be text, and a text a
    number; null, blanks and dashes are an empty cell.

    Raises:
        Invalid: With every fault there is.
    """
    reader = _TableReader()
    table = reader.table(raw)
    if reader.faults:
        raise Invalid([{"field": field, "code": code, "message": message} for field, code, message in reader.faults])
    assert table is not None
    return table


class _TableReader(Reader):
    """Reads a table from its members down to its cells."""

    def table(self, raw: Any) -> Table | None:
        if not isinstance(raw, dict):
            self.fault("", "type", "a table is an object")
            return None
        rows = self.rows(raw.get("indicators"))
        return Table(
            year=self.year(raw),
            policy=self.cell("policy", raw),
            places=" ".join(filter(None, (self.cell(name, raw) for name in PLACES))),
            is_complete=self.flag("complete", raw),
            rows=rows,
            execution=self.execution(self.part("funds", raw), self.part("execution", raw)),
            total=self.amount("total_printed", raw),
            full=self.amount("full_printed", raw),
            grade=self.cell("grade_printed", raw),
        )

    def rows(self, raw: Any) -> tuple[PrintedRow, ...]:
        if not isinstance(raw, list) or not 1 <= len(raw) <= ROWS_MAX:
            self.fault("indicators", "list", f"must be a list of 1 to {ROWS_MAX} rows")
            return ()
        return tuple(
            self.row(f"indicators.{number}", row) for number, row in enumerate(raw) if self.is_row(number, row)
        )

    def is_row(self, number: int, raw: Any) -> bool:
        if not isinstance(raw, dict):
            self.fault(f"indicators.{number}", "type", "a row is an object")
        return isinstance(raw, dict)

    def row(self, place: str, raw: Mapping[str, Any]) -> PrintedRow:
        return PrintedRow(
            dimension=self.cell("level1", raw, place) or "",
            aspect=self.cell("level2", raw, place) or "",
            name=self.cell("name", raw, place) or "",
            target=self.cell("target_printed", raw, place),
            actual=self.cell("actual_printed", raw, place),
            target_number=self.amount("target_num", raw, place),
            actual_number=self.amount("actual_num", raw, place),
            direction=self.direction(raw, place),
            weight=self.amount("weight", raw, place),
            score=self.amount("score", raw, place),
            reason=reason if is_reason(reason := self.cell("deviation_reason_printed", raw, place)) else None,
        )

    def execution(self, funds: Mapping[str, Any], execution: Mapping[str, Any]) -> PrintedExecution:
        parts = self.part("sources", funds)
        sources = {name: self.amount(name, parts, "funds.sources") for name in ("initial", "annual", "executed")}
        return PrintedExecution(
            sources={name: amount for name, amount in sources.items() if amount is not None},
            initial=self.amount("initial", funds, "funds"),
            annual=self.amount("annual", funds, "funds"),
            executed=self.amount("executed", funds, "funds"),
            rate=self.cell("rate_printed", execution, "execution"),
            weight=self.amount("weight", execution, "execution"),
            score=self.amount("score", execution, "execution"),
        )

    def part(self, name: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        value = raw.get(name)
        if value is None or isinstance(value, dict):
            return value or {}
        self.fault(name, "type", "must be an object or null")
        return {}

    def cell(self, name: str, raw: Mapping[str, Any], place: str = "") -> str | None:
        value = raw.get(name)
        text = "" if value is None else None if isinstance(value, bool) else plain_text(value)
        if text is None or len(text) > TEXT_LENGTH_MAX or _CONTROL.search(text):
            self.fault(
                at(place, name), "text", f"must be a text of at most {TEXT_LENGTH_MAX} characters, a number or null"
            )
            return None
        return None if is_empty(text) else text

    def amount(self, name: str, raw: Mapping[str, Any], place: str = "") -> Decimal | None:
        text = self.cell(name, raw, place)
        found = None if text is None else _AMOUNT.fullmatch(normal(text))
        if text is not None and found is None:
            self.fault(at(place, name), "number", "must be a number of at most 15 digits before the point, or null")
        return Decimal(found[1]) if found else None

    def direction(self, raw: Mapping[str, Any], place: str) -> str | None:
        return self.choice("direction", dict(raw), DIRECTIONS, "direction", place) if raw.get("direction") else None

    def flag(self, name: str, raw: Mapping[str, Any]) -> bool:
        value = raw.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, "type", "must be true, false or null")
        return value is not False

    def year(self, raw: Mapping[str, Any]) -> int | None:
        text = self.cell("year", raw)
        if text is None:
            return None
        found = re.fullmatch(r"([0-9]{4})年?度?", normal(text))
        if found is None or not YEAR_MIN <= int(found[1]) <= YEAR_MAX:
            self.fault("year", "year", f"must be a year, {YEAR_MIN} to {YEAR_MAX}, or null")
            return None
        return int(found[1])
