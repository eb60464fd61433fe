"""What a table as a whole says that does not hold: sums, weights, the grade, rows that repeat others."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.model import Policy
from services.evaluation.rules.auditing import wording
from services.evaluation.rules.auditing.figures import is_empty, normal
from services.evaluation.rules.auditing.model import Finding, Table
from services.evaluation.rules.auditing.rounding import decimals
from services.evaluation.rules.scoring import grade_of, rounded

GRADES: Final = {
    "优": "excellent",
    "良": "good",
    "中": "fair",
    "一": "fair",
    "合": "fair",
    "较": "poor",
    "差": "poor",
    "不": "poor",
}
FULL: Final = Decimal(100)
EXTRA: Final = 10  # Points are given on top in tens.
GRADE_MARGIN: Final = Decimal("0.5")  # Below a border by less: some round the total before they grade it.


def judge_whole(table: Table, policy: Policy) -> Iterator[Finding]:
    """Judge what no single row can show."""
    yield from _weights(table, policy)
    yield from _total(table)
    yield from _grade(table, policy)
    yield from _duplicates(table)


def _weights(table: Table, policy: Policy) -> Iterator[Finding]:
    weights = [row.weight for row in table.rows if row.weight is not None]
    own, with_execution = sum(weights, Decimal(0)), sum(weights, table.execution.weight or Decimal(0))
    fulls = {policy.full, Decimal(100), *_own_full(table)}
    is_known = len(weights) == len(table.rows) and table.is_complete
    if with_execution in fulls or (own in fulls and not _is_execution_counted(table)):
        return
    if is_known or own > max(fulls):
        is_told = with_execution == table.full  # A sum of the column, which need not be what it should be.
        full = policy.full if is_told else table.full or policy.full
        yield wording.weights(with_execution, full, "doubt" if table.total is None or is_told else "error")


def _is_execution_counted(table: Table) -> bool:
    """Whether the printed total takes in the points of execution, so that its weight counts too."""
    own = sum((row.score for row in table.rows if row.score is not None), Decimal(0))
    earned = table.execution.score
    return table.total is not None and bool(earned) and _is_printed(table.total, own + (earned or 0))


def _own_full(table: Table) -> Iterator[Decimal]:
    """A full score of its own that the table prints: 110 or 120 with extra points, not whatever its weights sum to."""
    if table.full is not None and table.full > FULL and table.full % EXTRA == 0:
        yield table.full


def _total(table: Table) -> Iterator[Finding]:
    if table.total is None:
        return
    scores = [row.score for row in table.rows if row.score is not None]
    own, with_execution = sum(scores, Decimal(0)), sum(scores, table.execution.score or Decimal(0))
    is_known = len(scores) == len(table.rows) and table.is_complete
    if is_known:
        sums = [with_execution, own] if _is_execution_apart(table) else [with_execution]
        slack = _slack(scores)
        if not any(_is_printed(table.total, each) or abs(table.total - each) <= slack for each in sums):
            yield wording.total(table.total, with_execution, is_partial=False)
    elif own > table.total and not _is_printed(table.total, own):
        yield wording.total(table.total, own, is_partial=True)


def _slack(scores: list[Decimal]) -> Decimal:
    """How far a total of scores that were rounded only to be printed may be from the sum of what is printed."""
    steps = [decimals(score) for score in scores if decimals(score) > 0]
    return len(steps) * Decimal("0.5").scaleb(-max(steps)) if steps else Decimal(0)


def _is_execution_apart(table: Table) -> bool:
    """Whether the indicators alone make up the full score, so that execution is shown beside it."""
    return sum(row.weight or 0 for row in table.rows) == (table.full or Decimal(100))


def _is_printed(printed: Decimal, exact: Decimal) -> bool:
    return any(
        printed in (rounded(Fraction(exact), digits, mode) for mode in (ROUND_DOWN, ROUND_UP)) for digits in (2, 1, 0)
    )


def _grade(table: Table, policy: Policy) -> Iterator[Finding]:
    printed = None if table.grade is None else GRADES.get(normal(table.grade)[:1])
    if table.grade is None or printed is None or table.total is None:
        return
    full = table.full or policy.full
    total = table.total * policy.full / full
    expected = grade_of(total, policy)
    if expected.name != printed:
        is_near = grade_of(total + GRADE_MARGIN, policy).name == printed
        yield wording.grade(table.grade, expected.zh, table.total, "doubt" if is_near else "error", policy)


def _duplicates(table: Table) -> Iterator[Finding]:
    first: dict[tuple[str, ...], int] = {}
    for index, row in enumerate(table.rows):
        place = tuple(normal(text) for text in (row.dimension, row.aspect, row.name, row.target or ""))
        before = index if is_empty(row.name) else first.setdefault(place, index)
        if before != index:
            yield wording.duplicate(index, before, row, "error" if row.actual == table.rows[before].actual else "doubt")
