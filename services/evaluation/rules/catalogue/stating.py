"""
What free texts say of values: 少于5%, 30分钟以内, 不低于百分之九十五, 18–27℃, 每月一次, 零事故, within 2 hours.

The words decide on the sign: 少于 and 低于 are ``<``, 不超过 and 以内 are ``<=``; 以下 and 以上 take in the number they
follow, as in Chinese statutes.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from services.evaluation.rules.catalogue import numerals, signs, units
from shared.events.evaluation import Operator

_YEAR: Final = {"年": 1, "半年": 2, "季度": 4, "季": 4, "月": 12, "周": 52, "星期": 52, "天": 365, "日": 365}

# What has a number in it that is none: dates, levels of protection, names, hours of duty, set phrases.
_NO_NUMBERS: Final = re.compile(
    r"(?<!\d)\d{4}-\d{2}-\d{2}|(?<!\d)(?:19|20)\d{2}年(?:\d{1,2}月)?(?:\d{1,2}[日号])?|(?<!\d)\d{1,2}月(?:\d{1,2}[日号]|底|份|末|初)"
    r"|[一二三四五1-5]级(?=等|系|标|$)|等保[一二三四五1-5]级?|第[一二三四五六七八九十\d]+[级个次期]?|ipv[46]|12345|12306"
    r"|(?:7|七)\s*[x×*乘]\s*(?:24|二十四)(?:小时)?|24小时(?=值|不|在线|服务|运|响应)"
    r"|一次性|一次(?=解决|验收|办结|通过|合格|修复|办成)|一(?:站|网|窗|体|键|件事|把手|流|般|直|律|定|起|样|些|切)|统一|唯一"
    r"|三审|三校|(?<![一二三四五六七八九])十分(?!钟)|万一|千万(?!元)|百姓"
    r"|[一半][次个起例件条点](?=[^,.;、]{0,8}(?:都|也)(?:不|没|无|别))|全年|当年|本年度?|年度"
)
_DAY: Final = re.compile(
    r"(?<!\d)(20\d{2}|19\d{2})(?:年|-|/|\.)(?:(\d{1,2})(?:月|-|/|\.)(?:(\d{1,2})[日号]?|[底末])|(\d{1,2})月|[底末])"
)
_EVERY: Final = re.compile(
    r"每(半年|季度|年|季|月|周|星期|天|日)度?(?:都|开展|进行)?|([年月日])均"
    r"|一个?(季度|季|月|周|星期|天)(?![以之]?内|后|前|左右)(?=.*[次回遍])"  # 一周一次, not 一周内.
)


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
    rf"(?P<before>{signs.either(signs.BEFORE)})?\s*(?P<is>在|为|是|到|:|每次)?\s*(?:介于|between)?\s*(?<![\d.a-z]){_number('low')}"
    rf"(?:\s*(?:-|–|—|~|至|到|和|and|to)\s*{_number('high')})?\s*(?P<after>{signs.either(signs.AFTER)})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """
    What a text says of a value: a number with its sign and unit, two bounds, a day, or that nothing bad may happen.

    Attributes:
        op: None where the text has no sign.
        values: One number, or two bounds; none with a day.
        unit: As written, in lower case; or None.
        yearly: How often a year, where the text says "every month"; 1 otherwise.
        is_none: Whether it was said in words, as in 零事故.
        day: The last day of a deadline, where the text names one with its year.
    """

    op: Operator | None
    values: tuple[Decimal, ...]
    unit: str | None
    yearly: int = 1
    is_none: bool = False
    day: date | None = None

    @property
    def kind(self) -> units.Kind | None:
        """The kind of quantity, as far as the unit tells."""
        return None if self.unit is None else units.kind_of(self.unit)

    @property
    def is_low(self) -> bool:
        """Whether less is better by the text: an upper bound, or nothing at all."""
        return self.op in ("<", "<=") or (self.day is None and not any(self.values))


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
    stated = _deadlines(text)
    for found in _STATED.finditer(rest):
        one = _stated(found, yearly, bracketed[1] if bracketed else None)
        if one is not None:
            stated.append(one)
            kept = _without(kept, found.span())
    return tuple(sorted(stated, key=lambda one: one.op is None)), kept  # Those with a sign first.


def _deadlines(text: str) -> list[Stated]:
    found = (_last_day(each[1], each[2] or each[4], each[3]) for each in _DAY.finditer(text))
    return [Stated(op="by", values=(), unit=None, day=day) for day in found if day is not None]


def _last_day(year: str, month: str | None, day: str | None) -> date | None:
    try:
        first = date(int(year), int(month or "12"), 1)
        return first.replace(day=int(day or monthrange(first.year, first.month)[1]))  # 月底, 年底
    except ValueError:
        return None  # 2018-13-40 is no day.


def forbids(text: str, bad_spans: Iterable[tuple[int, int]]) -> bool:
    """Whether *text* says that one of the unwelcome things at *bad_spans* must not be."""
    return any(
        _FORBIDS.search(text[max(0, start - _REACH) : start]) or _FORBIDS_BEFORE.match(text[end : end + _REACH])
        for start, end in bad_spans
    )


_REACH: Final = 10  # Characters between a negation and what it forbids, 别老是打不开.
_FORBIDS: Final = re.compile(
    rf"(?:{signs.either(signs.NEGATIONS.split())})[^,.;、]{{0,4}}$|\b(?:no|without|zero|never)\b[^,.;]*$"
)

_FORBIDS_BEFORE: Final = re.compile(r"[^,.;、]{0,6}(?:都|也)(?:不|没|无|别)")  # 一个空白栏目都没有.


def _stated(found: re.Match[str], yearly: int, bracketed: str | None) -> Stated | None:
    low, high = _value(found, "low"), _value(found, "high")
    if low is None:
        return None
    is_percent = found["low_per"] == "百分之" or found["low_number"] == numerals.WHOLE
    per = "%" if is_percent else "‰" if found["low_per"] else None
    unit = found["low_unit"] or found["high_unit"] or per or bracketed
    op = _sign(found["before"], found["after"])
    if high is not None and unit is not None and found["high_unit"]:
        high = units.converted(high, found["high_unit"], unit)  # 30分钟到1小时
    if high is not None and low <= high:
        return Stated(op="between", values=(low, high), unit=unit)
    if unit is None and (many := _MANY.search(found["low_number"])):
        unit, low = many[0], low / _MANY_SIZE[many[0]]  # 六万 may be yuan or people: its unit is 万.
    if op is None and unit is None and not found["is"]:
        return None  # A number alone is more often part of a name.
    if op is None and low == 0:
        op = "="
    return Stated(op=op, values=(low,), unit=unit, yearly=yearly)


def _sign(before: str | None, after: str | None) -> Operator | None:
    first = signs.BEFORE[before] if before else None
    last = signs.AFTER[after] if after else None
    if first is None or (last is not None and first[0] != last[0]):
        return last  # 保持在30分钟以内: what follows the number says which way.
    return first


_MANY_SIZE: Final = {"万": 10**4, "亿": 10**8}
_MANY: Final = re.compile(r"(?<=[一二两三四五六七八九十百千])[万亿]$")


def _value(found: re.Match[str], which: str) -> Decimal | None:
    if found[f"{which}_number"] is None:
        return None
    value = numerals.value_of(found[f"{which}_number"])
    if value is None:
        return None
    return value + Decimal("0.5") if found[f"{which}_half"] or found[f"{which}_more"] else value


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _without(text: str, span: tuple[int, int]) -> str:
    start, end = span
    return text[:start] + " " * (end - start) + text[end:]
