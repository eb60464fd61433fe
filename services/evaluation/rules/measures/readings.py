"""Measures over readings, and over events of any kind."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final

import msgspec

from services.evaluation.facts import Facts, Origin
from services.evaluation.rules.measures.base import Later, Measured, Term
from services.evaluation.rules.period import Period
from shared.events.base import EventData
from shared.events.monitoring import ReadingRecorded

Found = Sequence[tuple[Origin, Fraction]]


def reading(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    A statistic of the readings of a metric (监测值), of one asset or of all: `last` (default), `min`, `max` or `mean`.

    Unit: what the readings were recorded in; the steps name it.
    Bounds: none.
    Pending: without a reading, also when the window is over.
    Source: interfaces, "Measures".
    """
    metric, asset = arguments["metric"], arguments.get("asset")
    recorded = [
        (origin, data)
        for origin, data in facts.events.get(f"{ReadingRecorded.type}:{metric}", ())
        if isinstance(data, ReadingRecorded) and period.has(origin) and (asset is None or data.asset == asset)
    ]
    found = [(origin, Fraction(data.value)) for origin, data in recorded]
    zh, en, statistic = _STATISTICS[arguments.get("statistic", "last")]
    units = "、".join(sorted({data.unit for _, data in recorded}))
    value = statistic(found) if found else None
    terms = [Term("读数个数", "readings", Fraction(len(found)))]
    if value is not None:
        terms.append(Term(f"读数的{zh}({units})", f"{en} of the readings ({units})", value))
    return Measured(
        value=value,
        terms=tuple(terms),
        formula=(f"读数的{zh}", f"the {en} of the readings"),
        expression="b",
        range=(value if statistic is _maximum else None, value if statistic is _minimum else None),
        evidence=tuple(found),
    )


def _last(found: Found) -> Fraction:
    return max(found, key=lambda row: (row[0].time, row[0].sequence))[1]


def _minimum(found: Found) -> Fraction:
    return min(value for _, value in found)


def _maximum(found: Found) -> Fraction:
    return max(value for _, value in found)


def _mean(found: Found) -> Fraction:
    return sum((value for _, value in found), Fraction(0)) / len(found)


_STATISTICS: Final[Mapping[str, tuple[str, str, Callable[[Found], Fraction]]]] = {
    "last": ("最近值", "last", _last),
    "min": ("最小值", "minimum", _minimum),
    "max": ("最大值", "maximum", _maximum),
    "mean": ("平均值", "mean", _mean),
}
STATISTICS: Final = frozenset(_STATISTICS)


def event_count(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    How many events of a type happened (事件次数), all or those whose members are as `where` says.

    Unit: events.
    Bounds: from 0.
    Pending: while the window is open and none happened; 0 when it is over.
    Source: interfaces, "Measures".
    """
    wanted = conditions(arguments.get("where", ""))
    found = [
        origin
        for origin, data in facts.events.get(arguments["type"], ())
        if period.has(origin) and all(member_text(data, name) == value for name, value in wanted.items())
    ]
    total = Fraction(len(found))
    return Measured(
        value=total if found else None,
        terms=(Term("事件次数", "events", total),),
        formula=("事件次数", "the number of events"),
        expression="a",
        range=(total, None),
        evidence=Later(lambda: ((origin, Fraction(1)) for origin in found)),
    )


def conditions(where: str) -> dict[str, str]:
    """What ``member=value,member=value`` asks for."""
    return dict(condition.split("=", 1) for condition in where.split(",") if condition)


def member_text(data: EventData, name: str) -> str:
    """A member of an event as text: booleans as `true` and `false`, nothing as an empty text."""
    value = msgspec.to_builtins(getattr(data, name))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
