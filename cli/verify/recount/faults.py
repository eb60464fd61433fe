"""Faults: downtime by a sweep over the moments at which anything begins or ends, and the hours people took."""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from cli.verify.events import Told
from cli.verify.recount.money import Arguments
from cli.verify.recount.scene import Scene, hours, ratio

Span = tuple[datetime, datetime]


class Fault(NamedTuple):
    """A fault of the window with the steps that count, in the order of the log."""

    opened: Told
    steps: list[Told]


def faults(scene: Scene) -> list[Fault]:
    """The faults that count."""
    found = {event.says["fault"]: Fault(event, []) for event in scene.counting("fault.opened")}
    for event in scene.counting("fault.responded", "fault.resolved", "fault.reopened"):
        if event.says["fault"] in found:
            found[event.says["fault"]].steps.append(event)
    return list(found.values())


def fault_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Time down over the time in which it should run; announced maintenance is out of both."""
    down, whole = _downtime(scene, arguments.get("asset"))
    return ratio(down, whole)


def availability(scene: Scene, arguments: Arguments) -> Fraction | None:
    """1 less the fault rate."""
    down, whole = _downtime(scene, arguments.get("asset"))
    return ratio(whole - down, whole)


def fault_resolution_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Faults resolved over faults opened."""
    found = faults(scene)
    return ratio(sum(_resolution(fault) is not None for fault in found), len(found))


def response_hours(scene: Scene, arguments: Arguments) -> Fraction | None:
    """From occurrence to the first response; resolved without one, it was answered then; else it still counts."""
    return _statistic(
        arguments,
        [
            hours(
                fault.opened.time,
                min((step.time for step in fault.steps if step.type != "fault.reopened"), default=scene.until),
            )
            for fault in faults(scene)
        ],
    )


def repair_hours(scene: Scene, arguments: Arguments) -> Fraction | None:
    """From occurrence to the resolution that holds; else it still counts."""
    return _statistic(
        arguments, [hours(fault.opened.time, _resolution(fault) or scene.until) for fault in faults(scene)]
    )


def _statistic(arguments: Arguments, found: list[Fraction]) -> Fraction | None:
    if not found:
        return None
    match arguments.get("statistic", "max"):
        case "max":
            return max(found)
        case "mean":
            return sum(found, Fraction(0)) / len(found)
        case "p95":  # Nearest rank.
            return sorted(found)[math.ceil(len(found) * 95 / Fraction(100)) - 1]
        case other:
            raise ValueError(f"no statistic {other}")


def _resolution(fault: Fault) -> datetime | None:
    """When the fault was resolved, if it has not been reopened since."""
    moment = None
    for step in fault.steps:
        if step.type == "fault.resolved":
            moment = step.time
        elif step.type == "fault.reopened":
            moment = None
    return moment


def _open(fault: Fault, until: datetime) -> Iterator[Span]:
    """The spans in which the fault was open."""
    since: datetime | None = fault.opened.time
    for step in fault.steps:
        if step.type == "fault.resolved" and since is not None:
            yield since, step.time
            since = None
        elif step.type == "fault.reopened" and since is None:
            since = step.time
    if since is not None:
        yield since, until


def _downtime(scene: Scene, asset: str | None) -> tuple[Fraction, Fraction]:
    """Hours down and hours in which it should run, by sweeping over every moment at which a state changes."""
    changes: list[tuple[datetime, str, str | None, int]] = []

    def span(kind: str, name: str | None, start: datetime, end: datetime) -> None:
        if start < end:
            changes.extend(((start, kind, name, 1), (end, kind, name, -1)))

    for fault in faults(scene):
        if fault.opened.says["service_down"] and asset in (None, fault.opened.says.get("asset")):
            for start, end in _open(fault, scene.until):
                span("down", fault.opened.says.get("asset"), start, end)
    for window in scene.changed("maintenance.scheduled"):
        starts, ends = (datetime.fromisoformat(window.says[name]) for name in ("starts_at", "ends_at"))
        span("excused", window.says.get("asset"), starts, ends)
    return _swept(sorted(changes, key=lambda change: change[0]), scene.start, scene.until)


def _swept(
    changes: list[tuple[datetime, str, str | None, int]], start: datetime, until: datetime
) -> tuple[Fraction, Fraction]:
    down, whole = Fraction(0), Fraction(0)
    open_faults: Counter[str | None] = Counter()
    excused: Counter[str | None] = Counter()
    at = start
    for moment, kind, name, step in [*changes, (until, "end", None, 0)]:
        here = min(max(moment, at), max(until, start))
        if not excused[None]:  # A window of the project leaves the denominator, too.
            lasted = hours(at, here)
            whole += lasted
            if any(count and not excused[place] for place, count in open_faults.items()):
                down += lasted
        at = here
        (excused if kind == "excused" else open_faults)[name] += step
    return down, whole
