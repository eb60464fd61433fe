"""
Keeps scores in step with facts: what an event touched is scored at once, what time moves on a tick.

Scoring is idempotent: it compares with the latest version and makes a new one only if something moved. So nothing is
lost when the process dies between an event and its score; at the next start every project is scored again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from sqlmodel import Session

from services.evaluation import handlers, store
from services.evaluation.dossiers import Dossiers
from services.evaluation.model import Policy
from services.evaluation.settings import Settings
from shared.events.base import Envelope, EventData
from shared.events.evaluation import Cause, ScoreUpdated
from shared.identity import new_id
from shared.log import Trace
from shared.problems import Unavailable
from shared.service import Publish, Service
from shared.subscription import Happened

BATCH: Final = 50  # Projects scored in one transaction.
TIME_BATCH: Final = 5  # The same where only time has passed: whatever happens need not wait for long.
RETRY_SECONDS: Final = 1.0  # After the database refused.
# While events come by the hundred, as after an outage, scores wait for them: scoring shares one writer with applying.
BACKLOG_EVENTS: Final = 200  # Between two looks.
BACKLOG_LOOK_SECONDS: Final = 0.05
BACKLOG_SECONDS_MAX: Final = 5.0  # Then the scores move all the same.

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a project is to be scored: the event that touched it last, if it is known."""

    cause: Cause | None
    trace: Trace


def reason_of(envelope: Envelope) -> Reason:
    """The reason that an event gives."""
    cause = Cause(source=envelope.source.removeprefix("/"), type=envelope.type.rpartition(".v")[0], id=envelope.id)
    return Reason(cause, Trace(correlation_id=envelope.correlationid, causation_id=envelope.id))


def _reason(given: Reason | Envelope) -> Reason:
    return given if isinstance(given, Reason) else reason_of(given)


def _noting(publish: Publish, published: list[Envelope]) -> Publish:
    def noted(data: EventData, time: datetime) -> Envelope:
        published.append(publish(data, time))
        return published[-1]

    return noted


