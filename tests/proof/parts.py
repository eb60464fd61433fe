"""The two services of the proof, without their background: every step is made by the schedule."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
import sqlalchemy as sa

import shared.database
from services.budget import api as budget_api
from services.budget import store as budget_store
from services.budget.settings import Settings as BudgetSettings
from services.evaluation import policies, store
from services.evaluation.dossiers import Dossiers
from services.evaluation.model import Policy
from services.evaluation.rebuilding import Rebuilder
from services.evaluation.scorer import Scorer
from services.evaluation.settings import Settings
from services.evaluation.stream import Hub
from shared import stores
from shared.clock import FixedClock
from shared.database import Database
from shared.events import ALL
from shared.feed import FeedReader, FeedUnreachable
from shared.relay import Relay
from shared.service import Service
from shared.subscription import Happened, Poison, Subscription
from tests.support import Issuer, settings_for

NOW = datetime(2018, 12, 20, 4, 0, tzinfo=UTC)  # Noon in Shanghai.
PROJECT = "p"
SOURCES = ("budget", "monitoring")
CLAIM_SECONDS = 30


class Crash(Exception):
    """The process is gone at this point; only what is on disk remains."""


class Dying:
    """Lets a process die just before a commit: from then on nothing more of it gets to the disk."""

    def __init__(self) -> None:
        self._commits: int | None = None  # Until then.
        self.housekeeping = 0  # Commits under way that store nothing of the service's own: a beat, the claim.

    def soon(self, commits: int = 0) -> None:
        """Die after so many more commits."""
        self._commits = commits

    def reborn(self) -> None:
        """Another process takes its place."""
        self._commits = None

    def at_commit(self, _: object) -> None:
        if self._commits is None or self.housekeeping:
            return
        if self._commits == 0:
            raise Crash
        self._commits -= 1


class Line:
    """A way to a source that can be cut."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.is_cut = False

    async def head(self, partition: int) -> Any:
        self._check()
        return await self.reader.head(partition)

    async def after(self, *words: Any, **named: Any) -> Any:
        self._check()
        return await self.reader.after(*words, **named)

    def _check(self) -> None:
        if self.is_cut:
            raise FeedUnreachable("cut")


def still(service: Service, dying: Dying) -> None:
    """Let *service* do nothing by itself, live at the time of the proof, and die when it is told to."""
    service._work = list  # type: ignore[method-assign]
    service.clock = service.once._clock = service.log._clock = FixedClock(NOW)
    start = service.database.start

    def start_mortal() -> None:
        start()
        engine = service.database._writer_engine
        if not sa.event.contains(engine, "commit", dying.at_commit):
            sa.event.listen(engine, "commit", dying.at_commit)

    service.database.start = start_mortal  # type: ignore[method-assign]
    for name in ("_beat", "_take", "_has_committed"):
        setattr(service.database, name, _unharmed(dying, getattr(service.database, name)))


def _unharmed(dying: Dying, work: Callable[..., Any]) -> Callable[..., Any]:
    def unharmed(*given: Any) -> Any:
        dying.housekeeping += 1
        try:
            return work(*given)
        finally:
            dying.housekeeping -= 1

    return unharmed


@contextmanager
def kept_engines() -> Iterator[None]:
    """
    Give every process the engines that the one before it had, its connections closed.

    An engine holds nothing of a database but the statements that it has compiled, and a third of the time of a
    schedule went into compiling them again after each restart.
    """
    with (
        patch.object(shared.database, "writer_engine", cache(stores.writer_engine)),
        patch.object(shared.database, "reader_engine", cache(stores.reader_engine)),
    ):
        yield


async def opened(service: Service) -> None:
    """Open *service*, and wait for the claim: PostgreSQL lets go of a dead process's a moment later."""
    await service._open()
    async with asyncio.timeout(CLAIM_SECONDS):
        while not service.is_active:
            await asyncio.sleep(0.02)


def forget(database: Database) -> None:
    """What a new process knows of a database: nothing. Its object stays, for others hold it."""
    Database.__init__(database, database.url.render_as_string(hide_password=False), schema=database._schema)


