"""Findings in words: each says with its figures what is printed, what follows, and why."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.model import Policy
from services.evaluation.rules.auditing.model import Finding, PrintedExecution, PrintedRow, Severity
from services.evaluation.rules.scoring import rounded
from services.evaluation.rules.showing import plain

WHY_ZH: Final = {
    "met-but-lost": "已完成目标(目标{target},完成{actual}),却扣分且未说明原因:得{score}分,分值{weight}分",
    "missed-but-full": "未完成目标(目标{target},完成{actual}),却得满分{score}分且未说明原因;按{policy}应得{expected}分",
    "score-not-following": "得分{score}不能由目标{target}和完成值{actual}得出;按{policy},分值{weight}应得{expected}分",
}
WHY_EN: Final = {
    "met-but-lost": "the target is met (target {target}, actual {actual}), yet points are lost without a reason: "
    "{score} of {weight}",
    "missed-but-full": "the target is missed (target {target}, actual {actual}), yet the score is the full {score} "
    "without a reason; under {policy} it is {expected}",
    "score-not-following": "the score {score} does not follow from target {target} and actual {actual}; under {policy} "
    "it is {expected} of {weight}",
}
EMPTY_ZH, EMPTY_EN = "(空)", "(empty)"


def text_of(number: Decimal | None) -> str | None:
    """A printed number in plain digits."""
    return None if number is None else plain(Fraction(number))


def percent(rate: Fraction) -> str:
    """A rate as per cent with two decimals at most."""
    return f"{text_of(rounded(rate * 100, 2))}%"


def score(index: int, row: PrintedRow, code: str, severity: Severity, expected: Decimal, policy: Policy) -> Finding:
    """The score is not what follows from target and actual."""
    figures = {
        "target": row.target or text_of(row.target_number),
        "actual": row.actual or text_of(row.actual_number),
        "score": text_of(row.score),
        "weight": text_of(row.weight),
        "expected": text_of(expected),
    }
    zh = {name: EMPTY_ZH if text is None else text for name, text in figures.items()}
    en = {name: EMPTY_EN if text is None else text for name, text in figures.items()}
    return Finding(
        code=code,
        severity=severity,
        row=index,
        field="score",
        printed=figures["score"],
        expected=figures["expected"],
        zh=WHY_ZH[code].format(policy=policy.title_zh, **zh),
        en=WHY_EN[code].format(policy=policy.name, **en),
    )


def above_weight(index: int | None, field: str, printed: Decimal, weight: Decimal) -> Finding:
    """No score may exceed its weight."""
    return Finding(
        code="score-above-weight",
        severity="error",
        row=index,
        field=field,
        printed=text_of(printed),
        expected=text_of(weight),
        zh=f"得分{text_of(printed)}超过分值{text_of(weight)};得分最高不能超过该指标分值上限",
        en=f"the score {text_of(printed)} is above its weight {text_of(weight)}, which is the most it may be",
    )


def weight_missing(index: int, row: PrintedRow) -> Finding:
    """A score without a weight cannot be judged."""
    return Finding(
        code="weight-missing",
        severity="error",
        row=index,
        field="weight",
        printed=None,
        expected=None,
        zh=f"没有填写分值,得分{text_of(row.score) or EMPTY_ZH}无从核对",
        en=f"no weight is printed: the score {text_of(row.score) or EMPTY_EN} cannot be checked",
    )


def execution_weight_missing(execution: PrintedExecution) -> Finding:
    """The same of budget execution."""
    return Finding(
        code="weight-missing",
        severity="error",
        row=None,
        field="execution.weight",
        printed=None,
        expected=None,
        zh=f"预算执行率没有填写分值,得分{text_of(execution.score)}无从核对",
        en=f"budget execution has no weight: its score {text_of(execution.score)} cannot be checked",
    )


def actual_missing(index: int, row: PrintedRow) -> Finding:
    """Nothing was reported."""
    target = row.target or text_of(row.target_number)
    return Finding(
        code="actual-missing",
        severity="error",
        row=index,
        field="actual_printed",
        printed=None,
        expected=None,
        zh=f"没有填写实际完成值(目标{target or EMPTY_ZH},得{text_of(row.score) or EMPTY_ZH}分)",
        en=f"no actual value is printed (target {target or EMPTY_EN}, score {text_of(row.score) or EMPTY_EN})",
    )


def target_copied(index: int, row: PrintedRow, severity: Severity) -> Finding:
    """The target stands in the place of the actual."""
    return Finding(
        code="target-copied",
        severity=severity,
        row=index,
        field="actual_printed",
        printed=row.actual,
        expected=None,
        zh=f"实际完成值“{row.actual}”照抄目标值:它是一个界限,不是完成的结果",
        en=f"the actual “{row.actual}” is the target copied: it is a bound, not a result",
    )


def actual_not_a_number(index: int, row: PrintedRow, severity: Severity) -> Finding:
    """Words where a figure belongs."""
    target = row.target or text_of(row.target_number)
    read = text_of(row.actual_number)
    return Finding(
        code="actual-not-a-number",
        severity=severity,
        row=index,
        field="actual_printed",
        printed=row.actual,
        expected=read,
        zh=f"目标{target}是数值,实际完成值“{row.actual}”却是文字" + (f";可理解为{read}" if read else ""),
        en=f"the target {target} is a figure, the actual “{row.actual}” is words"
        + (f"; read as {read}" if read else ""),
    )


def percent_out_of_range(index: int | None, row: PrintedRow, field: str, severity: Severity) -> Finding:
    """A part that is more than the whole."""
    printed = row.target if field == "target_printed" else row.actual
    return Finding(
        code="percent-out-of-range",
        severity=severity,
        row=index,
        field=field,
        printed=printed,
        expected=None,
        zh=f"“{row.name}”为{printed},超出0%至100%",
        en=f"“{row.name}” is {printed}, outside 0 % to 100 %",
    )


def rate_out_of_range(printed: str) -> Finding:
    """An execution rate that no amounts explain."""
    return Finding(
        code="percent-out-of-range",
        severity="error",
        row=None,
        field="execution.rate_printed",
        printed=printed,
        expected=None,
        zh=f"预算执行率{printed}超出0%至100%",
        en=f"the execution rate {printed} is outside 0 % to 100 %",
    )


_AMOUNTS: Final = {
    "initial": ("年初预算数", "initial budget"),
    "annual": ("全年预算数", "annual budget"),
    "executed": ("全年执行数", "executed amount"),
}


def sources(name: str, printed: Decimal, total: Decimal) -> Finding:
    """The sources of the funds add up to something else."""
    zh, en = _AMOUNTS[name]
    return Finding(
        code="sum-mismatch",
        severity="doubt",
        row=None,
        field=f"funds.{name}",
        printed=text_of(printed),
        expected=text_of(total),
        zh=f"{zh}总额{text_of(printed)}与各来源之和{text_of(total)}不符",
        en=f"the {en} is {text_of(printed)}, the sources add up to {text_of(total)}",
    )


def zero_budget(execution: PrintedExecution) -> Finding:
    """Nothing can be divided by a budget of nothing."""
    is_spent = bool(execution.executed)
    return Finding(
        code="zero-budget",
        severity="error" if is_spent or execution.score else "doubt",
        row=None,
        field="funds.annual",
        printed=text_of(execution.annual),
        expected=None,
        zh=f"全年预算数为{text_of(execution.annual)},执行率无法计算"
        f"(全年执行数{text_of(execution.executed) or EMPTY_ZH})",
        en=f"the annual budget is {text_of(execution.annual)}: no rate can be computed "
        f"(executed {text_of(execution.executed) or EMPTY_EN})",
    )


def overspent(execution: PrintedExecution, rate: Fraction) -> Finding:
    """More was spent than there was."""
    annual, executed = text_of(execution.annual), text_of(execution.executed)
    return Finding(
        code="overspent",
        severity="error",
        row=None,
        field="funds.executed",
        printed=executed,
        expected=annual,
        zh=f"全年执行数{executed}超过全年预算数{annual}({percent(rate)})",
        en=f"{executed} executed exceeds the annual budget of {annual} ({percent(rate)})",
    )


def rate(execution: PrintedExecution, exact: Fraction, *, is_of_initial: bool) -> Finding:
    """The rate is not executed over annual budget."""
    annual, executed = text_of(execution.annual), text_of(execution.executed)
    why_zh = ";所填为对年初预算数之比" if is_of_initial else ""
    why_en = "; what is printed is the share of the initial budget" if is_of_initial else ""
    return Finding(
        code="execution-rate-mismatch",
        severity="error",
        row=None,
        field="execution.rate_printed",
        printed=execution.rate,
        expected=percent(exact),
        zh=f"执行率应为全年执行数÷全年预算数:{executed}÷{annual}={percent(exact)},所填为{execution.rate}{why_zh}",
        en=f"the execution rate is {executed} ÷ {annual} = {percent(exact)}, printed {execution.rate}{why_en}",
    )


def execution_score(
    execution: PrintedExecution, rate: Fraction, expected: Decimal, severity: Severity, policy: Policy
) -> Finding:
    """The points for budget execution do not follow from the rate."""
    printed = text_of(execution.score)
    return Finding(
        code="execution-score-mismatch",
        severity=severity,
        row=None,
        field="execution.score",
        printed=printed,
        expected=text_of(expected),
        zh=f"执行率{percent(rate)},分值{text_of(execution.weight)},按{policy.title_zh}应得{text_of(expected)}分,"
        f"所填为{printed or EMPTY_ZH}",
        en=f"at a rate of {percent(rate)} and a weight of {text_of(execution.weight)} the score under {policy.name} is "
        f"{text_of(expected)}, printed {printed or EMPTY_EN}",
    )


def total(printed: Decimal, total: Decimal, *, is_partial: bool) -> Finding:
    """The total is not the sum of the scores."""
    least_zh, least_en = ("至少", "at least ") if is_partial else ("", "")
    return Finding(
        code="sum-mismatch",
        severity="error",
        row=None,
        field="total_printed",
        printed=text_of(printed),
        expected=text_of(total),
        zh=f"总分为{text_of(printed)},各项得分之和{least_zh}为{text_of(total)}",
        en=f"the total is printed as {text_of(printed)}; the scores sum to {least_en}{text_of(total)}",
    )


def weights(total: Decimal, full: Decimal, severity: Severity) -> Finding:
    """The weights do not sum to the full score."""
    return Finding(
        code="weights-mismatch",
        severity=severity,
        row=None,
        field="weight",
        printed=text_of(total),
        expected=text_of(full),
        zh=f"各项分值之和为{text_of(total)},应为{text_of(full)}",
        en=f"the weights sum to {text_of(total)}, not to {text_of(full)}",
    )


def grade(printed: str, expected: str, total: Decimal, severity: Severity, policy: Policy) -> Finding:
    """The grade does not fit the total."""
    names = {grade.zh: grade.en for grade in policy.grades}
    return Finding(
        code="grade-mismatch",
        severity=severity,
        row=None,
        field="grade_printed",
        printed=printed,
        expected=expected,
        zh=f"总分{text_of(total)}的等级应为“{expected}”,所填为“{printed}”",
        en=f"a total of {text_of(total)} is graded {expected} ({names[expected]}), printed {printed}",
    )


def duplicate(index: int, first: int, row: PrintedRow, severity: Severity) -> Finding:
    """The same indicator twice."""
    return Finding(
        code="duplicate-row",
        severity=severity,
        row=index,
        field="name",
        printed=row.name,
        expected=None,
        zh=f"指标“{row.name}”与第{first + 1}项重复",
        en=f"the indicator “{row.name}” repeats indicator {first + 1}",
    )
