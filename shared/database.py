"""
One database per service: one writer with group commit, and readers beside it.

Every write of a service is a unit of work on the writer's thread, the only one that writes. Units that wait at the
same time share one durable commit, each in a savepoint of its own, so that a refused one leaves no trace and the
price of the disk's sync is paid once. SQLite runs in WAL mode with ``synchronous=FULL``: what is answered is on disk.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import URL, Connection, DateTime, Dialect, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session

from shared.problems import Unavailable

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 5_000
READERS: Final = 4
GROUP_MAX: Final = 128  # Units that share a commit; bounds what one failing sync can refuse.
WAITING_MAX: Final = 2_000  # Units waiting for the writer; beyond it callers are told to come back.
WRITER_LOCK: Final = 0x5C0BE  # PostgreSQL advisory lock: one write transaction at a time per database.

log = structlog.get_logger()


class Moment(TypeDecorator[datetime]):
    """A column for a moment with its zone, kept in UTC; SQLite itself knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(slots=True)
class _Unit:
    work: Callable[[Session], Any]
    done: "Future[Any]"
    undo: list[Callable[[], None]] = field(default_factory=list)

    def undone(self) -> None:
        for undo in self.undo:
            undo()
        self.undo.clear()


def on_undo(session: Session, undo: Callable[[], None]) -> None:
    """
    Call *undo* on the writer's thread if what *session* did is not committed: for caches in step with the data.

    A reader's session has nothing to undo.
    """
    session.info.get("undo", []).append(undo)


class Database:
    """A service's own database. Use `start` before and `close` after; both block."""

    def __init__(self, url: str, *metadata: MetaData) -> None:
        self.url = _driver_url(url)
        self._metadata = metadata
        self._listeners: list[Callable[[], None]] = []
        self._units: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._waiting = 0
        self._writer_engine: Engine | None = None
        self._reader_engine: Engine | None = None
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def start(self) -> None:
        """Open the database, make the tables that are missing, and start the writer."""
        self._writer_engine = _engine(self.url, read_only=False)
        for metadata in self._metadata:
            metadata.create_all(self._writer_engine)
        self._reader_engine = _engine(self.url, read_only=True)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._writer = threading.Thread(target=self._write_groups, name="writer", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Finish what waits, then close."""
        if self._writer is None or self._readers is None:
            return
        self._units.put(None)
        self._writer.join()
        self._readers.shutdown()
        # Readers first: the last connection to close checkpoints, and only the writer's may.
        assert self._reader_engine is not None
        assert self._writer_engine is not None
        self._reader_engine.dispose()
        self._writer_engine.dispose()
        self._writer = None

    def after_commit(self, listener: Callable[[], None]) -> None:
        """Call *listener* after each commit, on the writer's thread: it must not block."""
        self._listeners.append(listener)

    async def write(self, work: Callable[[Session], T]) -> T:
        """
        Run *work* in a durable transaction; when this returns, it is on disk.

        *work* runs on the writer's thread and must not commit. What it raises is raised here, and then nothing of
        it was stored.

        Raises:
            Unavailable: If the database refused (disk full, locked, gone) or too many units wait.
        """
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Callable[[Session], T]) -> "Future[T]":
        """As `write`, for callers without an event loop."""
        if self._waiting >= WAITING_MAX:
            raise Unavailable("too many writes are waiting", retry_after=1)
        self._waiting += 1
        done: Future[T] = Future()
        self._units.put(_Unit(work, done))
        return done

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run *work* on one consistent snapshot, beside the writer."""
        assert self._readers is not None
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[Session], T]) -> T:
        assert self._reader_engine is not None
        try:
            with Session(self._reader_engine) as session:
                return work(session)
        except DBAPIError as error:
            raise _unavailable(error) from error

    def _write_groups(self) -> None:
        while (group := self._next_group()) is not None:
            self._write_group(group)

    def _next_group(self) -> list[_Unit] | None:
        first = self._units.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP_MAX:
            try:
                unit = self._units.get_nowait()
            except queue.Empty:
                break
            if unit is None:  # Closing: finish this group, then find the end again.
                self._units.put(None)
                break
            group.append(unit)
        return group

    def _write_group(self, group: list[_Unit]) -> None:
        outcomes: list[tuple[_Unit, Any, BaseException | None]] = []
        try:
            assert self._writer_engine is not None
            with self._writer_engine.begin() as connection:
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
                outcomes.extend(_run(unit, connection) for unit in group)
        except Exception as error:  # noqa: BLE001  # Whatever broke the commit, nobody may be told it held.
            failure = _unavailable(error) if isinstance(error, DBAPIError) else error
            log.error("commit_failed", units=len(group), error=str(error)[:200])
            outcomes = [(unit, None, failure) for unit in group]
            for unit in group:
                unit.undone()
        self._settle(outcomes)

    def _settle(self, outcomes: list[tuple[_Unit, Any, BaseException | None]]) -> None:
        self._waiting -= len(outcomes)
        if any(error is None for _, _, error in outcomes):
            for listener in self._listeners:
                listener()
        for unit, value, error in outcomes:
            if not unit.done.set_running_or_notify_cancel():
                continue
            if error is None:
                unit.done.set_result(value)
            else:
                unit.done.set_exception(error)


def _run(unit: _Unit, connection: Connection) -> tuple[_Unit, Any, BaseException | None]:
    savepoint = connection.begin_nested()
    try:
        with Session(connection, join_transaction_mode="rollback_only", expire_on_commit=False) as session:
            session.info["undo"] = unit.undo
            value = unit.work(session)
            session.flush()
    except DBAPIError as error:
        if error.connection_invalidated or _is_fatal(error):
            raise
        savepoint.rollback()
        unit.undone()
        return unit, None, error
    except Exception as error:  # noqa: BLE001  # Carried to the caller, whose unit alone is undone.
        savepoint.rollback()
        unit.undone()
        return unit, None, error
    savepoint.commit()
    return unit, value, None


def _is_fatal(error: DBAPIError) -> bool:
    # SQLite rolls the whole transaction back by itself on these; the savepoint is gone with it.
    words = str(error.orig).lower()
    return any(word in words for word in ("disk", "full", "i/o", "locked", "malformed", "readonly"))


def _unavailable(error: DBAPIError) -> Unavailable:
    log.error("database_refused", error=str(error.orig)[:200])
    return Unavailable("the database cannot take this now; nothing was stored", retry_after=1)


def _driver_url(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL, *, read_only: bool) -> Engine:
    size = READERS if read_only else 1
    if url.get_backend_name() != "sqlite":
        level = "REPEATABLE READ" if read_only else "READ COMMITTED"
        return create_engine(
            url,
            pool_size=size,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level=level,
            hide_parameters=True,  # Errors get logged; what was to be stored may hold a payee's name.
        )
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _prepare_reader if read_only else _prepare_writer)
    # The driver's own transaction control is off: without IMMEDIATE a read that turns into a write can fail midway.
    event.listen(engine, "begin", _begin_read if read_only else _begin_write)
    return engine


def _prepare_writer(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _prepare_reader(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _begin_write(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
