"""
Rebuilding: every project's facts folded again from what was received, beside the live ones, and swapped in one go.

Nothing is published by it. So a rebuilt score is that of the version that is on record, as of that version's moment:
what time has moved since, or an event that no version knows yet, is the scorer's to publish. What was scored while it
ran is rebuilt again in the transaction of the swap, so the swap loses nothing; a process that dies before it has
changed nothing and begins anew at its next start.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import msgspec
import structlog
from sqlmodel import Session

from services.evaluation import handlers, rules, store
from services.evaluation.dossiers import Dossiers
from services.evaluation.facts import Facts
from services.evaluation.model import Policy
from services.evaluation.settings import Settings
from services.evaluation.store.tables import RebuildRow, ScoreFields
from services.evaluation.stream import Hub
from shared.problems import Refusal, Unavailable
from shared.service import Service

BATCH: Final = 50  # Projects written down in one transaction.
RETRY_SECONDS: Final = 1.0

log = structlog.get_logger()


class RebuildRunning(Refusal):
    """One rebuild at a time."""

    slug, title = "rebuild-running", "A rebuild is running"

    def __init__(self, rebuild: str) -> None:
        super().__init__(f"rebuild {rebuild} is running", rebuild=rebuild)


def begin(session: Session, rebuild: str, *, reason: str, by: str, now: datetime) -> RebuildRow:
    """
    Put a rebuild on record; `Rebuilder` does it.

    Raises:
        RebuildRunning: If there is one already.
    """
    running = store.running_rebuild(session)
    if running is not None:
        raise RebuildRunning(running.rebuild)
    row = RebuildRow(rebuild=rebuild, reason=reason, requested_by=by, started_at=now)
    session.add(row)
    return row


class Rebuilder:
    """Does the rebuild that is on record, in the background."""

    def __init__(
        self,
        service: Service,
        settings: Settings,
        written: Dossiers,
        shown: Dossiers,
        policies: dict[str, Policy],
        hub: Hub,
        owes: Callable[[str], bool],
    ) -> None:
        self._service = service
        self._settings = settings
        self._written = written
        self._shown = shown
        self._policies = policies
        self._hub = hub
        self._owes = owes  # Whether a project is about to be scored.
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Do what is on record until cancelled; one that a stop has cut short is done again from its beginning."""
        self.wake.set()
        while True:
            await self.wake.wait()
            self.wake.clear()
            try:
                running = await self._service.database.read(store.running_rebuild)
                if running is not None:
                    await self._rebuild(running.rebuild)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
                self.wake.set()

    async def _rebuild(self, rebuild: str) -> None:
        database = self._service.database
        await database.write(store.clear_rebuilt)
        fresh = Dossiers(self._settings.facts_kept)
        live, rebuilt = hashlib.sha256(), hashlib.sha256()
        projects = sorted(await database.read(store.planned_projects))
        for kept in _parted(projects, self._settings.facts_kept):
            await self._fold(fresh, kept)
            for batch in _parted(kept, BATCH):
                made = []
                for project in batch:
                    row, before, after = await database.read(partial(self._project, project=project, fresh=fresh))
                    live.update(f"{project} {before}\n".encode())
                    rebuilt.update(f"{project} {after}\n".encode())
                    made += [] if row is None else [row]
                await database.write(partial(store.keep_rebuilt, rows=made))
        digests = live.hexdigest(), rebuilt.hexdigest()
        seq = await database.write(
            partial(self._swap, rebuild=rebuild, fresh=fresh, projects=len(projects), digests=digests)
        )
        self._shown.forget_all()
        self._hub.reset(seq)
        if digests[0] == digests[1]:
            log.info("rebuilt", rebuild=rebuild, projects=len(projects))
        else:
            log.error("rebuilt_otherwise", alarm=True, rebuild=rebuild, projects=len(projects))

    async def _fold(self, fresh: Dossiers, projects: Sequence[str]) -> None:
        """Fold all that was received of *projects*, as many as are kept, going through it once."""
        await self._service.database.read(partial(fresh.begin, projects=projects))
        position: int | None = 0
        while position is not None:
            position = await self._service.database.read(partial(fresh.fold_received, position=position))

    def _project(self, session: Session, *, project: str, fresh: Dossiers) -> tuple[ScoreFields | None, str, str]:
        """One project's score from scratch, and the digests of its live and of its fresh facts, at the same place."""
        with self._shown.reading(session, project) as facts:
            before = facts.digest()
        facts = fresh.facts(session, project)
        return self._scored(session, project, facts), before, facts.digest()

    def _scored(self, session: Session, project: str, facts: Facts) -> ScoreFields | None:
        """The version on record, made from scratch; None if there is none."""
        kept = store.score(session, project)
        if kept is None:
            return None
        as_of = datetime.fromisoformat(msgspec.json.decode(kept.document)["as_of"])
        document = handlers.evaluated(session, project, facts, self._policies, as_of=as_of, version=kept.version)
        rule = rules.rule_of(facts, self._policies[handlers.plan_of(facts, project).policy])
        return handlers.score_fields(project, facts, document, rule)

    def _swap(self, session: Session, *, rebuild: str, fresh: Dossiers, projects: int, digests: tuple[str, str]) -> int:
        """Put the rebuilt scores and facts in the place of the live ones; returns where the own log stands."""
        moved_on = set(store.moved_on(session))
        for project in store.planned_projects(session):
            facts = fresh.facts(session, project)  # Up to this very transaction.
            if self._owes(project):  # What it does not know yet is told with the next version, not under this number.
                store.keep_live(session, project)
            elif project in moved_on and (made := self._scored(session, project, facts)) is not None:
                store.keep_rebuilt(session, rows=[made])
        store.swap_rebuilt(session)
        _, seq = store.head(session, 0)
        store.finish_rebuild(
            session, rebuild, now=self._service.clock.now(), projects=projects, digests=digests, seq=seq
        )
        self._written.replace(session, fresh)
        return seq


def _parted(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
