"""
Targets in free texts: 投诉少于5%, 响应时间30分钟以内, 不低于百分之九十五, 18–27℃, 零事故, within 2 hours.

The words decide on the sign: 少于 and 低于 are ``<``, 不超过 and 以内 are ``<=``; 以下 and 以上 take in the number they
follow, as in Chinese statutes. A number without a sign takes the direction of the indicator it is matched to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.evaluation.model import Target
from services.evaluation.rules.catalogue import numerals, units
from services.evaluation.rules.catalogue.entry import Entry
from shared.events.evaluation import Operator

# Words parted by spaces; within one word _ stands for a space.
_BEFORE: Final[dict[Operator, str]] = {
    "<=": """
        不超过 不得超过 不能超过 不可超过 不要超过 别超过 不超出 不超 不高于 不得高于 不能高于 不大于 不得大于 不多于
        不得多于 不长于 至多 最多 最高 最大 最长 最迟 最晚 上限 小于等于 小于或等于 低于等于 低于或等于 少于等于
        少于或等于 控制在 限制在 控制到 压到 降到 降至 降低到 减少到 压缩到 压缩至 ≤ ≦ <= =<
        at_most no_more_than not_more_than not_exceeding not_exceed up_to within maximum max not_above not_over
        no_longer_than""",
    ">=": """
        不低于 不得低于 不能低于 别低于 不要低于 不少于 不得少于 不能少于 别少于 不小于 不得小于 不短于 不得短于
        大于等于 大于或等于 高于等于 高于或等于 至少 最少 最低 最小 最短 起码 达到 达 保持在 维持在 稳定在 提高到
        提升到 提升至 下限 超过或等于 ≥ ≧ >=
        at_least no_less_than not_less_than no_fewer_than not_below minimum min reaching reaches reach""",
    "<": "少于 低于 小于 不足 不到 未达 短于 < below under less_than fewer_than lower_than",
    ">": "多于 高于 大于 超过 超出 长于 > over above more_than exceeding exceeds exceed higher_than",
    "=": "等于 恰好 正好 = equal_to equals exactly",
}
_AFTER: Final[dict[Operator, str]] = {
    "<=": "以内 之内 内 以下 及以下 或以下 之前 封顶 or_less or_fewer or_below at_most",
    ">=": "以上 及以上 或以上 打底 + or_more or_above and_above and_over at_least",
}
_NEGATIONS: Final = """
    不出现 不出 不再 不发生 不会 不能 不得 不许 不准 不要 不被 不让 不 没有 没 无 未发生 未 零 杜绝 避免 防止 别再 别 勿
    never without zero no not"""
_YEAR: Final = {"年": 1, "半年": 2, "季度": 4, "季": 4, "月": 12, "周": 52, "星期": 52, "天": 365, "日": 365}

# What has a number in it that is none: dates, levels of protection, names, hours of duty, set phrases.
_NO_NUMBERS: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}|(?:19|20)\d{2}年(?:\d{1,2}月)?(?:\d{1,2}[日号])?|\d{1,2}月(?:\d{1,2}[日号]|底|份|末|初)"
    r"|[一二三四五1-5]级(?=等|系|标|$)|等保[一二三四五1-5]级?|第[一二三四五六七八九十\d]+[级个次期]?|ipv[46]|12345|12306"
    r"|(?:7|七)\s*[x×*乘]\s*(?:24|二十四)(?:小时)?|24小时(?=值|不|在线|服务|运|响应)"
    r"|一次性|一次(?=解决|验收|办结|通过|合格|修复|办成)|一(?:站|网|窗|体|键|件事|把手|流|般|直|律|定|起|样|些|切)|统一|唯一|三审|三校|(?<![一二三四五六七八九])十分(?!钟)|万一|千万(?!元)|百姓"
    r"|[一半][次个起例件条点](?:都|也)(?=不|没|无|别)|全年|当年|本年度?|年度"
)
_EVERY: Final = re.compile(
    r"每(半年|季度|年|季|月|周|星期|天|日)度?(?:都|开展|进行)?|([年月日])均"
    r"|一个?(季度|季|月|周|星期|天)(?![以之]?内|后|前|左右)(?=.*[次回遍])"  # 一周一次, not 一周内.
)


def _either(words: Iterable[str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(_word(word.replace("_", " ")) for word in ordered)


def _word(word: str) -> str:
    escaped = re.escape(word)
    return rf"\b{escaped}\b" if word[0].isascii() and word[0].isalpha() else escaped


_SIGN_OF: Final = {sign.replace("_", " "): op for op, signs in _BEFORE.items() for sign in signs.split()}
_SIGN_AFTER: Final = {sign.replace("_", " "): op for op, signs in _AFTER.items() for sign in signs.split()}


def _unit(name: str) -> str:
    return re.escape(name) + (r"(?![a-z])" if name.isascii() and name.isalpha() else "")


_UNIT: Final = rf"(?:{'|'.join(map(_unit, units.NAMES))})"
_BRACKETED: Final = re.compile(rf"\(({_UNIT})\)")


def _number(name: str) -> str:
    return (
        rf"(?P<{name}_per>百分之|千分之)?(?P<{name}_number>{numerals.PATTERN})"
        rf"(?P<{name}_half>个半)?\s*(?P<{name}_unit>{_UNIT})?(?P<{name}_more>半)?"
    )


_STATED: Final = re.compile(
    rf"(?P<before>{_either(_SIGN_OF)})?\s*(?P<is>在|为|是|到|:|每次)?\s*(?:介于|between)?\s*(?<![\d.a-z]){_number('low')}"
    rf"(?:\s*(?:-|–|—|~|至|到|和|and|to)\s*{_number('high')})?\s*(?P<after>{_either(_SIGN_AFTER)})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """
    What a text says of a value: a number with its sign and unit, two bounds, or that nothing bad may happen.

    Attributes:
        op: None where the text has no sign.
        values: One number, or two bounds.
        unit: As written, or None.
        yearly: How often a year, where the text says "every month"; 1 otherwise.
        is_none: Whether it was said in words, as in 零事故.
    """

    op: Operator | None
    values: tuple[Decimal, ...]
    unit: str | None
    yearly: int = 1
    is_none: bool = False

    @property
    def kind(self) -> units.Kind | None:
        """The kind of quantity, as far as the unit tells."""
        return None if self.unit is None else units.kind_of(self.unit)

    @property
    def is_low(self) -> bool:
        """Whether less is better by the text: an upper bound, or nothing at all."""
        return self.op in ("<", "<=") or not any(self.values)


NOTHING_BAD: Final = Stated(op="=", values=(Decimal(0),), unit=None, is_none=True)


def parse(text: str) -> tuple[tuple[Stated, ...], str]:
    """
    What a normalised *text* says of values, and the text without it.

    The rest keeps its length: what was read is blank in it.
    """
    rest = _NO_NUMBERS.sub(_blank, text)
    kept = text
    bracketed = _BRACKETED.search(rest)
    every = _EVERY.search(rest)
    yearly = _YEAR[every[1] or every[2] or every[3]] if every else 1
    if every:
        rest, kept = _without(rest, every.span()), _without(kept, every.span())
    stated = []
    for found in _STATED.finditer(rest):
        one = _stated(found, yearly, bracketed[1] if bracketed else None)
        if one is not None:
            stated.append(one)
            kept = _without(kept, found.span())
    return tuple(sorted(stated, key=lambda one: one.op is None)), kept  # Those with a sign first.


def forbids(text: str, bad_spans: Iterable[tuple[int, int]]) -> bool:
    """Whether *text* says that one of the unwelcome things at *bad_spans* must not be."""
    return any(_FORBIDS.search(text[max(0, start - _REACH) : start]) for start, _ in bad_spans)


_REACH: Final = 10  # Characters between a negation and what it forbids, 别老是打不开.
_FORBIDS: Final = re.compile(
    rf"(?:{_either(_NEGATIONS.split())})[^,.;、]{{0,4}}$|\b(?:no|without|zero|never)\b[^,.;]*$"
)


def target_for(entry: Entry, stated: tuple[Stated, ...]) -> Target | None:
    """The target that *stated* gives *entry*, in the entry's unit; None if it gives none."""
    if entry.direction in ("level", "by"):
        return None
    return next((target for one in stated if (target := _target(entry, one)) is not None), None)


