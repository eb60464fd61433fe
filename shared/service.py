"""
What every service is: the same door, feed, health, log and subscriptions around its own calls.

A service's ``app.py`` names what differs: its tables, its routes, whom it listens to, and what it does with it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import structlog
from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared import answers, asyncapi, epochs, feed, health, idempotency, openapi, operations, parking, received
from shared import log as log_table
from shared.access import FixedKeys, Gatekeeper, IssuerKeys, KeySource
from shared.bodies import StrictRoute
from shared.bus import Bus
from shared.certificates import context_for
from shared.clock import Clock, SystemClock
from shared.database import Database, SchemaTooNew
from shared.door import Door, LargerBodies, Throttle
from shared.events import ALL
from shared.events.base import Envelope, EventData
from shared.feed import Commits, FeedReader, TokenFile
from shared.idempotency import Once
from shared.log import Appended, EventLog, Trace
from shared.metrics import epochs_begun, events_appended
from shared.migrations import Migrations
from shared.problems import Unavailable
from shared.relay import Relay
from shared.settings import CommonSettings
from shared.subscription import Fold, Happened, Subscription

PULL_TIMEOUT_SECONDS = 10.0  # For one page of a feed.
RESTART_SECONDS = 1.0  # Before background work that failed is begun again.
CANCEL_SECONDS = 0.5  # Until what has not ended is told again.

TABLES = (log_table.metadata, received.metadata, idempotency.metadata)  # What every service has.

Publish = Callable[[EventData, datetime], Envelope]
Background = Callable[[], Coroutine[Any, Any, None]]

log = structlog.get_logger()


class Service:
    """The parts of one service, wired. Only its ``app.py`` makes one."""

    def __init__(
        self,
        name: str,
        settings: CommonSettings,
        tables: MetaData,
        *,
        clock: Clock | None = None,
        package: str | None = None,
    ) -> None:
        """
        Wire the parts.

        Args:
            name: The service's name, under which it publishes.
            settings: Its settings.
            tables: Its own tables, beside those that every service has.
            clock: What tells the time, if it is not the system's.
            package: The package in whose ``migrations`` the revisions of its database are; None makes the tables that
                are missing, for services of tests that have no history.
        """
        self.name = name
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        schema = None if package is None else Migrations(package)
        self.schema = "without revisions" if schema is None else schema.newest
        self.database = Database(settings.database_url, *TABLES, tables, schema=schema)
        self.log = EventLog(name, self.clock)
        self.commits = Commits()
        self.bus = Bus(settings.redis_url)
        self.once = Once(self.database, self.clock)
        self.subscriptions: list[Subscription] = []
        self.refold: parking.Refold | None = None  # Folds a project anew after a replay.
        self.stopping = asyncio.Event()
        self.is_active = False  # Whether this process is the one that works; else it stands by.
        self.give_up: Callable[[], None] = lambda: None  # Ends the process; its supervisor starts another.
        self._begun_at: datetime | None = None
        self._changes_told = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._relays = [
            Relay(self.database, self.log, partition, self._mac_key(name), partial(self.begin_epoch, "stream"))
            for partition in range(self.log.partitions)
        ]
        self._witness = epochs.witness_of(self.database.url)
        self._background: list[Background] = []
        self._starts: list[Background] = []
        self._stops: list[Callable[[], None]] = []
        self._feeds: list[httpx.AsyncClient] = []

    def _mac_key(self, source: str) -> bytes:
        return bytes.fromhex(_read(self.settings.keys_dir / f"{source}.mac"))

    def listen(self, source: str, fold: Fold, applied: Callable[[Sequence[Happened]], None] | None = None) -> None:
        """
        Apply the events of *source* with *fold*, and tell *applied* after each commit.

        Raises:
            ValueError: If the settings do not say where the source's feed is.
        """
        url = getattr(self.settings, f"{source}_url")
        if url is None:
            raise ValueError(f"set SCOREBUS_{source.upper()}_URL: {self.name} listens to {source}")
        client = httpx.AsyncClient(
            base_url=url, timeout=PULL_TIMEOUT_SECONDS, follow_redirects=False, verify=context_for([url])
        )
        self._feeds.append(client)
        token = self.settings.service_token or self.settings.keys_dir / "service.token"
        reader = FeedReader(client, TokenFile(token))
        for partition in range(self.log.partitions):
            subscription = Subscription(
                consumer=self.name,
                source=source,
                partition=partition,
                database=self.database,
                clock=self.clock,
                contracts=ALL,
                fold=fold,
                feed=reader,
                key=self._mac_key(source),
                poll_seconds=self.settings.poll_seconds,
                applied=applied or (lambda _: None),
            )
            self.subscriptions.append(subscription)
            self.bus.subscribe(source, partition, subscription.deliver)
            self.bus.follow_heads(source, partition, subscription.hear)

    def forgetting(self, fold: Fold, forget: Callable[[Session, str], None]) -> None:
        """Fold a project anew by letting *forget* remove what was learned of it, and *fold* apply everything again."""
        self.refold = parking.refolding(forget, dict.fromkeys((each.source for each in self.subscriptions), fold), ALL)

    @property
    def route_class(self) -> type[StrictRoute]:
        """What the routers of a service make their routes of: bodies are read strictly."""
        return StrictRoute

    def at_start(self, work: Background) -> None:
        """Run *work* once the database is open, before any event or request is taken."""
        self._starts.append(work)

    def at_stop(self, work: Callable[[], None]) -> None:
        """Call *work* when the service is told to stop, before it waits for requests to end."""
        self._stops.append(work)

    def stop(self) -> None:
        """End what would keep requests open: streams and long polls."""
        self.stopping.set()
        self.commits.end()
        for work in self._stops:
            work()

    def in_background(self, work: Background) -> None:
        """Keep *work* running while the service runs."""
        self._background.append(work)

    def publisher(self, session: Session, trace: Trace) -> Publish:
        """A function that appends events to the log in *session*'s transaction, traced to their request."""

        appended = events_appended.labels(self.name)

        def publish(data: EventData, time: datetime) -> Envelope:
            envelope = self.log.append(session, data, time=time, trace=trace)
            appended.inc()
            return envelope

        return publish

    def app(
        self,
        *routers: APIRouter,
        title: str,
        description: str,
        schemas: Mapping[str, dict[str, Any]] = MappingProxyType({}),
        larger_bodies: LargerBodies = MappingProxyType({}),
    ) -> FastAPI:
        """
        The ASGI application with everything around *routers*.

        *schemas* are further ones for OpenAPI; *larger_bodies* are the few calls that take more bytes than others.
        """
        app = openapi.application(title, description, self._lifespan, schemas)
        answers.install(app)
        for routes in routers:
            app.include_router(routes)
        app.include_router(feed.router(self.database, self.log, self.commits))
        app.include_router(asyncapi.router(self.name, self.bus.broker))
        app.include_router(health.router(self))
        if self.subscriptions:
            app.include_router(operations.router(self))
        app.add_middleware(
            Door,
            gatekeeper=Gatekeeper(self._keys(), issuer=self.settings.issuer, audience=self.settings.audience),
            throttle=Throttle(self.settings.requests_per_second, self.settings.requests_burst),
            body_bytes_max=self.settings.body_bytes_max,
            is_active=lambda: self.is_active,
            larger_bodies=larger_bodies,
        )
        app.state.service = self
        return app

    def _keys(self) -> KeySource:
        if self.settings.jwks_url is not None:
            return IssuerKeys(self.settings.jwks_url)
        return FixedKeys(_read(self.settings.keys_dir / "public.pem"))

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        await self._open()
        log.info("service_started", port=self.settings.port, role=self.database.role, **self.database.durability)
        try:
            yield
        finally:
            await self._close()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        self.database.guard(self._is_ours, self.give_up)
        self.database.after_commit(partial(self._tell, loop))
        try:
            await asyncio.to_thread(self.database.start)
        except SchemaTooNew as error:
            log.error("schema_too_new", alarm=True, detail=str(error))
            raise
        except DBAPIError as error:
            log.error("database_cannot_be_opened", alarm=True, error=str(error.orig)[:200])
            raise
        if self.database.role == "active":
            await self._begin()
        else:
            log.info("standing_by")
            self._tasks.append(asyncio.create_task(self._stand_by(), name="standby"))

    async def _stand_by(self) -> None:
        """Wait until the active process is gone, and take its place."""
        try:
            await self.database.claimed()
        except SchemaTooNew as error:
            log.error("schema_too_new", alarm=True, detail=str(error))
            self.give_up()
            return
        while True:
            try:
                await self._begin()
            except Unavailable:
                await asyncio.sleep(RESTART_SECONDS)
            else:
                log.warning("took_over", alarm=True)
                return

    async def _begin(self) -> None:
        """Work: as the one process that may."""
        await self.database.write(self.log.create)
        self._begun_at = now = self.clock.now()
        if await self.database.write(lambda session: received.open_run(session, now)):
            log.warning("unclean_stop_found")
            for subscription in self.subscriptions:
                subscription.be_careful()
        await self._check_epoch()
        await operations.after_change(self)
        for work in self._starts:
            await work()
        self._tasks += [asyncio.create_task(_kept_going(name, work), name=name) for name, work in self._work()]
        self.is_active = True

    def _is_ours(self, session: Session) -> bool:
        """Whether the last process that began to work on this database is this one."""
        return self._begun_at is None or self._begun_at in session.execute(select(received.run.c.begun_at)).scalars()

    async def _check_epoch(self) -> None:
        """Begin another epoch if the database looks like a copy that was put back."""
        url, now = self.database.url, self.clock.now()
        seen = {} if self._witness is None else await asyncio.to_thread(self._witness.read)
        found = await self.database.write(lambda session: epochs.check(session, self.log, url, seen, now))
        if found is not None:
            self.tell_epoch("start", found)
        await self._let_witness_look()

    async def begin_epoch(self, evidence: str, detail: str) -> None:
        """Begin another epoch while running; consumers ask whether they may go on."""
        now = self.clock.now()
        await self.database.write(lambda session: epochs.begin(session, self.log, evidence, detail, now))
        self.tell_epoch(evidence, detail)

    def tell_epoch(self, evidence: str, detail: str) -> None:
        """Let everybody know that the log is in another epoch."""
        epochs_begun.labels(self.name, evidence).inc()
        log.error("epoch_begun", alarm=True, evidence=evidence, detail=detail)

    async def _let_witness_look(self) -> bool:
        """Whether it could see."""
        if self._witness is not None:
            try:
                heads = await self.database.read(self.log.heads)
            except Unavailable:
                return False
            await asyncio.to_thread(self._witness.write, heads)
        return True

    async def _keep_witness(self) -> None:
        """Let it look after each commit, but not at each: what it misses within the second, others know."""
        while True:
            changed = self.commits.current()
            if await self._let_witness_look():
                await changed.wait()
            await asyncio.sleep(epochs.WITNESS_SECONDS)

    def _tell(self, loop: asyncio.AbstractEventLoop, told: Sequence[Appended]) -> None:
        """After a commit, on the writer's thread: wake whoever follows the log, if there may be anything new in it."""
        if self.log.changes != self._changes_told:
            self._changes_told = self.log.changes
            _call_soon(loop, partial(self._committed, told))

    def _committed(self, told: Sequence[Appended]) -> None:
        self.commits.announce()
        for relay in self._relays:
            relay.wake(told)

    def _work(self) -> list[tuple[str, Background]]:
        work: list[tuple[str, Background]] = [("bus", self._run_bus)]
        work += [("relay", partial(self._run_relay, relay)) for relay in self._relays]
        work += [(f"subscription-{each.source}", each.run) for each in self.subscriptions]
        work += [("witness", self._keep_witness)]
        work += [("background", background) for background in self._background]
        return work

    async def _run_bus(self) -> None:
        await self.bus.run(self._nudge_all)

    async def _run_relay(self, relay: Relay) -> None:
        await relay.run(await self.bus.client())

    def _nudge_all(self) -> None:
        for subscription in self.subscriptions:
            subscription.nudge()

    async def _close(self) -> None:
        self.stop()
        await _end(self._tasks)
        await self.bus.close()
        for client in self._feeds:
            await client.aclose()
        if self.is_active:
            try:
                await self.database.write(received.close_run)
            except Unavailable:
                log.warning("stopped_without_the_database")
            await self._let_witness_look()
        await asyncio.to_thread(self.database.close)
        log.info("service_stopped")

    async def database_answers(self) -> bool:
        """Whether the database answers a query."""
        answer: Any = await self.database.read(lambda session: session.execute(text("SELECT 1")).scalar())
        return bool(answer)


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # The loop closes before the writer's last commit is told.
        loop.call_soon_threadsafe(callback)


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* until they end: on Python 3.11 `asyncio.wait_for`, in the client of Redis, may swallow it once."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _kept_going(name: str, work: Background) -> None:
    """Run *work*, and again when it fails: a service whose relay or fold has silently died looks healthy and is not."""
    while True:
        try:
            await work()
        except Unavailable as problem:  # The database is gone for a while, which it tells itself: no bug.
            log.warning("background_work_waits", work=name, reason=problem.detail)
        except Exception as error:  # noqa: BLE001  # Whatever it is, it is told, and the work goes on.
            log.error("background_work_failed", alarm=True, work=name, error=repr(error)[:500])
        await asyncio.sleep(RESTART_SECONDS)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise SystemExit(f"cannot read {path.name} in the folder of keys: {error.strerror}") from error
