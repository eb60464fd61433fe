"""Setting a printed actual beside its printed target: what both may mean, as numbers or days that can be compared."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, cast

from services.evaluation.model import Target
from services.evaluation.rules.auditing.days import days_of
from services.evaluation.rules.auditing.figures import Figure, figure_of, named_figure, told_figure
from services.evaluation.rules.auditing.model import PrintedRow
from shared.events.evaluation import Operator

NUMERIC: Final = (">=", "<=", "=", ">", "<")
LESS_IS_BETTER: Final = (
    "投诉",
    "故障",
    "成本",
    "费用",
    "支出",
    "事故",
    "中断",
    "超支",
    "偏差",
    "差错",
    "逾期",
    "信访",
    "上访",
    "能耗",
)
COST: Final = "成本"
PRICED: Final = re.compile(r"标准|补助|补贴|节约|节省|收入|产值")  # Amounts that are given or gained, not spent.


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a row: a target, and the value set beside it, both in the target's printed unit."""

    target: Target
    measured: Fraction
    unit: str  # "%", or nothing that a rule knows.


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every meaning a row may have, the likeliest first."""

    readings: tuple[Reading, ...]
    is_sure: bool  # The direction is printed or was read by a transcriber, not guessed.


def target_figure(row: PrintedRow) -> Figure | None:
    """The target as a figure; None if it is words, a day, or not legible."""
    if row.direction in ("qualitative", "level", "by") or _is_day(row):
        return None
    found = None if row.target is None else figure_of(row.target) or named_figure(row.target)
    if found is None and row.target_number is not None:
        return Figure(op=None, numbers=(Fraction(row.target_number),))
    return found


def _is_day(row: PrintedRow) -> bool:
    """12月 is a month if it was kept on 12月20日, and twelve of them if there were 12."""
    if row.target is None or row.actual is None or days_of(row.target, None) is None:
        return False
    return days_of(row.actual, None) is not None and figure_of(row.actual) is None


def actual_figure(row: PrintedRow) -> Figure | None:
    """The actual value as a figure, as printed or else as a transcriber read it."""
    found = None if row.actual is None else figure_of(row.actual)
    target = target_figure(row) if found is None else None
    if target is not None and row.actual is not None:
        found = told_figure(row.actual, target)
    if found is None and row.actual_number is not None:
        return Figure(op=None, numbers=(Fraction(row.actual_number),))
    return found


def compare(row: PrintedRow, target: Figure, actual: Figure) -> Comparison:
    """Set *actual* beside *target*. No readings: their units have nothing to do with each other."""
    operators, is_sure = _operators(row, target)
    if len(actual.numbers) != 1:
        return Comparison(readings=(), is_sure=is_sure)
    readings = [
        Reading(_target(operator, numbers), measured, "%" if "percent" in (target.kind, actual.kind) else "")
        for operator in operators
        for numbers, measured in _values(target, actual, operator)
    ]
    return Comparison(readings=tuple(readings), is_sure=is_sure)


def _operators(row: PrintedRow, target: Figure) -> tuple[tuple[Operator, ...], bool]:
    if target.op is not None:
        # Above an equal sign no published rule takes points away: a target outdone is a target met.
        return ((target.op, ">=") if target.op == "=" else (target.op,)), True
    if row.direction in NUMERIC:
        operator = cast("Operator", row.direction)
        return ((operator, ">=") if operator == "=" else (operator,)), True
    if not any(target.numbers):
        return ("<=",), True  # Nobody asks for none or more.
    if target.kind == "money" and COST in row.aspect and not PRICED.search(row.name):
        return ("<=",), False
    if any(word in row.name for word in LESS_IS_BETTER) or COST in row.aspect:
        return ("<=", ">="), False
    return ((">=", "<=") if target.kind == "hours" else (">=",)), False


def _values(target: Figure, actual: Figure, operator: Operator) -> Iterator[tuple[tuple[Fraction, ...], Fraction]]:
    value = actual.numbers[0]
    if actual.kind == target.kind:
        if actual.has_unit and target.has_unit:
            yield target.numbers, value * actual.factor / target.factor
            return
        yield target.numbers, value
        if target.factor != actual.factor:
            yield target.numbers, value * actual.factor / target.factor
    elif target.kind == "percent" and not actual.has_unit:
        is_share = 0 <= value <= 1  # A cell that is formatted as per cent holds 1 for 100 %.
        if not is_share or operator == "<=" or min(target.numbers) <= 1:
            yield target.numbers, value
        if is_share:
            yield target.numbers, value * 100
    elif actual.kind == "percent":
        yield from _completed(target, value, operator)
    elif not actual.has_unit or not target.has_unit:
        yield target.numbers, value
        # 480000 beside ≤50万元: who leaves the unit out may count in yuan.
        if target.kind == "money" and value >= target.factor > 1:
            yield target.numbers, value / target.factor


def _completed(
    target: Figure, percent: Fraction, operator: Operator
) -> Iterator[tuple[tuple[Fraction, ...], Fraction]]:
    """An actual in per cent beside a count tells how much of the target is done."""
    if not target.has_unit:
        yield target.numbers, percent
        if target.numbers[0] <= 1:
            yield tuple(number * 100 for number in target.numbers), percent
    if operator == ">=" or (operator == "=" and target.numbers[0] > 0):
        yield target.numbers, target.numbers[0] * percent / 100


def _target(operator: Operator, numbers: tuple[Fraction, ...]) -> Target:
    if len(numbers) == 2:  # noqa: PLR2004  # Two bounds.
        return Target(op="between", value=(str(numbers[0]), str(numbers[1])))
    return Target(op=operator, value=str(numbers[0]))
