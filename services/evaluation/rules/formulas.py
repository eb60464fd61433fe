"""
The way from a measured value to its share of the weight, in words and in formulas that a machine can do again.

A formula takes ``measured`` and the names of earlier figures. It is written with ``+ - * /``, comparisons,
``x if condition else y``, ``min``, ``max``, ``floor``, ``ceil``, and, of a value and its digits after the point,
``half_up``, ``half_even``, ``down`` and ``up``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.model import Policy, Rounding, Target
from services.evaluation.rules.methods import bounds, completion, lost, number, share_of, shortfall
from services.evaluation.rules.scoring import ROW_DIGITS, achievement, reach, rounded
from shared.events.evaluation import OverAchievement, Scoring

DIGITS_MAX: Final = 13  # Amounts, hours and figures written with more are shown as quotients.

_RATIO: Final = {
    ">=": ("达标得满分,否则按完成值÷指标值", "full if reached, else measured ÷ target"),
    "<=": ("不超过得满分,否则按指标值÷完成值", "full up to the target, else target ÷ measured"),
    "=": ("按较小值÷较大值", "the smaller ÷ the larger"),
    "between": ("区间内得满分,否则按较近的界限", "full inside, else by the nearer bound"),
}
_SIGNS: Final = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "level": "≥"}
_MODES: Final = {
    "half_up": ("四舍五入", "rounded half up"),
    "half_even": ("四舍六入五成双", "rounded half to even"),
    "down": ("舍去尾数", "rounded down"),
    "up": ("向上进位", "rounded up"),
}
_COUNTS: Final = {
    "full": ("满一个计一个", "each full one counts"),
    "exact": ("按比例计", "in proportion"),
    "started": ("不足一个按一个计", "each begun one counts"),
    "once": ("只计一次", "counted once"),
}

_MISSING: Final = {
    ">=": ("少", "missing"),
    ">": ("少", "missing"),
    "<=": ("多", "too many"),
    "<": ("多", "too many"),
    "=": ("差", "off the target"),
    "between": ("差", "outside the target"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A figure on the way: what it is, its exact value, and how it follows from earlier ones."""

    name: str
    zh: str
    en: str
    value: Fraction
    formula: str


def exact(value: Fraction) -> str:
    """A number to calculate with: decimal digits where they end, else a quotient."""
    digits = next((digits for digits in range(DIGITS_MAX) if 10**digits % value.denominator == 0), None)
    if digits is None:
        return f"({value.numerator} / {value.denominator})"
    return format(rounded(value, digits), "f")


def share_lines(
    measured: Fraction, target: Target, scoring: Scoring, weight: Decimal, policy: Policy
) -> Iterator[Line]:
    """The lines from *measured* to the share of the weight, the last of which is ``share``."""
    share = reach(measured, target, policy, scoring, weight)
    basis = list(_basis(measured, target, scoring))
    zh, en, formula = _WAYS[scoring.method](target, scoring, weight, policy)
    reached = achievement(measured, target)
    yield from basis
    if policy.over_achievement is None or reached is None:
        yield Line("share", f"得分比例:{zh},最高为1", f"share of the weight: {en}, at most 1", share, formula)
        return
    earned = share_of(measured, target, scoring, weight, Fraction(policy.met_from))
    yield Line(
        "earned", f"扣减前得分比例:{zh},最高为1", f"share before the deduction: {en}, at most 1", earned, formula
    )
    yield Line(
        "achievement",
        "完成率(%)= 实际完成值 ÷ 指标值 × 100",
        "achievement (%) = measured ÷ target × 100",
        reached,
        f"measured * 100 / {exact(number(target))}",
    )
    yield _after_excess(share, policy.over_achievement)


def _after_excess(share: Fraction, rule: OverAchievement) -> Line:
    percent, per, above = exact(Fraction(rule.deduct_share) * 100), rule.per, rule.above
    return Line(
        "share",
        f"得分比例:完成率超过{above}%的部分,每{per}个百分点扣分值的{percent}%",
        f"share of the weight: {percent} % of it off for each {per} points of achievement above {above} %",
        share,
        f"max(0, earned - max(0, achievement - {above}) / {per} * {rule.deduct_share})",
    )


