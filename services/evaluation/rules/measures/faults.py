"""Measures over faults and maintenance."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from services.evaluation.facts import Facts, Fault
from services.evaluation.rules.measures.base import Contribution, Later, Measured, Term, quotient
from services.evaluation.rules.measures.running import (
    Downtime,
    Ended,
    Resolved,
    Waits,
    announced,
    excused,
    is_outage,
    running,
)
from services.evaluation.rules.measures.steps import answered_at, happened, is_resolved, outages, repaired_at
from services.evaluation.rules.period import PER_HOUR, Period, clip, hours, seconds, without

SECONDS_PER_HOUR: Final = 3600


def fault_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of time in which the service was down (系统故障率), of one asset or of all.

    Time in which at least one fault with `service_down` was open over the time from the window's start to now,
    announced maintenance out. A window of an asset excuses that asset's faults; one of the project excuses all and
    leaves the denominator, too.

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: never once the window has begun: time itself is what it is measured by.
    Source: interfaces, "Measures".
    """
    asset = arguments.get("asset")
    down, whole, window = _downtime(facts, period, asset)
    return Measured(
        value=quotient(down, whole),
        terms=(
            Term("中断时长(小时)", "hours down", down / SECONDS_PER_HOUR),
            Term("应运行时长(小时)", "hours in which it should run", whole / SECONDS_PER_HOUR),
        ),
        formula=("中断时长 ÷ 应运行时长", "hours down ÷ hours in which it should run"),
        expression="a / b",
        range=(quotient(down, window), None),
        evidence=Later(lambda: _outages(facts, period, asset)),
    )


