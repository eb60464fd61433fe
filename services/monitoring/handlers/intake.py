"""Foreign events taken in: each stands alone, all share one durable commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from services.monitoring.handlers.faults import open_fault, take_step
from services.monitoring.handlers.operation import record_reading
from services.monitoring.model import Fault, FaultReport, FaultStep, Origin, Reading
from services.monitoring.rules.faults import belongs_to
from services.monitoring.store import Store
from shared.problems import NotFound, Problem

Fact = FaultReport | FaultStep | Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A foreign event that could be read, and the fact it states."""

    source: str
    id: str
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a foreign event; *id* is None where it had none."""

    id: str | None
    outcome: Literal["accepted", "duplicate", "refused"]
    problem: Problem | None = None


def take_in(
    batch: Sequence[Sent | Outcome], store: Store, *, may_see: Callable[[str], bool], now: datetime, by: str
) -> list[Outcome]:
    """
    Do what *batch* says, event by event; one refused leaves no trace and does not stop the others.

    Args:
        batch: The events, and the outcomes of those that could not be read.
        store: Where the effects go, together with the ids of the events.
        may_see: Whether the sender may know of a project.
        now: The present moment.
        by: The sender.

    Returns:
        An outcome for each, in order.
    """
    sent = [event for event in batch if isinstance(event, Sent)]
    _expect([event.fact for event in sent], store)
    known = store.taken_in((event.source, event.id) for event in sent)
    new: list[Origin] = []
    outcomes = []
    for event in batch:
        if isinstance(event, Outcome):
            outcomes.append(event)
            continue
        try:
            project, act = _meant(event.fact, store, may_see=may_see, now=now, by=by)
            origin = Origin(event.source, event.id, project)
            if origin in known:
                outcomes.append(Outcome(id=event.id, outcome="duplicate"))
                continue
            with store.apart():
                act()
        except Problem as problem:
            outcomes.append(Outcome(id=event.id, outcome="refused", problem=problem))
        else:
            known.add(origin)
            new.append(origin)
            outcomes.append(Outcome(id=event.id, outcome="accepted"))
    store.save_intake(new, now)
    return outcomes


def _expect(facts: Sequence[Fact], store: Store) -> None:
    """Let *store* look up together what *facts* are about."""
    reports = [fact for fact in facts if isinstance(fact, FaultReport)]
    store.expect(
        projects={fact.project for fact in facts if fact.project is not None},
        faults={fact.fault for fact in facts if not isinstance(fact, Reading)},
        fingerprints={(each.project, each.fingerprint) for each in reports if each.fingerprint is not None},
    )


def _meant(
    fact: Fact, store: Store, *, may_see: Callable[[str], bool], now: datetime, by: str
) -> tuple[str, Callable[[], object]]:
    """The project that *fact* is about, and what to do about it."""
    match fact:
        case FaultReport():
            return fact.project, partial(open_fault, fact, store, now=now, by=by)
        case FaultStep():
            fault = _fault_of(fact, store, may_see)
            return fault.report.project, partial(take_step, fault, fact.step, store, now=now)
        case Reading():
            return fact.project, partial(record_reading, fact, store, now=now, by=by)


def _fault_of(fact: FaultStep, store: Store, may_see: Callable[[str], bool]) -> Fault:
    fault = store.fault(fact.fault)
    if fault is None or not may_see(fault.report.project) or not belongs_to(fault, fact):
        raise NotFound(f"there is no fault {fact.fault}", fault=fact.fault)
    return fault
