"""Measures over readings, and over events of any kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final

import msgspec

from services.evaluation.facts import Facts, Origin
from services.evaluation.rules.measures.base import Later, Measured, Term
from services.evaluation.rules.measures.tallies import Ledger, lies_in, tally
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
    wanted = _Counted(period, arguments["type"], arguments.get("where", ""))
    counted = tally(facts, (_Counted, period.starts_at, period.ends_at, *wanted.asked), lambda: wanted)
    total = Fraction(counted.until(period.as_of))
    return Measured(
        value=total or None,
        terms=(Term("事件次数", "events", total),),
        formula=("事件次数", "the number of events"),
        expression="a",
        range=(total, None),
        evidence=Later(lambda: ((origin, Fraction(1)) for origin in counted.found(facts) if period.has(origin))),
    )


class _Counted:
    """The running number of events of a type whose members are as *where* says."""

    def __init__(self, period: Period, type_: str, where: str) -> None:
        self.asked = (type_, where)
        self._period = period
        self._wanted = conditions(where)
        self._taken = 0
        self._ledger = Ledger()

    def take_up(self, facts: Facts) -> None:
        for origin in self.found(facts, self._taken):
            if lies_in(self._period, origin):
                self._ledger.add(origin.time, 1)
        self._taken = len(facts.events.get(self.asked[0], ()))

    def found(self, facts: Facts, since: int = 0) -> Iterator[Origin]:
        """What is wanted of the events from the one numbered *since* on."""
        wanted = self._wanted.items()
        for origin, data in facts.events.get(self.asked[0], [])[since:]:
            if not wanted or all(member_text(data, name) == value for name, value in wanted):
                yield origin

    def until(self, moment: datetime) -> int:
        """How many had happened by then."""
        return self._ledger.until(moment)


def conditions(where: str) -> dict[str, str]:
    """What ``member=value,member=value`` asks for."""
    return dict(condition.split("=", 1) for condition in where.split(",") if condition)


def member_text(data: EventData, name: str) -> str:
    """A member of an event as text: booleans as `true` and `false`, nothing as an empty text."""
    value = msgspec.to_builtins(getattr(data, name))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