def score_formula(weight: Decimal, rounding: Rounding) -> tuple[str, str, str]:
    """How points follow from ``share``: in Chinese, in English, and as a formula."""
    if rounding.place == "total":
        digits, mode = ROW_DIGITS, "half_up"
        zh, en = "总分取整前,本行显示", "before the total is rounded, shown"
    else:
        digits, mode = rounding.digits, rounding.mode
        zh, en = "", ""
    words_zh, words_en = _MODES[mode]
    figure = exact(Fraction(weight))
    formula = f"{mode}({figure} * share, {digits})"
    if rounded(Fraction(weight), digits) != weight:  # Finer than points: it must not be rounded past itself.
        formula = f"down(min({formula}, {figure}), {digits})"
    places = "decimal" if digits == 1 else "decimals"
    return (
        f"得分 = 分值 {figure} × 得分比例,{zh}{words_zh}到{digits}位小数",
        f"score = weight {figure} × share, {en + ' ' if en else ''}{words_en} to {digits} {places}",
        formula,
    )


def _basis(measured: Fraction, target: Target, scoring: Scoring) -> Iterator[Line]:
    """What some methods look at in place of the measured value."""
    if scoring.method == "intervals":
        yield Line(
            "reached",
            "完成率(%),最高为100",
            "per cent of the target that is reached, at most 100",
            completion(measured, target) * 100,
            f"100 * ({_completion(target)})",
        )
    elif scoring.method == "per_point_missing":
        yield Line(
            "missing",
            "与100%完成相差的百分点",
            "percentage points missing to 100 % of the target",
            100 * (1 - completion(measured, target)),
            f"100 * (1 - ({_completion(target)}))",
        )
    elif scoring.method == "per_unit_missing" or (scoring.method == "date" and _is_per_day(scoring)):
        zh, en = ("逾期天数", "days late") if target.op == "by" else ("与指标值相差", "missing to the target")
        yield Line("missing", zh, en, shortfall(measured, target), _shortfall(target))


def _is_per_day(scoring: Scoring) -> bool:
    return scoring.deduct is not None or scoring.deduct_share is not None


def _completion(target: Target) -> str:
    """The share of the target that is reached, 0 to 1."""
    if target.op == "level":
        return "min(1, max(0, measured / 100))"
    if target.op == "between":
        low, high = bounds(target)
        below = f"max(0, measured / {exact(low)})" if low > 0 else "0"
        above = f"{exact(high)} / measured" if high > 0 else "0"
        return f"{below} if measured < {exact(low)} else 1 if measured <= {exact(high)} else {above}"
    value = number(target)
    figure = exact(value)
    if value <= 0:
        return f"1 if measured {'==' if target.op == '=' else target.op} {figure} else 0"
    return {
        ">=": f"max(0, min(1, measured / {figure}))",
        "<=": f"1 if measured <= {figure} else {figure} / measured",
        "=": f"max(0, min(measured, {figure}) / max(measured, {figure}))",
    }[target.op]


def _shortfall(target: Target) -> str:
    if target.op == "between":
        low, high = bounds(target)
        return f"max(0, {exact(low)} - measured, measured - {exact(high)})"
    figure = exact(number(target))
    return {
        ">=": f"max(0, {figure} - measured)",
        "<=": f"max(0, measured - {figure})",
        "by": f"max(0, measured - {figure})",
        "=": f"max({figure} - measured, measured - {figure})",
    }[target.op]


def _proportional(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str, str]:
    (zh, en), formula = _RATIO[target.op], _completion(target)
    if scoring.floor is None:
        return zh, en, formula
    return (
        f"{zh},低于{scoring.floor}不得分",
        f"{en}, nothing below {scoring.floor}",
        f"0 if ({formula}) < {scoring.floor} else ({formula})",
    )


def _all(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str, str]:
    return "达标得满分,否则不得分", "all or nothing", _is_met(target, policy)


def _is_met(target: Target, policy: Policy) -> str:
    """1 if the target is reached, else 0."""
    if target.op == "between":
        low, high = bounds(target)
        return f"0 if measured < {exact(low)} else 1 if measured <= {exact(high)} else 0"
    if target.op == "level":
        return f"1 if measured >= {exact(Fraction(policy.met_from))} else 0"
    sign = {"=": "==", "by": "<="}.get(target.op, target.op)
    return f"1 if measured {sign} {exact(number(target))} else 0"