class Budget:
    """The source: its calls over HTTP, its log, its relay."""

    def __init__(self, folder: Path, issuer: Issuer, url: str) -> None:
        self.url = url
        self.issuer = issuer
        self.dying = Dying()
        settings = settings_for(folder, issuer.folder, BudgetSettings, database_url=url)
        self.service = Service("budget", settings, budget_store.Table.metadata, package="services.budget")
        still(self.service, self.dying)
        app = self.service.app(budget_api.router(self.service), title="budget", description="")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://budget")
        self.log = self.service.log
        self.is_open = False

    async def die(self) -> None:
        """End without a word."""
        self.is_open = False
        await asyncio.to_thread(self.service.database.close)
        self.service.is_active = False
        self.service._tasks.clear()

    async def live(self) -> None:
        """Start as a new process does."""
        forget(self.service.database)
        self.service.once._running.clear()
        self.service._begun_at = None
        self.dying.reborn()
        key, restored = self.relay._key, self.relay._restored
        self.service._relays[:] = [Relay(self.service.database, self.log, 0, key, restored)]
        await opened(self.service)
        self.is_open = True

    @property
    def relay(self) -> Relay:
        [relay] = self.service._relays
        return relay


@dataclass
class Evaluation:
    """The consumer: subscriptions, facts, scores and the score stream."""

    folder: Path
    issuer: Issuer
    url: str
    lines: dict[str, Line] = field(default_factory=dict)
    dying: Dying = field(default_factory=Dying)
    poison: set[str] = field(default_factory=set)  # Ids of events that the program of the day cannot apply.
    policies: dict[str, Policy] = field(default_factory=policies.read_all)

    def __post_init__(self) -> None:
        self.settings = settings_for(
            self.folder, self.issuer.folder, Settings, database_url=self.url, coalesce_seconds=0
        )
        self.service = Service("evaluation", self.settings, store.Table.metadata, package="services.evaluation")
        still(self.service, self.dying)

    def _wire(self) -> None:
        service, settings = self.service, self.settings
        self.written, self.shown = Dossiers(settings.facts_kept), Dossiers(settings.facts_kept)
        self.scorer = Scorer(service, settings, self.written, self.policies)
        self.hub = Hub(service.database)
        self.scorer.published = self.hub.take
        self.rebuilder = Rebuilder(
            service, settings, self.written, self.shown, self.policies, self.hub, self.scorer.owes
        )
        service.refold = self._refold
        service.subscriptions[:] = [self._subscribed(source) for source in SOURCES]
        service._starts[:] = [self.hub.open, self.scorer.all_due]

    def _subscribed(self, source: str) -> Subscription:
        return Subscription(
            consumer="evaluation",
            source=source,
            partition=0,
            database=self.service.database,
            clock=self.service.clock,
            contracts=ALL,
            fold=self._fold,
            feed=self.lines[source],  # type: ignore[arg-type]  # The same contract.
            key=self.issuer.mac_key(source),
            poll_seconds=60,
            applied=self.scorer.touched,
        )

    def _fold(self, session: Any, happened: list[Happened]) -> None:
        if any(event.received.envelope.id in self.poison for event in happened):
            raise Poison("this program cannot apply it")
        self.written.fold(session, happened)

    def _refold(self, session: Any, project: str) -> None:
        parked = {event.position for event in self._poisoned(session, project)}
        if parked:
            raise Poison("this program cannot apply it")
        self.written.refold(session, project)

    def _poisoned(self, session: Any, project: str) -> list[SimpleNamespace]:
        rows = store.happened(session, project, 0, 0)
        return [SimpleNamespace(position=row[0]) for row in rows if row[2].envelope.id in self.poison]

    def subscription(self, source: str) -> Subscription:
        return next(each for each in self.service.subscriptions if each.source == source)

    async def die(self) -> None:
        """End without a word."""
        self.service.stop()
        self.hub.moved.announce()
        await asyncio.to_thread(self.service.database.close)
        self.service.is_active = False
        self.service._tasks.clear()

    async def live(self) -> None:
        """Start as a new process does; what the program cannot apply stays the same."""
        forget(self.service.database)
        self.service._begun_at = None
        self.dying.reborn()
        self.service.stopping = asyncio.Event()
        self.service.commits.are_over = False
        self._wire()
        await opened(self.service)


def reader_of(budget: Budget) -> Line:
    """The real feed of *budget*, with the token that services use."""
    return Line(FeedReader(budget.client, (budget.issuer.folder / "service.token").read_text))
