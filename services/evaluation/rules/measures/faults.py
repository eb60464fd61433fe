"""Measures over faults and maintenance."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import chain
from typing import Final

from services.evaluation.facts import Facts, Fault, Maintenance, Origin
from services.evaluation.rules.measures.base import Later, Measured, Term, quotient
from services.evaluation.rules.measures.tallies import Ledger, lies_in, tally
from services.evaluation.rules.period import Period, Span, clip, hours, seconds, union, without

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
    down, whole, window, evidence = _downtime(facts, period, arguments.get("asset"))
    return Measured(
        value=quotient(down, whole),
        terms=(
            Term("中断时长(小时)", "hours down", down / SECONDS_PER_HOUR),
            Term("应运行时长(小时)", "hours in which it should run", whole / SECONDS_PER_HOUR),
        ),
        formula=("中断时长 ÷ 应运行时长", "hours down ÷ hours in which it should run"),
        expression="a / b",
        range=(quotient(down, window), None),
        evidence=evidence,
    )


def availability(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of time in which the service was not down (可用率): 1 less `fault_rate`.

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: never once the window has begun.
    Source: interfaces, "Measures".
    """
    down, whole, window, evidence = _downtime(facts, period, arguments.get("asset"))
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
        evidence=evidence,
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
    kept = tally(facts, (_Resolved, period.starts_at, period.ends_at), lambda: _Resolved(period))
    resolved, opened = Fraction(kept.resolved(period)), Fraction(kept.opened(period))
    return Measured(
        value=quotient(resolved, opened),
        terms=(Term("已排除故障数", "faults resolved", resolved), Term("故障总数", "faults opened", opened)),
        formula=("已排除故障数 ÷ 故障总数", "faults resolved ÷ faults opened"),
        expression="a / b",
        evidence=Later(
            lambda: (
                *((fault.origin, Fraction(_is_resolved(fault, period))) for fault in _faults(facts, period)),
                *(
                    bound
                    for fault in _faults(facts, period)
                    for bound in _bounds(fault, period, "resolved", "reopened")
                ),
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
    return _spread(facts, period, arguments, _hours_to_response, ("responded", "resolved"), ("响应", "response"))


def repair_hours(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    Hours from a fault's occurrence to its resolution (故障修复时间), in the same statistics as `response_hours`.

    An unresolved fault counts to now, or to the end of the window.

    Unit: hours; × 60 where the indicator's unit is 分钟 or minutes.
    Bounds: from 0.
    Pending: while the window is open and no fault was opened; vacuously met when it is over.
    Source: interfaces, "Measures".
    """
    return _spread(facts, period, arguments, _hours_to_repair, ("resolved", "reopened"), ("修复", "repair"))


def _spread(
    facts: Facts,
    period: Period,
    arguments: Mapping[str, str],
    find: Callable[[Fault, Period], Fraction],
    bounds: tuple[str, str],
    words: tuple[str, str],
) -> Measured:
    faults = _faults(facts, period)
    found = [(fault.origin, find(fault, period)) for fault in faults]
    statistic = arguments.get("statistic", "max")
    zh, en = _STATISTICS[statistic]
    value = _statistic(statistic, [span for _, span in found]) if found else None
    terms = [Term("故障数", "faults", Fraction(len(found)))]
    if value is not None:
        terms.append(Term(f"{words[0]}时间的{zh}(小时)", f"{en} of the {words[1]} hours", value))
    return Measured(
        value=value,
        terms=tuple(terms),
        formula=(f"各次故障{words[0]}时间的{zh}", f"the {en} of the {words[1]} hours"),
        expression="b",
        range=(value if statistic == "max" else None, None),  # The longest so far stays the longest.
        evidence=Later(lambda: (*found, *(bound for fault in faults for bound in _bounds(fault, period, *bounds)))),
    )


_STATISTICS: Final[Mapping[str, tuple[str, str]]] = {
    "max": ("最大值", "longest"),
    "mean": ("平均值", "mean"),
    "p95": ("第95百分位数", "95th percentile (nearest rank)"),
}
STATISTICS: Final = frozenset(_STATISTICS)


def _statistic(name: str, spans: Sequence[Fraction]) -> Fraction:
    if name == "mean":
        return sum(spans, Fraction(0)) / len(spans)
    ordered = sorted(spans)
    rank = len(ordered) if name == "max" else math.ceil(Fraction(95, 100) * len(ordered))
    return ordered[rank - 1]


def _faults(facts: Facts, period: Period) -> list[Fault]:
    return [fault for fault in facts.faults.values() if period.has(fault.origin)]


def _is_resolved(fault: Fault, period: Period) -> bool:
    happened = [step for step, origin in fault.steps if period.has(origin) and step != "responded"]
    return bool(happened) and happened[-1] == "resolved"


def _hours_to_response(fault: Fault, period: Period) -> Fraction:
    answered = (origin.time for step, origin in fault.steps if period.has(origin) and step != "reopened")
    return hours(fault.origin.time, min(answered, default=period.until))


def _hours_to_repair(fault: Fault, period: Period) -> Fraction:
    resolved = [origin.time for step, origin in fault.steps if period.has(origin) and step == "resolved"]
    return hours(fault.origin.time, resolved[-1] if _is_resolved(fault, period) else period.until)


def _open_spans(fault: Fault, period: Period) -> list[Span]:
    """When the fault was open: from its occurrence, and from each reopening, to the resolution that followed."""
    spans: list[Span] = []
    since = fault.origin.time
    is_open = True
    for step, origin in fault.steps:
        if not period.has(origin):
            continue
        if step == "resolved" and is_open:
            spans.append((since, origin.time))
            is_open = False
        elif step == "reopened" and not is_open:
            since, is_open = origin.time, True
    return [*spans, (since, period.until)] if is_open else spans


def _downtime(
    facts: Facts, period: Period, asset: str | None
) -> tuple[Fraction, Fraction, Fraction, tuple[tuple[Origin, Fraction], ...]]:
    """
    Seconds down, seconds in which it should run until now and in the whole window, and what each fault contributed in
    hours.
    """
    faults = [
        fault for fault in _faults(facts, period) if fault.is_service_down and (asset is None or fault.asset == asset)
    ]
    announced = _announced(facts, period, {None, *(fault.asset for fault in faults)})
    excused = {name: union(map(_span, (*announced[None], *windows))) for name, windows in announced.items()}
    whole = without(clip([(period.starts_at, period.until)], period.starts_at, period.until), excused[None])
    window = without([(period.starts_at, period.ends_at)], excused[None])
    down = [
        without(clip(_open_spans(fault, period), period.starts_at, period.until), excused[fault.asset])
        for fault in faults
    ]
    evidence = [(fault.origin, seconds(spans) / SECONDS_PER_HOUR) for fault, spans in zip(faults, down, strict=True)]
    evidence += [bound for fault in faults for bound in _bounds(fault, period, "resolved", "reopened")]
    evidence += [(window.origin, Fraction(0)) for windows in announced.values() for window in windows]
    return seconds(union(chain.from_iterable(down))), seconds(whole), seconds(window), tuple(evidence)


def _announced(facts: Facts, period: Period, assets: set[str | None]) -> dict[str | None, list[Maintenance]]:
    """The windows that touch the period, by asset; under None those of the project."""
    found: dict[str | None, list[Maintenance]] = {asset: [] for asset in assets}
    for window in facts.maintenance:
        touches = window.starts_at < period.until and window.ends_at > period.starts_at
        if touches and window.asset in found and period.has_changed(window.origin):
            found[window.asset].append(window)
    return found


def _bounds(fault: Fault, period: Period, *kinds: str) -> list[tuple[Origin, Fraction]]:
    """The steps of a fault that bound its time: evidence, though they add nothing of their own."""
    return [(origin, Fraction(0)) for step, origin in fault.steps if step in kinds and period.has(origin)]


def _span(window: Maintenance) -> Span:
    return window.starts_at, window.ends_at


class _Resolved:
    """
    The running numbers of faults opened and resolved.

    A fault whose steps are not told in the order of their times is looked at as a whole, each time: what counts is the
    step told last of those that had happened.
    """

    def __init__(self, period: Period) -> None:
        self._period = period
        self._faults = self._steps = 0  # Taken up.
        self._opened, self._resolved = Ledger(), Ledger()
        self._out_of_order: dict[int, Fault] = {}

    def take_up(self, facts: Facts) -> None:
        trail = facts.trail
        for fault in trail.faults[self._faults :]:
            if lies_in(self._period, fault.origin):
                self._opened.add(fault.origin.time, 1)
        for fault, steps in trail.steps[self._steps :]:
            if lies_in(self._period, fault.origin):
                self._step(fault, steps)
        self._faults, self._steps = len(trail.faults), len(trail.steps)

    def _step(self, fault: Fault, steps: int) -> None:
        before, after = self._turns(fault, steps - 1) if steps > 1 else [], self._turns(fault, steps)
        if after is None:
            self._out_of_order[id(fault)] = fault
        for turns, sign in ((before or [], -1), (after or [], 1)):
            for time, amount in turns:
                self._resolved.add(time, sign * amount)

    def _turns(self, fault: Fault, steps: int) -> list[tuple[datetime, int]] | None:
        """When a fault became resolved (1), and when no more (-1), by its first *steps*; None if disordered."""
        turns: list[tuple[datetime, int]] = []
        is_resolved, since = False, fault.origin.time
        for step, origin in fault.steps[:steps]:
            if step == "responded" or not lies_in(self._period, origin):
                continue
            if origin.time < since:
                return None
            since = origin.time
            if is_resolved != (step == "resolved"):
                is_resolved = not is_resolved
                turns.append((since, 1 if is_resolved else -1))
        return turns

    def opened(self, period: Period) -> int:
        """How many faults had been opened as *period* sees it."""
        return self._opened.until(period.as_of)

    def resolved(self, period: Period) -> int:
        """How many of them were resolved."""
        odd = (fault for fault in self._out_of_order.values() if period.has(fault.origin))
        return self._resolved.until(period.as_of) + sum(_is_resolved(fault, period) for fault in odd)
