"""What single cells of a row say that cannot be: empty ones, copied ones, words for figures, rates beyond measure."""

import re
from collections.abc import Iterator
from typing import Final

from services.evaluation.rules.auditing import wording
from services.evaluation.rules.auditing.comparing import target_figure
from services.evaluation.rules.auditing.days import days_of
from services.evaluation.rules.auditing.figures import figure_of, normal, told_figure
from services.evaluation.rules.auditing.model import Finding, PrintedRow, Severity

PERCENT_MAX: Final = 100
NOTHING_WORDS: Final = re.compile(r"(?:无|未|没有|零)")
DENIED: Final = re.compile(r"未(?:完成|达|能|实现|开展|通过|执行|实施)|没有(?:完成|达|实现)|不(?:合格|达标|通过)")
AFFIRMED: Final = re.compile(
    r"(?:已|全部|基本)?(?:完成|达成|达到|达标|实现|合格|按时完成|按期完成|达成预期指标)(?:目标|预期|指标)*"
)
DEEMED: Final = re.compile(r"视[为同]|不适用")  # There was nothing to measure, and the row says how it counts.
SIGNED: Final = re.compile(r"[≥≧⩾≤≦⩽><=═]")
BOUNDED: Final = re.compile(r"不[低少高大超多]于?过?|及?其?以[上下内]|[大小高低少等]于|之?前$")
# A part of a whole is at most the whole; growth and completion may go beyond it.
PARTS: Final = re.compile(
    r"满意|合格|覆盖|及时|准确|知晓|完好|达标|合规|到位|优良|通过率|及格|正确|可用|普及|故障|投诉|使用率|入库|验收|参合|参保|采购率|响应率"
)
RATE: Final = re.compile(r"率|满意|程度|比例|比重|占比")
BEYOND: Final = re.compile(r"增|提高|提升|超|完成|降|减|节约|变动|倍|同比|回报|利润|贡献|杠杆|拉动")


def cell_findings(index: int, row: PrintedRow) -> Iterator[Finding]:
    """What is wrong with the cells alone."""
    if row.weight is None and (row.score is not None or row.target is not None):
        yield wording.weight_missing(index, row)
    if row.actual is None and row.actual_number is None:
        yield wording.actual_missing(index, row)
    elif is_copied(row):
        yield wording.target_copied(index, row, "error" if SIGNED.search(row.actual or "") else "doubt")
    elif is_worded(row):
        yield wording.actual_not_a_number(index, row, _severity_of_words(row))
    yield from _beyond_measure(index, row)


def is_copied(row: PrintedRow) -> bool:
    """Whether the actual is the target over again, with its sign however spelt: a bound is no result."""
    if row.actual is None or row.target is None:
        return False
    actual, target = normal(row.actual), normal(row.target)
    figure = figure_of(actual)
    if not (SIGNED.match(actual) or BOUNDED.search(actual)):
        return False
    if actual == target:
        return figure is not None or days_of(actual, None) is not None
    return figure is not None and figure == figure_of(target)


def is_worded(row: PrintedRow) -> bool:
    """Whether the target is a figure and the actual is words."""
    target = target_figure(row)
    if target is None or row.actual is None or is_deemed(row):
        return False
    return figure_of(row.actual) is None and told_figure(row.actual, target) is None


def is_deemed(row: PrintedRow) -> bool:
    """Whether the actual says that there was nothing to measure and how that counts: 未发生，视为达成."""
    return row.actual is not None and DEEMED.search(normal(row.actual)) is not None


def _severity_of_words(row: PrintedRow) -> Severity:
    """A text with a figure in it, or one that says that there was nothing, can be understood; it still is no figure."""
    text = normal(row.actual or "")
    return "doubt" if re.search(r"\d", text) or NOTHING_WORDS.match(text) or row.actual_number is not None else "error"


def is_affirmed(row: PrintedRow) -> bool:
    """Whether words say that a target in words is reached."""
    text = normal(row.actual or "")
    return text == normal(row.target or "") or text == "100%" or AFFIRMED.fullmatch(text) is not None


def is_denied(row: PrintedRow) -> bool:
    """Whether words say that a target in words is not reached."""
    return DENIED.search(normal(row.actual or "")) is not None and normal(row.actual or "") != normal(row.target or "")


def _beyond_measure(index: int, row: PrintedRow) -> Iterator[Finding]:
    is_part = PARTS.search(row.name) is not None
    if not RATE.search(row.name) or (BEYOND.search(row.name) and not is_part):
        return
    target = target_figure(row)
    in_percent = target is not None and (target.kind == "percent" or not target.has_unit)
    for field, text in (("target_printed", row.target), ("actual_printed", row.actual)):
        found = None if text is None else figure_of(text)
        if found is None or not (found.kind == "percent" or (in_percent and not found.has_unit)):
            continue
        highest, lowest = max(found.numbers) * found.factor, min(found.numbers)
        if highest > PERCENT_MAX or lowest < 0:
            yield wording.percent_out_of_range(index, row, field, "error" if is_part else "doubt")