class Scorer:
    """Scores projects in the background."""

    def __init__(self, service: Service, settings: Settings, dossiers: Dossiers, policies: dict[str, Policy]) -> None:
        self._service = service
        self._settings = settings
        self._dossiers = dossiers
        self._policies = policies
        self._due: dict[str, Reason | Envelope] = {}  # An event is a reason, made when the score is.
        self._in_hand: frozenset[str] = frozenset()  # Due no more, but not yet on record.
        self._events = 0  # Applied since the last look.
        self._are_all_due = False  # Which projects those are has still to be read.
        self._scored_at: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._told: list[Callable[[ScoreUpdated], Awaitable[None]]] = []
        # Called with all that a transaction of scores has published, as soon as it is on record.
        self.published: Callable[[Sequence[Envelope]], None] = lambda _: None

    def tell(self, listener: Callable[[ScoreUpdated], Awaitable[None]]) -> None:
        """Call *listener* with every new version, once it is on record."""
        self._told.append(listener)

    def touched(self, happened: Sequence[Happened]) -> None:
        """Score the projects of *happened*; all of them if it is empty: a source stood still or an event was parked."""
        if not happened:
            self._are_all_due = True
            self._wake.set()
            return
        self._events += len(happened)
        for event in happened:
            self._due[event.data.project] = event.received.envelope
        self._wake.set()

    def touched_by(self, own: Sequence[Envelope]) -> None:
        """Score the projects of own events."""
        for envelope in own:
            self._due[envelope.partitionkey] = envelope
        self._wake.set()

    def owes(self, project: str) -> bool:
        """Whether something is on record of *project* that its latest score may not know; for the writer's thread."""
        known = project not in self._due and project not in self._in_hand and project not in self._dossiers.unscored
        return self._are_all_due or not known

    async def all_due(self) -> None:
        """Score every project: facts may have come in since its latest version."""
        unknown = Reason(None, Trace(correlation_id=new_id()))
        for project in await self._service.database.read(store.planned_projects):
            self._due.setdefault(project, unknown)
        self._wake.set()

    async def run(self) -> None:
        """Score what is due until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._let_backlog_pass()
            wait = await self._score_due(loop.time())
            if wait > 0:
                loop.call_later(wait, self._wake.set)

    async def _let_backlog_pass(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + BACKLOG_SECONDS_MAX
        while self._events >= BACKLOG_EVENTS and loop.time() < until:
            self._events = 0
            await asyncio.sleep(BACKLOG_LOOK_SECONDS)
        self._events = 0

    async def _score_due(self, now: float) -> float:
        """Score what may be scored now; returns the seconds until more may, 0 if nothing is left."""
        if self._are_all_due:
            self._are_all_due = False
            try:
                await self.all_due()
            except Unavailable:
                self._are_all_due = True
                return RETRY_SECONDS
        opens = {project: self._scored_at.get(project, 0) + self._settings.coalesce_seconds for project in self._due}
        ready = [project for project, at in opens.items() if at <= now][:BATCH]
        if ready:
            self._in_hand = frozenset(ready)
            batch = {project: _reason(self._due.pop(project)) for project in ready}
            try:
                await self._score_batch(dict(batch))
            except Unavailable:
                self._due = {**batch, **self._due}
                return RETRY_SECONDS
            finally:
                self._in_hand = frozenset()
            resting = {name: at for name, at in self._scored_at.items() if at > now - self._settings.coalesce_seconds}
            self._scored_at = resting | dict.fromkeys(ready, now)
        waiting = [at for project, at in opens.items() if project in self._due]
        return max(min(waiting) - now, 0.001) if waiting else 0

    async def tick(self) -> None:
        """Let time move scores, until cancelled."""
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                await self._let_time_pass(begun)
            except Unavailable:
                log.warning("tick_skipped")
            await _sleep_until(begun + self._settings.tick_seconds)

    async def _let_time_pass(self, begun: float) -> None:
        """
        Look at every running project once, a few at a time, over the whole tick.

        Done at one go, what happens meanwhile would wait behind them for as long as all of them take.
        """
        now = self._service.clock.now()
        running = await self._service.database.read(partial(store.running_projects, now=now))
        for start in range(0, len(running), TIME_BATCH):
            # What an event has touched is scored for that event, which shall be named as the cause.
            batch: dict[str, Reason | None] = {
                name: None for name in running[start : start + TIME_BATCH] if name not in self._due
            }
            since = asyncio.get_running_loop().time()
            if batch:
                await self._score_batch(batch)
            took = asyncio.get_running_loop().time() - since
            done = min(start + TIME_BATCH, len(running)) / len(running)
            await asyncio.sleep(took)  # Of very many projects half the time at most, however late the tick will end.
            await _sleep_until(begun + done * self._settings.tick_seconds)

    async def _score_batch(self, batch: dict[str, Reason | None]) -> None:
        """Score the projects of *batch*; those without a reason because time has passed."""
        try:
            updates, published = await self._service.database.write(partial(self._score, batch=batch))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # A bug with one project must not keep the others from moving.
            if len(batch) == 1:
                log.error("score_failed", alarm=True, project=next(iter(batch)), error=repr(error)[:500])
                return
            for project, reason in batch.items():
                await self._score_batch({project: reason})
            return
        self.published(published)
        for update, trace in updates:
            log.info(
                "score_updated",
                project=update.project,
                version=update.version,
                total=update.total,
                correlation_id=trace.correlation_id,
                causation_id=trace.causation_id,
            )
            for listener in self._told:
                await listener(update)

    def _score(
        self, session: Session, *, batch: dict[str, Reason | None]
    ) -> tuple[list[tuple[ScoreUpdated, Trace]], list[Envelope]]:
        """The new versions with what they are traced to, and all that was published."""
        now: datetime = self._service.clock.now()
        updates: list[tuple[ScoreUpdated, Trace]] = []
        published: list[Envelope] = []
        for project, reason in batch.items():
            trace = reason.trace if reason is not None else Trace(correlation_id=new_id())
            publish = _noting(self._service.publisher(session, trace), published)
            update = handlers.score_project(
                project,
                session,
                self._dossiers.facts(session, project),
                self._policies,
                publish=publish,
                now=now,
                cause=None if reason is None else reason.cause,
                by_time=reason is None,
            )
            self._dossiers.scored(session, project)
            if update is not None:
                updates.append((update, trace))
        return updates, published


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