def availability(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of time in which the service was not down (可用率): 1 less `fault_rate`.

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: never once the window has begun.
    Source: interfaces, "Measures".
    """
    asset = arguments.get("asset")
    down, whole, window = _downtime(facts, period, asset)
    up = whole - down
    return Measured(
        value=quotient(up, whole),
        terms=(
            Term("正常运行时长(小时)", "hours up", up / SECONDS_PER_HOUR),
            Term("应运行时长(小时)", "hours in which it should run", whole / SECONDS_PER_HOUR),
        ),
        formula=("正常运行时长 ÷ 应运行时长", "hours up ÷ hours in which it should run"),
        expression="a / b",
        range=(None, quotient(window - down, window)),
        evidence=Later(lambda: _outages(facts, period, asset)),
    )


def fault_resolution_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of faults that are resolved (故障排除率).

    A reopened fault is not resolved until it is again.

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: while the window is open and no fault was opened; vacuously met when it is over.
    Source: interfaces, "Measures".
    """
    kept = running(facts, period, Resolved)
    resolved, opened = Fraction(kept.resolved), Fraction(kept.opened)
    return Measured(
        value=quotient(resolved, opened),
        terms=(Term("已排除故障数", "faults resolved", resolved), Term("故障总数", "faults opened", opened)),
        formula=("已排除故障数 ÷ 故障总数", "faults resolved ÷ faults opened"),
        expression="a / b",
        evidence=Later(
            lambda: (
                *((fault.origin, Fraction(is_resolved(fault, period))) for fault in _faults(facts, period)),
                *_bounds(_faults(facts, period), period, "resolved", "reopened"),
            )
        ),
    )


def response_hours(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    Hours from a fault's occurrence to its first response (故障响应时间): `max` (default), `mean` or `p95`.

    An unanswered fault counts to now, or to the end of the window; one resolved without an answer was answered when it
    was resolved. `p95` is by nearest rank.

    Unit: hours; × 60 where the indicator's unit is 分钟 or minutes.
    Bounds: from 0.
    Pending: while the window is open and no fault was opened; vacuously met when it is over.
    Source: interfaces, "Precise points".
    """
    return _spread(facts, period, arguments, answered_at, ("responded", "resolved"), ("响应", "response"))


def repair_hours(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    Hours from a fault's occurrence to its resolution (故障修复时间), in the same statistics as `response_hours`.

    An unresolved fault counts to now, or to the end of the window.

    Unit: hours; × 60 where the indicator's unit is 分钟 or minutes.
    Bounds: from 0.
    Pending: while the window is open and no fault was opened; vacuously met when it is over.
    Source: interfaces, "Measures".
    """
    return _spread(facts, period, arguments, repaired_at, ("resolved", "reopened"), ("修复", "repair"))


def _spread(
    facts: Facts,
    period: Period,
    arguments: Mapping[str, str],
    ended: Ended,
    bounds: tuple[str, str],
    words: tuple[str, str],
) -> Measured:
    waits = running(facts, period, Waits, ended)
    lengths = waits.lengths(period.until)
    statistic = arguments.get("statistic", "max")
    zh, en = _STATISTICS[statistic]
    value = _statistic(statistic, waits, lengths, period) if lengths else None
    terms = [Term("故障数", "faults", Fraction(len(lengths)))]
    if value is not None:
        terms.append(Term(f"{words[0]}时间的{zh}(小时)", f"{en} of the {words[1]} hours", value))
    return Measured(
        value=value,
        terms=tuple(terms),
        formula=(f"各次故障{words[0]}时间的{zh}", f"the {en} of the {words[1]} hours"),
        expression="b",
        range=(value if statistic == "max" else None, None),  # The longest so far stays the longest.
        evidence=Later(
            lambda: (
                *((fault.origin, _hours(fault, period, ended)) for fault in _faults(facts, period)),
                *_bounds(_faults(facts, period), period, *bounds),
            )
        ),
    )


_STATISTICS: Final[Mapping[str, tuple[str, str]]] = {
    "max": ("最大值", "longest"),
    "mean": ("平均值", "mean"),
    "p95": ("第95百分位数", "95th percentile (nearest rank)"),
}
STATISTICS: Final = frozenset(_STATISTICS)


def _statistic(name: str, waits: Waits, lengths: Sequence[int], period: Period) -> Fraction:
    if name == "mean":
        return waits.mean(period.until) / PER_HOUR
    rank = len(lengths) if name == "max" else math.ceil(Fraction(95, 100) * len(lengths))
    return Fraction(lengths[rank - 1], PER_HOUR)


def _hours(fault: Fault, period: Period, ended: Ended) -> Fraction:
    return hours(fault.origin.time, ended(fault, period) or period.until)


def _faults(facts: Facts, period: Period) -> list[Fault]:
    return [fault for fault in facts.faults.values() if period.has(fault.origin)]


def _downtime(facts: Facts, period: Period, asset: str | None) -> tuple[Fraction, Fraction, Fraction]:
    """Seconds down, seconds in which it should run until now, and in the whole window."""
    excuses = excused(facts, period)[None]
    whole = without(clip([(period.starts_at, period.until)], period.starts_at, period.until), excuses)
    window = without([(period.starts_at, period.ends_at)], excuses)
    down = running(facts, period, Downtime, asset).seconds(period.until)
    return down, seconds(whole), seconds(window)


def _outages(facts: Facts, period: Period, asset: str | None) -> Iterator[Contribution]:
    """The hours that each fault contributed, what bounds them, and the maintenance that excuses."""
    faults = [fault for fault in _faults(facts, period) if is_outage(fault, asset)]
    excuses = excused(facts, period)
    for fault in faults:
        closed, since = outages(fault, period)
        spans = closed if since is None else [*closed, (since, period.until)]
        counted = without(spans, excuses.get(fault.asset, excuses[None]))
        yield fault.origin, seconds(counted) / SECONDS_PER_HOUR
    yield from _bounds(faults, period, "resolved", "reopened")
    assets = {None, *(fault.asset for fault in faults)}
    for window in announced(facts, period):
        if window.asset in assets:
            yield window.origin, Fraction(0)


def _bounds(faults: Iterable[Fault], period: Period, *kinds: str) -> Iterator[Contribution]:
    """The steps of faults that bound their time: evidence, though they add nothing of their own."""
    return ((origin, Fraction(0)) for fault in faults for origin in happened(fault, period, *kinds))
