"""Contracts: what was bought how, what was accepted, how long it served, and whether it was paid in time."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from cli.verify.events import Told
from cli.verify.recount.money import Arguments, movements
from cli.verify.recount.scene import Scene, latest, ratio


class Terms(NamedTuple):
    """A contract as it stands at the scene's moment."""

    signed: Told
    amount: Fraction
    ends_on: date
    items: frozenset[str]
    terminated_on: date | None


def terms_of(scene: Scene) -> dict[str, Terms]:
    """Every contract, with the last change on record that had happened before the window's end."""
    found = {event.says["contract"]: _terms(event, event.says, None) for event in scene.known("contract.signed")}
    for event in scene.changed("contract.amended", "contract.terminated"):
        terms = found.get(event.says["contract"])
        if terms is None:
            continue
        if event.type == "contract.amended":
            changed = _terms(terms.signed, event.says, terms.terminated_on)
        else:
            changed = terms._replace(terminated_on=date.fromisoformat(event.says["terminated_on"]))
        found[event.says["contract"]] = changed
    return found


def _terms(signed: Told, says: dict[str, Any], terminated_on: date | None) -> Terms:
    items = frozenset(each["item"] for each in says["items"])
    return Terms(signed, Fraction(says["amount"]), date.fromisoformat(says["ends_on"]), items, terminated_on)


def accepted_quantity(scene: Scene, arguments: Arguments) -> Fraction | None:
    """The quantity of an item that passed; a failed acceptance adds none."""
    found = [
        Fraction(each["passed"])
        for event in scene.counting("contract.accepted")
        for each in event.says["items"]
        if each["item"] == arguments["item"]
    ]
    return sum(found, Fraction(0)) if found else None


def government_procurement_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Amounts by government procurement over all amounts; terminated contracts are out."""
    standing = [
        terms
        for terms in terms_of(scene).values()
        if terms.terminated_on is None and scene.start <= terms.signed.time < scene.end
        if terms.signed.time <= scene.as_of
    ]
    by_government = [terms.amount for terms in standing if terms.signed.says["government_procurement"]]
    return ratio(sum(by_government, Fraction(0)), sum((terms.amount for terms in standing), Fraction(0)))


def acceptance_pass_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Contracts whose latest acceptance passed over contracts inspected."""
    inspections: dict[str, list[Told]] = {}
    for event in scene.counting("contract.accepted", "contract.rejected"):
        inspections.setdefault(event.says["contract"], []).append(event)
    last = [latest(events) for events in inspections.values()]
    return ratio(sum(event is not None and event.type == "contract.accepted" for event in last), len(last))


def service_months(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Whole months of service: of each unbroken run of served days, the months that have passed."""
    accepted = {event.says["contract"] for event in scene.counting("contract.accepted")}
    serving = [
        terms for name, terms in terms_of(scene).items() if name in accepted and arguments["item"] in terms.items
    ]
    if not serving:
        return None
    served = {day for terms in serving for day in _days(scene, terms)}
    return Fraction(sum(_months(run) for run in _runs(served)))


def _days(scene: Scene, terms: Terms) -> range:
    """The days of a contract's term that are over, inside the window, as ordinals."""
    first = max(date.fromisoformat(terms.signed.says["starts_on"]), scene.first)
    ends = [terms.ends_on, scene.last, scene.last_day_over, terms.terminated_on or date.max]
    return range(first.toordinal(), min(ends).toordinal() + 1)


def _runs(days: set[int]) -> list[range]:
    firsts = sorted(day for day in days if day - 1 not in days)
    lasts = sorted(day for day in days if day + 1 not in days)
    return [range(first, last + 1) for first, last in zip(firsts, lasts, strict=True)]


def _months(run: range) -> int:
    """How many months from the run's first day are over when its last day is."""
    first, after = date.fromordinal(run.start), date.fromordinal(run.stop)
    months = 0
    while _anniversary(first, months + 1) <= after:
        months += 1
    return months


def _anniversary(first: date, months: int) -> date:
    """The day on which *months* months from *first* are over; where a month is too short for it, the first after."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    try:
        return date(year, month + 1, first.day)
    except ValueError:
        year, month = divmod(year * 12 + month + 1, 12)
        return date(year, month + 1, 1)


def on_time_payment_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Of the contracts whose days for payment are over, the share that was paid in full by then."""
    paid = list(movements(scene))
    due = in_time = 0
    for name, terms in terms_of(scene).items():
        accepted = latest(e for e in scene.counting("contract.accepted") if e.says["contract"] == name)
        if accepted is None:
            continue
        last_day = scene.day(accepted.time) + timedelta(days=terms.signed.says["payment_days"])
        if last_day > min(scene.last, scene.last_day_over):
            continue
        closing = scene.midnight(last_day + timedelta(days=1))
        by_then = sum((m.amount for m in paid if m.contract == name and m.event.time < closing), Fraction(0))
        due += 1
        in_time += by_then >= terms.amount
    return ratio(in_time, due)
