"""Measures over readings, and over events of any kind."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from operator import add
from typing import Final

import msgspec

from services.evaluation.facts import Facts, Origin
from services.evaluation.rules.measures.base import Later, Measured, Term
from services.evaluation.rules.measures.tallies import Ledger, lies_in, tally
from services.evaluation.rules.period import Period
from shared.events.base import EventData
from shared.events.monitoring import ReadingRecorded

FIGURE_DIGITS: Final = 12  # After the point, at most; see `shared.events.base.Figure`.
_SCALE: Final = 10**FIGURE_DIGITS


def reading(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    A statistic of the readings of a metric (监测值), of one asset or of all: `last` (default), `min`, `max` or `mean`.

    Unit: what the readings were recorded in; the steps name it.
    Bounds: none.
    Pending: without a reading, also when the window is over.
    Source: interfaces, "Measures".
    """
    metric, asset = arguments["metric"], arguments.get("asset")
    statistic = arguments.get("statistic", "last")
    zh, en, _ = _STATISTICS[statistic]
    key = (_Readings, period.starts_at, period.ends_at, metric, asset, statistic)
    kept = tally(facts, key, lambda: _Readings(period, metric, asset, statistic))
    units = "、".join(kept.units(period.as_of))
    count, value = kept.count(period.as_of), kept.value(period.as_of)
    terms = [Term("读数个数", "readings", Fraction(count))]
    if value is not None:
        terms.append(Term(f"读数的{zh}({units})", f"{en} of the readings ({units})", value))
    return Measured(
        value=value,
        terms=tuple(terms),
        formula=(f"读数的{zh}", f"the {en} of the readings"),
        expression="b",
        range=(value if statistic == "max" else None, value if statistic == "min" else None),
        evidence=Later(
            lambda: ((origin, Fraction(data.value)) for origin, data in kept.found(facts) if period.has(origin))
        ),
    )


def _later(_: int, then: int) -> int:
    return then


_STATISTICS: Final[Mapping[str, tuple[str, str, Callable[[int, int], int]]]] = {
    "last": ("最近值", "last", _later),
    "min": ("最小值", "minimum", min),
    "max": ("最大值", "maximum", max),
    "mean": ("平均值", "mean", add),
}
STATISTICS: Final = frozenset(_STATISTICS)


class _Readings:
    """The running statistic of a metric, of one asset or of all: in units of the last digit that a figure may have."""

    def __init__(self, period: Period, metric: str, asset: str | None, statistic: str) -> None:
        self._period = period
        self._name = f"{ReadingRecorded.type}:{metric}"
        self._asset = asset
        self._is_mean = statistic == "mean"
        self._ledger = Ledger(_STATISTICS[statistic][2])
        self._units: dict[str, datetime] = {}  # And when each was recorded first.
        self._taken = 0

    def take_up(self, facts: Facts) -> None:
        for origin, data in self.found(facts, self._taken):
            if lies_in(self._period, origin):
                self._ledger.add(origin.time, _scaled(data.value))
                self._units[data.unit] = min(origin.time, self._units.get(data.unit, origin.time))
        self._taken = len(facts.events.get(self._name, ()))

    def found(self, facts: Facts, since: int = 0) -> Iterator[tuple[Origin, ReadingRecorded]]:
        """The readings that are asked for, of those from the one numbered *since* on."""
        for origin, data in facts.events.get(self._name, [])[since:]:
            if isinstance(data, ReadingRecorded) and self._asset in (None, data.asset):
                yield origin, data

    def count(self, moment: datetime) -> int:
        """How many there were by then."""
        return self._ledger.count(moment)

    def value(self, moment: datetime) -> Fraction | None:
        """The statistic of those; None if there were none."""
        count = self._ledger.count(moment)
        if not count:
            return None
        return Fraction(self._ledger.until(moment), _SCALE * (count if self._is_mean else 1))

    def units(self, moment: datetime) -> list[str]:
        """The units in which those were recorded."""
        return sorted(unit for unit, since in self._units.items() if since <= moment)


def _scaled(figure: str) -> int:
    whole, _, part = figure.partition(".")
    return int(whole + part.ljust(FIGURE_DIGITS, "0"))


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