def _target(entry: Entry, stated: Stated) -> Target | None:
    if stated.is_none:
        return _nothing(entry)
    values = [_in_unit(value, entry, stated) for value in stated.values]
    is_foreign = stated.unit not in (None, entry.unit)
    if not all(value is not None and (not is_foreign or _is_sane(value, entry)) for value in values):
        return None
    texts = [_plain(value) for value in values if value is not None]
    if len(texts) > 1:
        return Target(op="between", value=(texts[0], texts[1]))
    op = stated.op or ("=" if entry.direction == "between" else entry.direction)
    return Target(op=op, value=texts[0])


def _in_unit(value: Decimal, entry: Entry, stated: Stated) -> Decimal | None:
    found = units.converted(value, stated.unit, entry.unit)
    if found is None or stated.yearly == 1 or units.kind_of(entry.unit) != "count":
        return found
    return found * stated.yearly


def _is_sane(value: Decimal, entry: Entry) -> bool:
    """Whether *value* is within reach of the usual target: 365 days are no time for a page to load."""
    if entry.target is None or not isinstance(entry.target.value, str):
        return True
    usual = Decimal(entry.target.value)
    return not usual or not value or 1 / _REACH_OF_USUAL <= abs(value / usual) <= _REACH_OF_USUAL


_REACH_OF_USUAL: Final = Decimal(1_000)  # Times more or less than is usual.
_COUNTABLE: Final = ("count", "ratio", "money")  # What can be none; a time or a temperature cannot.


