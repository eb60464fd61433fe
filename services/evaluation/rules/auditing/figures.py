"""Figures as they are printed in the cells of a table: signs, units, per cent, Chinese numerals, ranges."""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from shared.events.evaluation import Operator

LENGTH_MAX: Final = 64  # Characters: what is longer is a sentence.

Kind = Literal["percent", "money", "hours", "months", ""]

EMPTY: Final = frozenset(
    {"", "-", "--", "/", "\\", "—", "——", "–", "无数据", "尚无数据", "暂无数据", "未填", "空", "n/a", "N/A"}
)
ZERO_WORDS: Final = frozenset({"无", "零", "没有", "未发生", "无发生", "未出现", "未有"})

NO_REASON: Final = re.compile(
    r"(?:暂?无|没有|未发生|不存在|未产生)(?:偏差|差异|原因|说明|问题|改进|措施|及|和|、)*|(?:已|全部)?完成|不适用"
)

_SIGNS: Final[dict[Operator, str]] = {
    ">=": "≥ ≧ ⩾ ≮ >= => 大于或等于 大于等于 高于或等于 高于等于 不低于 不少于 不小于 至少",
    "<=": "≤ ≦ ⩽ ≯ <= =< 小于或等于 小于等于 低于或等于 低于等于 不超过 不高于 不大于 不多于 至多 最多 控制在",
    ">": "> 大于 高于 超过 多于",
    "<": "< 小于 低于 少于 不足 不到",
    "=": "= ═ 等于",
}
_PREFIXES: Final = {sign: operator for operator, signs in _SIGNS.items() for sign in signs.split()}
_SIGN: Final = "|".join(re.escape(word) for word in sorted(_PREFIXES, key=len, reverse=True))
_FILLER: Final = r"(?:已|实际|全年|累计|共计|共|完成|达到|达|为)*"
_NUMBER: Final = r"[+-]?\d{1,15}(?:\.\d{1,10})?"
_UNIT: Final = r"[^\d;,.。、:!?≥≤<>=]{0,12}?"
_TAIL: Final = r"(?P<tail>\(?含?\)?(?:及|或|及其)?(?:以上|以下|以内|之内|范围内|内)(?:\(含\))?)?"
_SINGLE: Final = re.compile(
    rf"(?:{_FILLER})(?P<sign>{_SIGN})?(?:{_FILLER})(?P<number>{_NUMBER})(?P<unit>{_UNIT}){_TAIL}(?:\([^()]*\))?"
)
_RANGE: Final = re.compile(
    rf"(?P<low>\d{{1,15}}(?:\.\d{{1,10}})?)(?P<first>{_UNIT})(?:-|~|—|–|至|到)"
    rf"(?P<high>\d{{1,15}}(?:\.\d{{1,10}})?)(?P<unit>{_UNIT})(?:之间)?"
)
_UNJUDGED: Final = re.compile(r"约|左右|未|不|上下|底|末|旬|前|月初")
_HAN: Final = r"[\u4e00-\u9fff]"
_TOLD: Final = re.compile(rf"(?P<words>{_HAN}{{1,16}})(?P<figure>{_NUMBER}{_UNIT})(?:\([^()]*\))?")
_NAMED: Final = re.compile(rf"(?P<words>{_HAN}{{1,16}}?):?(?P<figure>(?:{_SIGN}){_NUMBER}{_UNIT}{_TAIL})")
_RATED: Final = re.compile(rf"{_HAN}{{1,14}}(?:率|度|比例|占比):?(?P<figure>{_NUMBER}%{_TAIL})")
_BETWEEN: Final = re.compile(
    rf"(?P<above>{_SIGN})(?P<low>\d{{1,15}}(?:\.\d{{1,10}})?)(?P<first>{_UNIT})[,、;且]?"
    rf"(?P<below>{_SIGN})(?P<high>\d{{1,15}}(?:\.\d{{1,10}})?)(?P<unit>{_UNIT})"
)
_TENTHS: Final = re.compile(r"(?P<tenths>[一二两三四五六七八九十]|\d{1,2})成(?=$|以上|以下|及以|或以)")
_WHOLE_YEAR: Final = frozenset({"全年", "全年度", "整年"})
_HEDGED: Final = re.compile(r"[约近未不没缺差欠少剩减降增超较比第除余]")  # Another figure than the one that counts.
_CLASSIFIERS: Final = "个|次|项|套|份|组|人|名|户|场|台|家|篇|期|批|座|条|处|天|辆|所|件|起|种|本|块|小时|分钟|万|%"
_CHINESE: Final = re.compile(rf"(?<![\d.])[零〇一二两三四五六七八九十百千]+(?=(?:{_CLASSIFIERS}))")
_DIGITS: Final = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2} | dict(zip("三四五六七八九", range(3, 10), strict=True))
_PLACES: Final = {"十": 10, "百": 100, "千": 1000}
_MULTIPLIERS: Final = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_PERCENT: Final = ("%", "百分比", "百分点", "个百分点")
_HOURS: Final = {
    "小时": Fraction(1),
    "个小时": Fraction(1),
    "h": Fraction(1),
    "分钟": Fraction(1, 60),
    "min": Fraction(1, 60),
    "秒": Fraction(1, 3600),
    "天": Fraction(24),
    "日": Fraction(24),
}
_MONTHS: Final = {
    "月": Fraction(1),
    "个月": Fraction(1),
    "季度": Fraction(3),
    "个季度": Fraction(3),
    "年": Fraction(12),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A printed figure: one number, or the two bounds of a range, in *factor* times the unit of its *kind*."""

    op: Operator | None  # None where no sign is printed.
    numbers: tuple[Fraction, ...]
    kind: Kind = ""
    factor: Fraction = Fraction(1)  # To yuan, hours, months or per cent; of 万 and 亿 in other units too.
    unit: str = ""  # As printed, without 万 and 亿.

    @property
    def has_unit(self) -> bool:
        return bool(self.unit)


def normal(text: str) -> str:
    """*text* with half-width signs and without blanks, quotes and thousand separators."""
    text = re.sub(r"[\s\u200b\ufeff\"'“”]+", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text).rstrip("。;")


def is_empty(text: str | None) -> bool:
    """Whether a cell says nothing."""
    return text is None or normal(text) in EMPTY


def is_reason(text: str | None) -> bool:
    """Whether a cell for reasons gives one: 无 and 无偏差 are none."""
    return text is not None and not is_empty(text) and NO_REASON.fullmatch(normal(text)) is None


def figure_of(text: str) -> Figure | None:
    """The figure in a cell; None where it is words, a sentence, or legible in more than one way."""
    text = normal(text)
    if len(text) > LENGTH_MAX:
        return None
    text = re.sub(r"百分之(\d+(?:\.\d+)?)", r"\1%", _in_digits(text))
    if text in ZERO_WORDS:
        return Figure(op=None, numbers=(Fraction(0),))
    if text in _WHOLE_YEAR:
        return Figure(op=None, numbers=(Fraction(12),), kind="months", unit="月")
    return _range(text) or _single(text)


def named_figure(text: str) -> Figure | None:
    """
    The figure of a target that names what it is of: 满意度≥85%, 完成率100%.

    None where the figure is another's: 较上年增长5%.
    """
    text = normal(text)
    if len(text) > LENGTH_MAX:
        return None
    text = _in_digits(text)
    found = _NAMED.fullmatch(text)
    if found is not None and not _HEDGED.search(found["words"]):
        return _single(found["figure"])
    rated = _RATED.fullmatch(text)
    return None if rated is None or _HEDGED.search(text) else _single(rated["figure"])


def told_figure(text: str, target: Figure) -> Figure | None:
    """The figure behind a few words, 开展巡检12次, if it counts what *target* counts and no other does."""
    text = normal(text)
    clauses = re.split(r"[,;。]", _in_digits(text)) if len(text) <= LENGTH_MAX else []
    found = [figure for clause in clauses if (figure := _told(clause, target)) is not None]
    return found[0] if len(found) == 1 else None


def _told(clause: str, target: Figure) -> Figure | None:
    found = _TOLD.fullmatch(clause)
    figure = None if found is None or _HEDGED.search(found["words"]) else _single(found["figure"])
    if figure is None or not figure.has_unit or figure.kind != target.kind:
        return None
    return figure if figure.kind or (target.has_unit and figure.unit.startswith(target.unit)) else None


def _range(text: str) -> Figure | None:
    found = _RANGE.fullmatch(text)
    if found is None:
        found = _BETWEEN.fullmatch(text)
        if found is None or _PREFIXES[found["above"]] != ">=" or _PREFIXES[found["below"]] != "<=":
            return None
    kind, factor, unit = _kind(found["unit"])
    low, high = Fraction(found["low"]), Fraction(found["high"])
    if low > high or (found["first"] and _kind(found["first"]) != (kind, factor, unit)):
        return None
    return Figure(op="between", numbers=(low, high), kind=kind, factor=factor, unit=unit)


def _single(text: str) -> Figure | None:
    found = _SINGLE.fullmatch(text)
    if found is None or _UNJUDGED.search(found["unit"]):
        return None
    kind, factor, unit = _kind(found["unit"])
    return Figure(
        op=_operator(found["sign"], found["tail"]),
        numbers=(Fraction(found["number"]),),
        kind=kind,
        factor=factor,
        unit=unit,
    )


def _operator(sign: str | None, tail: str | None) -> Operator | None:
    if tail and not (sign and "内" in tail):
        return ">=" if "上" in tail else "<="
    return _PREFIXES[sign] if sign else None


def _kind(unit: str) -> tuple[Kind, Fraction, str]:
    """What a unit measures, its multiple of the kind's own unit, and the unit without 万 and 亿."""
    if unit.startswith(_PERCENT):
        return "percent", Fraction(1), unit
    if unit.startswith("‰"):
        return "percent", Fraction(1, 10), unit
    factor, counted = Fraction(1), unit
    while counted[:1] in _MULTIPLIERS:
        factor, counted = factor * _MULTIPLIERS[counted[0]], counted[1:]
    if counted.startswith("元"):
        return "money", factor, counted
    if counted in _HOURS:
        return "hours", factor * _HOURS[counted], counted
    if counted in _MONTHS:
        return "months", factor * _MONTHS[counted], counted
    return "", factor, counted or unit


def _in_digits(text: str) -> str:
    text = _TENTHS.sub(lambda found: f"{_tenths(found['tenths'])}%", text)
    text = re.sub(r"百分之([零〇一二两三四五六七八九十百]+)", lambda found: f"{_number(found[1])}%", text)
    return _CHINESE.sub(lambda found: str(_number(found[0])), text)


def _tenths(numeral: str) -> int:
    return 10 * (int(numeral) if numeral.isdigit() else _number(numeral))


def _number(numeral: str) -> int:
    total = pending = 0
    for sign in numeral:
        if sign in _DIGITS:
            pending = _DIGITS[sign]
        else:
            total, pending = total + (pending or 1) * _PLACES[sign], 0
    return total + pending
