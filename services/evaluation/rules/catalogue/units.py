"""Units of targets: what kind of quantity each is, and how many of the kind's smallest it holds."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

Kind = str  # "ratio", "time", "months", "money", "bytes", "bandwidth", "mass", "temperature", "points", "count".

_COUNTED: Final = """
    次 人次 个 项 台 套 组 人 名 位 篇 条 件 家 户 份 场 场次 期 起 例 宗 处 批 批次 笔 张 本 封 通 部 座 间 块
    times time cases incidents complaints faults items sets"""
_THOUSANDS: Final = {"亿": 100_000_000, "万": 10_000, "千": 1_000, "百": 100}
DECIMALS: Final = 6  # Of a target in a plan.

_UNITS: Final[dict[Kind, dict[str, Fraction]]] = {
    "ratio": {
        "%": Fraction(1),
        "个百分点": Fraction(1),
        "percent": Fraction(1),
        "per cent": Fraction(1),
        "‰": Fraction(1, 10),
        "成": Fraction(10),
    },
    "time": {  # Seconds.
        "毫秒": Fraction(1, 1000),
        "ms": Fraction(1, 1000),
        **dict.fromkeys(("秒", "秒钟", "seconds", "second", "s"), Fraction(1)),
        **dict.fromkeys(("分钟", "minutes", "minute", "mins", "min"), Fraction(60)),
        **dict.fromkeys(("小时", "个小时", "钟头", "个钟头", "hours", "hour", "hrs", "h"), Fraction(3_600)),
        **dict.fromkeys(("天", "日", "days", "day"), Fraction(86_400)),
        # A working day is a day where targets are compared: how many hours it has is nowhere agreed.
        **dict.fromkeys(("工作日", "个工作日", "working days", "working day"), Fraction(86_400)),
        **dict.fromkeys(("周", "星期", "个星期", "礼拜", "weeks", "week"), Fraction(604_800)),
    },
    "months": {
        **dict.fromkeys(("月", "个月", "months", "month"), Fraction(1)),
        **dict.fromkeys(("季度", "个季度", "quarters"), Fraction(3)),
        **dict.fromkeys(("年", "years", "year"), Fraction(12)),
    },
    "money": {
        **dict.fromkeys(("元", "块钱", "元钱", "yuan", "rmb", "cny"), Fraction(1)),
        "千元": Fraction(1_000),
        **dict.fromkeys(("万元", "万块", "万块钱"), Fraction(10_000)),
        "百万元": Fraction(1_000_000),
        "千万元": Fraction(10_000_000),
        "亿元": Fraction(100_000_000),
    },
    "bytes": {name: Fraction(1024**power) for power, name in enumerate(("kb", "mb", "gb", "tb", "pb"))},
    "bandwidth": {"mbps": Fraction(1), "兆": Fraction(1), "gbps": Fraction(1_000), "千兆": Fraction(1_000)},
    "mass": {"千克": Fraction(1), "公斤": Fraction(1), "kg": Fraction(1), "吨": Fraction(1_000), "t": Fraction(1_000)},
    "temperature": dict.fromkeys(("℃", "°c", "度", "摄氏度"), Fraction(1)),
    "points": {"分": Fraction(1), "points": Fraction(1)},
    "count": {unit: Fraction(1) for unit in _COUNTED.split()}
    | {f"{many}{unit}": Fraction(size) for many, size in _THOUSANDS.items() for unit in _COUNTED.split()},
}
# What a short word stands for depends on what is measured: 30分 of a time, 6万 of money, 3万 of people.
_SHORT: Final[Mapping[str, Mapping[Kind, str]]] = {
    "分": {"time": "分钟"},
    "万": {"money": "万元", "count": "万个"},
    "亿": {"money": "亿元", "count": "亿个"},
    "g": {"bytes": "gb", "bandwidth": "gbps"},
    "m": {"bytes": "mb", "bandwidth": "mbps"},
}
KIND_OF: Final[Mapping[str, Kind]] = {unit: kind for kind, units in _UNITS.items() for unit in units}
NAMES: Final = tuple(sorted({*KIND_OF, *_SHORT}, key=len, reverse=True))


def kind_of(unit: str) -> Kind | None:
    """The kind of an indicator's unit; None if it has none that is known."""
    return KIND_OF.get(unit.casefold())


def converted(value: Decimal, unit: str | None, to: str) -> Decimal | None:
    """
    *value* of *unit* in the unit *to*, to six decimals; None if the one cannot be told in the other.

    A number without a unit is taken to be in the unit asked for. No complaints are also 0 % of complaints.
    """
    if unit is None:
        return value
    target = kind_of(to)
    unit = _SHORT.get(unit.casefold(), {}).get(target or "", unit)
    kind = kind_of(unit)
    if value == 0 and {kind, target} <= {"count", "ratio"}:
        return value
    if kind is None or kind != target:
        return None
    exact = Fraction(value) * _UNITS[kind][unit.casefold()] / _UNITS[kind][to.casefold()]
    return _rounded(exact)


def _rounded(exact: Fraction) -> Decimal:
    scaled = (exact * 10**DECIMALS + Fraction(1, 2)).__floor__()
    return Decimal(scaled).scaleb(-DECIMALS)