def _steps(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str, str]:
    sign = "<=" if target.op in ("<=", "<") else ">="
    shown = _SIGNS[sign]
    zh = ";".join(f"{shown}{threshold} 得 {earned}/{scoring.out_of}" for threshold, earned in scoring.steps)
    en = "; ".join(f"{shown} {threshold}: {earned}/{scoring.out_of}" for threshold, earned in scoring.steps)
    formula = _ladder("measured", sign, scoring)
    return _unless_met(f"按阶梯({zh};其余不得分)", f"by steps ({en}; else nothing)", formula, target, scoring, policy)


def _intervals(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str, str]:
    zh = ";".join(f"≥{threshold}% 得 {earned}/{scoring.out_of}" for threshold, earned in scoring.steps)
    en = "; ".join(f"≥ {threshold} %: {earned}/{scoring.out_of}" for threshold, earned in scoring.steps)
    formula = _ladder("reached", ">=", scoring)
    words = f"按完成率区间({zh};其余不得分)", f"by interval ({en}; else nothing)"
    return _unless_met(*words, formula, target, scoring, policy)


def _unless_met(
    zh: str, en: str, formula: str, target: Target, scoring: Scoring, policy: Policy
) -> tuple[str, str, str]:
    if not scoring.full_when_met:
        return zh, en, formula
    met = _is_met(target, policy)
    return f"达标得满分,否则{zh}", f"full if reached, else {en}", f"1 if ({met}) == 1 else {formula}"


def _ladder(name: str, sign: str, scoring: Scoring) -> str:
    whole = Fraction(scoring.out_of)
    rungs = [f"{exact(Fraction(earned) / whole)} if {name} {sign} {at} else " for at, earned in scoring.steps]
    return "".join(rungs) + "0"


def _less(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str, str]:
    each = lost(scoring, weight)
    pieces = f"max(0, missing - {scoring.tolerance}) / {scoring.per}"
    counted = {
        "full": f"floor({pieces})",
        "exact": pieces,
        "started": f"ceil({pieces})",
        "once": f"(1 if {pieces} > 0 else 0)",
    }[scoring.count]
    zh_count, en_count = _COUNTS[scoring.count]
    zh_each, en_each = _each_missing(target, scoring)
    zh_loss, en_loss = f"分值的{exact(each * 100)}%", f"{exact(each * 100)} % of the weight"
    if scoring.deduct is not None:
        zh_loss, en_loss = f"{scoring.deduct}分", f"{scoring.deduct} {_plural('point', scoring.deduct)}"
    zh_tolerance, en_tolerance = "", ""
    if Fraction(scoring.tolerance):
        zh_tolerance, en_tolerance = f"超出{scoring.tolerance}的部分,", f" beyond {scoring.tolerance}"
    return (
        f"{zh_tolerance}{zh_each}扣{zh_loss}({zh_count}),扣完为止",
        f"{en_loss} off for each {en_each}{en_tolerance} ({en_count}), down to nothing",
        f"max(0, 1 - {counted} * {exact(each)})",
    )


def _each_missing(target: Target, scoring: Scoring) -> tuple[str, str]:
    """What something is taken off for, in Chinese and in English: one short or too many, a day, a percentage point."""
    per = scoring.per
    if scoring.method == "per_point_missing":
        return f"完成率每少{per}个百分点", f"{per} percentage {_plural('point', per)} missing"
    if target.op == "by":
        return f"每逾期{per}天", f"{per} {_plural('day', per)} late"
    zh, en = _MISSING[target.op]
    return f"每{zh}{per}", f"{per} {en}"


def _plural(noun: str, count: str) -> str:
    return noun if Fraction(count) == 1 else f"{noun}s"


def _bands(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str, str]:
    return "按评定比例", "by the percent of the rating", "min(1, max(0, measured / 100))"


def _date(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str, str]:
    return _less(target, scoring, weight, policy) if _is_per_day(scoring) else _all(target, scoring, weight, policy)


_WAYS: Final[Mapping[str, Callable[[Target, Scoring, Decimal, Policy], tuple[str, str, str]]]] = {
    "proportional": _proportional,
    "all_or_nothing": _all,
    "zero_tolerance": _all,
    "steps": _steps,
    "intervals": _intervals,
    "per_unit_missing": _less,
    "per_point_missing": _less,
    "bands": _bands,
    "date": _date,
}


def way_of(target: Target, scoring: Scoring, weight: Decimal, policy: Policy) -> tuple[str, str]:
    """How a method makes points, in Chinese and in English, as a form prints it (赋分规则)."""
    zh, en, _ = _WAYS[scoring.method](target, scoring, weight, policy)
    return zh, en