def _nothing(entry: Entry) -> Target | None:
    if entry.measure == "availability":
        return Target(op=">=", value="100")  # Availability is what faults leave over.
    can_be_none = units.kind_of(entry.unit) in _COUNTABLE and entry.direction in ("<=", "<", "=")
    return Target(op="=", value="0") if can_be_none else None


def _stated(found: re.Match[str], yearly: int, bracketed: str | None) -> Stated | None:
    low, high = _value(found, "low"), _value(found, "high")
    if low is None:
        return None
    is_percent = found["low_per"] == "百分之" or found["low_number"] == numerals.WHOLE
    per = "%" if is_percent else "‰" if found["low_per"] else None
    unit = found["high_unit"] or found["low_unit"] or per or bracketed
    before, after = found["before"], found["after"]
    op = _SIGN_OF[before] if before else _SIGN_AFTER[after] if after else None
    if high is not None and low <= high:
        return Stated(op="between", values=(low, high), unit=unit)
    if unit is None and (many := _MANY.search(found["low_number"])):
        unit, low = many[0], low / _MANY_SIZE[many[0]]  # 六万 may be yuan or people: its unit is 万.
    if op is None and unit is None and not found["is"]:
        return None  # A number alone is more often part of a name.
    if op is None and low == 0:
        op = "="
    if after in ("以内", "之内", "内") and op in (">=", ">"):
        op = "<="  # 最少30分钟以内 contradicts itself: what follows is said last.
    return Stated(op=op, values=(low,), unit=unit, yearly=yearly)


_MANY_SIZE: Final = {"万": 10**4, "亿": 10**8}
_MANY: Final = re.compile(r"(?<=[一二两三四五六七八九十百千])[万亿]$")


def _value(found: re.Match[str], which: str) -> Decimal | None:
    if found[f"{which}_number"] is None:
        return None
    value = numerals.value_of(found[f"{which}_number"])
    if value is None:
        return None
    return value + Decimal("0.5") if found[f"{which}_half"] or found[f"{which}_more"] else value


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _without(text: str, span: tuple[int, int]) -> str:
    start, end = span
    return text[:start] + " " * (end - start) + text[end:]
