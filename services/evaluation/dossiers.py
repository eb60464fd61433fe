"""The facts of projects, folded once and kept in memory; what is not kept is folded again from what was received."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlmodel import Session

from services.evaluation import store
from services.evaluation.facts import BrokenPromise, Facts, Origin, watched_by
from shared import parking
from shared.events import ALL
from shared.events.base import Received, read
from shared.subscription import Happened, Poison
from shared.units import on_undo

PAGE: Final = 5_000  # Events of any project that are folded in one snapshot.


@dataclass(slots=True)
class Dossier:
    """One project's facts, and how far in what was received and in the own log they reach."""

    facts: Facts = field(default_factory=Facts)
    position: int = 0
    seq: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    replays: int = 0  # Of parked events; each changes what came before.


class Dossiers:
    """
    The dossiers of one thread's view of the database.

    The writer's are folded with each batch and forgotten if the batch is not committed. The readers' follow what is
    committed; there are several readers, so each holds a dossier's lock while it looks.
    """

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self.unscored: set[str] = set()  # The writer's: of these something was folded that no score knows yet.
        self._kept: OrderedDict[str, Dossier] = OrderedDict()
        self._lock = threading.Lock()

    def facts(self, session: Session, project: str) -> Facts:
        """The facts of *project* as the writer's *session* sees them."""
        dossier = self._dossier(project)
        before = dossier.position, dossier.seq
        catch_up(dossier, session, project)
        if (dossier.position, dossier.seq) != before:
            on_undo(session, lambda: self.forget(project))
        return dossier.facts

    @contextmanager
    def reading(self, session: Session, project: str) -> Iterator[Facts]:
        """The facts of *project* as a reader's *session* sees them, while nobody else moves them on."""
        dossier = self._dossier(project)
        with dossier.lock:
            catch_up(dossier, session, project)
            yield dossier.facts

    def _dossier(self, project: str) -> Dossier:
        with self._lock:
            dossier = self._kept.setdefault(project, Dossier())
            self._kept.move_to_end(project)
            while len(self._kept) > self._kept_max:
                self._kept.popitem(last=False)
            return dossier

    def fold(self, session: Session, happened: Sequence[Happened]) -> None:
        """
        Fold a batch that is already stored in *session*'s transaction.

        Raises:
            Poison: If an event breaks what its source said before.
        """
        batches: dict[str, list[Happened]] = {}
        for event in happened:
            batches.setdefault(event.data.project, []).append(event)
        on_undo(session, lambda: self.forget(*batches))
        self.unscored.update(batches)  # One too many, if this is undone, is scored for nothing.
        last = store.last_position(session)
        for project, events in batches.items():
            try:
                self._fold_project(session, project, events, last)
            except BrokenPromise as error:
                raise Poison(str(error)) from error

    def refold(self, session: Session, project: str) -> None:
        """
        Fold *project* anew after an event came back in its place.

        Raises:
            Poison: If an event, that one or a later one, no longer fits.
        """
        self.forget(project)
        on_undo(session, lambda: self.forget(project))
        self.unscored.add(project)
        try:
            self.facts(session, project)
        except BrokenPromise as error:
            raise Poison(str(error)) from error

    def _fold_project(self, session: Session, project: str, events: Sequence[Happened], last: int) -> None:
        dossier = self._kept.get(project)
        if dossier is None:
            self.facts(session, project)  # Reads the batch with the rest: it is stored already.
            return
        for event in events:
            dossier.facts.fold(origin_of(event.received), event.data)
        dossier.position = last

    def scored(self, session: Session, project: str) -> None:
        """A score of *project* knows everything now, unless *session*'s transaction is undone."""
        if project in self.unscored:
            self.unscored.remove(project)
            on_undo(session, lambda: self.unscored.add(project))

    def begin(self, session: Session, projects: Sequence[str]) -> None:
        """Begin to fold *projects* from what was received by any; what is in the own log says what they watch."""
        for project in projects:
            dossier = self._dossier(project)
            dossier.replays = parking.replays(session, project)
            planned, _ = _own_facts(session, project, frozenset())
            dossier.facts, dossier.seq = _own_facts(session, project, watched_by(planned.plan))

    def fold_received(self, session: Session, position: int) -> int | None:
        """
        Fold a page of what was received, of the projects begun, in the order in which it came in.

        That is how it lies on disk, so it is read several times as fast as project by project. Returns the place to go
        on after; None at the end. `facts` finds what came in meanwhile.
        """
        rows = store.received(session, position, PAGE)
        for place, project, raw in rows:
            dossier = self._kept.get(project or "")
            if dossier is not None and place > dossier.position:
                received = read(raw)
                dossier.facts.fold(origin_of(received), ALL.decode(received.envelope))
        last = rows[-1][0] if rows else position
        for dossier in self._kept.values():
            dossier.position = max(dossier.position, last)
        return last if len(rows) == PAGE else None

    def replace(self, session: Session, others: "Dossiers") -> None:
        """Go on with *others*, unless *session*'s transaction is undone."""
        with self._lock:
            before, self._kept = self._kept, others.handed_over()
        on_undo(session, lambda: setattr(self, "_kept", before))

    def handed_over(self) -> OrderedDict[str, Dossier]:
        """What is kept, to be kept by another from now on."""
        with self._lock:
            kept, self._kept = self._kept, OrderedDict()
            return kept

    def forget_all(self) -> None:
        """Fold every project again when it is next needed."""
        with self._lock:
            self._kept = OrderedDict()

    def forget(self, *projects: str) -> None:
        """Fold these again when they are next needed."""
        with self._lock:
            for project in projects:
                self._kept.pop(project, None)


def catch_up(dossier: Dossier, session: Session, project: str) -> None:
    """Fold what happened since the dossier's place; all of it again after a replay, or if the plan watches more now."""
    replays = parking.replays(session, project)
    if replays != dossier.replays:
        dossier.facts, dossier.position, dossier.seq = Facts(watched=dossier.facts.watched), 0, 0
        dossier.replays = replays
    _fold_on(dossier, session, project)
    watched = watched_by(dossier.facts.plan)
    if not watched <= dossier.facts.watched:
        dossier.facts, dossier.position, dossier.seq = Facts(watched=watched), 0, 0
        _fold_on(dossier, session, project)


def _own_facts(session: Session, project: str, watched: frozenset[str]) -> tuple[Facts, int]:
    """The facts of the own log alone, and its number up to which they are."""
    facts, seq = Facts(watched=watched), 0
    for number, received, data in store.own_facts(session, project, 0):
        facts.fold(origin_of(received), data)
        seq = number
    return facts, seq


def _fold_on(dossier: Dossier, session: Session, project: str) -> None:
    last = store.last_position(session)
    for position, seq, received, data in store.happened(session, project, dossier.position, dossier.seq, last):
        dossier.facts.fold(origin_of(received), data)
        dossier.position, dossier.seq = position, seq
    # What others were told in between is not looked through again. A reader whose snapshot is older changes nothing.
    dossier.position = max(dossier.position, last)


def folded(session: Session, project: str) -> Facts:
    """The facts of *project* as *session* sees them and nothing later, folded anew for whoever needs exactly that."""
    dossier = Dossier()
    catch_up(dossier, session, project)
    return dossier.facts


def known_at(session: Session, project: str, moment: datetime, now: Facts) -> Facts:
    """
    The facts of *project* that were on record at *moment*, its plan included.

    Of each log these are its events up to the last one that was recorded by then: what precedes an event in its log was
    on record before it, whatever a clock that was put back has written on both. Where the project had no plan yet its
    facts are seen under the one that is in force *now*.
    """
    facts = Facts(watched=watched_by(now.plan))
    happened = [(received, data) for _, _, received, data in store.happened(session, project, 0, 0)]
    ends: dict[tuple[str, int], int] = {}
    for received, _ in happened:
        if received.envelope.recordedtime <= moment:
            log = received.envelope.source, received.envelope.partition
            ends[log] = max(received.seq, ends.get(log, 0))
    for received, data in happened:
        if received.seq <= ends.get((received.envelope.source, received.envelope.partition), 0):
            facts.fold(origin_of(received), data)
    watched = watched_by(facts.plan)
    if not watched <= facts.watched:  # The plan of that time watched what today's does not.
        return known_at(session, project, moment, facts)
    if facts.plan is None:
        facts.plan, facts.plan_origin = now.plan, now.plan_origin
    facts.project = now.project
    return facts


def origin_of(received: Received) -> Origin:
    """Which event a fact comes from."""
    envelope = received.envelope
    return Origin(
        _service(envelope.source),
        envelope.partition,
        received.seq,
        envelope.id,
        _unversioned(envelope.type),
        envelope.time,
        envelope.recordedtime,
        received.hash,
    )


@lru_cache(maxsize=64)
def _service(source: str) -> str:
    return source.removeprefix("/")


@lru_cache(maxsize=256)
def _unversioned(versioned_type: str) -> str:
    return versioned_type.rpartition(".v")[0]
