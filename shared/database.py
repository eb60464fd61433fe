"""
One database per service: one writer with group commit, and readers beside it.

Every write of a service is a unit of work on the writer's thread, the only one that writes. Units that wait at the
same time share one durable commit, each in a savepoint of its own, so that a refused one leaves no trace and the
price of the disk's sync is paid once. What is answered is on disk: SQLite runs in WAL mode with ``synchronous=FULL``,
PostgreSQL with ``synchronous_commit``.

The writer writes only while it holds the claim to the database (`shared.claim`); without it this process stands by.
"""

import asyncio
import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Literal, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared.arrivals import Arrivals
from shared.claim import claim_to
from shared.lookups import Expected
from shared.problems import Unavailable
from shared.stores import (
    READERS,
    driver_url,
    durability,
    is_sqlite,
    may_succeed_again,
    reader_engine,
    writer_engine,
)
from shared.units import Outcome, Transaction, Unit, Units

T = TypeVar("T")
Role = Literal["active", "standby", "cut off"]

GROUP_MAX: Final = 128  # Units that share a commit; bounds what one failing sync can refuse.
WAITING_MAX: Final = 2_000  # Units waiting for the writer; beyond it callers are told to come back.
ATTEMPTS_MAX: Final = 5  # At one group, before its units are told to come back.
PAUSE_SECONDS: Final = 0.02  # Before the second attempt; doubled for each further one, and spread by chance.
BEAT_SECONDS: Final = 1.0  # Between signs of life on a silent connection; see `SILENCE_MS`.
LOOK_SECONDS: Final = 0.5  # Between attempts to take the claim, or to reach a database that is gone.

log = structlog.get_logger()


class Schema(Protocol):
    """What brings a database to the present schema."""

    def prepare(self, connection: Connection) -> None:
        """
        Make or change tables as needed; called with the claim held.

        Raises:
            SchemaTooNew: If a later version of the program has been here.
        """
        ...


class Tables:
    """The schema of tests and of whatever has no history: tables that are missing are made."""

    def __init__(self, *metadata: MetaData) -> None:
        self._metadata = metadata

    def prepare(self, connection: Connection) -> None:
        with connection.begin():
            for metadata in self._metadata:
                metadata.create_all(connection)


class SchemaTooNew(Exception):
    """A later version of the program has changed the database; this one would misread it."""


class Deposed(Exception):
    """Another process has written since we did: what this one keeps in memory is no longer true."""


class Database:
    """A service's own database. Use `start` before and `close` after; both block."""

    def __init__(self, url: str, *metadata: MetaData, schema: Schema | None = None) -> None:
        """
        Wire a database; nothing is opened yet.

        Args:
            url: ``sqlite:////path`` or ``postgresql://…``.
            metadata: Tables to make where they are missing, if there is no *schema*.
            schema: What brings the database to the present schema.
        """
        self.url = driver_url(url)
        self.durability: dict[str, str] = {}  # The store's version and settings, known once it was opened.
        self._schema = schema or Tables(*metadata)
        self._listeners: list[Callable[[Sequence[Any]], None]] = []
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._arrivals: Arrivals[Unit] | None = None
        self._waiting = 0
        self._claim = claim_to(self.url)
        self._role: Role = "standby"
        self._claimed: Future[None] = Future()
        self._is_ours: Callable[[Session], bool] = lambda _: True
        self._deposed: Callable[[], None] = lambda: None
        self._connection: Connection | None = None
        self._writer_engine: Engine | None = None
        self._reader_engine: Engine | None = None
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None

    @property
    def is_sqlite(self) -> bool:
        return is_sqlite(self.url)

    @property
    def role(self) -> Role:
        """
        ``active``: this process writes. ``standby``: another one does, or none could be found out yet.

        ``cut off``: this process wrote until it lost the database, and will again if nobody else has by then.
        """
        return self._role

    def start(self) -> None:
        """
        Open the database, bring its schema up to date, and start the writer; or stand by if another process has it.

        Raises:
            SchemaTooNew: If a later version of the program has changed the database.
        """
        self._reader_engine = reader_engine(self.url)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._writer_engine = writer_engine(self.url)
        try:
            self._take()
        except Exception as error:
            # A file that cannot be opened does not mend itself; a server may come.
            if self.is_sqlite or not isinstance(error, DBAPIError):
                self._claim.release()
                raise
            log.error("database_unreachable", alarm=True, error=str(error.orig)[:200])
        self._writer = threading.Thread(target=self._write_on, name="writer", daemon=True)
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
        self._reader_engine.dispose()
        self._drop()
        self._claim.release()
        self._writer = None

    async def claimed(self) -> None:
        """
        Wait until this process has the claim and the schema is up to date.

        Raises:
            SchemaTooNew: If it turns out that a later version of the program has changed the database.
        """
        await asyncio.shield(asyncio.wrap_future(self._claimed))

    def guard(self, is_ours: Callable[[Session], bool], deposed: Callable[[], None]) -> None:
        """
        Say how to know, when a lost database is back, that no other process has written in between.

        *is_ours* asks it of a session of the writer's. If it says no, *deposed* is called on the writer's thread, and
        this process writes no more.
        """
        self._is_ours, self._deposed = is_ours, deposed

    def after_commit(self, listener: Callable[[Sequence[Any]], None]) -> None:
        """
        Call *listener* after each commit, on the writer's thread: it must not block.

        It is given what the units that were committed had to tell, in order; see `shared.statements.tell`.
        """
        self._listeners.append(listener)

    async def write(self, work: Callable[[Session], T], expects: Expected = ()) -> T:
        """
        Run *work* in a durable transaction; when this returns, it is on disk.

        *work* runs on the writer's thread and must not commit. What it raises is raised here, and then nothing of
        it was stored. It may be run again from its beginning if its transaction fell to another's. What it *expects*
        to look up is looked up together with what others do, for which it may be held back a little; see `Arrivals`.

        Raises:
            Unavailable: If the database refused (disk full, locked, gone), if another process is the active one, or
                if too many units wait.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        unit = Unit(work, done, expects)
        if expects:
            self._admit()
            self._arrivals_on(loop).add(unit)
        else:
            self._put(unit)
        return await done

    def submit(self, work: Callable[[Session], T], expects: Expected = ()) -> "Future[T]":
        """As `write`, for callers without an event loop; nothing is held back."""
        done: Future[T] = Future()
        self._put(Unit(work, done, expects))
        return done

    def _arrivals_on(self, loop: asyncio.AbstractEventLoop) -> Arrivals[Unit]:
        if self._arrivals is None or self._arrivals.loop is not loop:
            self._arrivals = Arrivals(loop, GROUP_MAX, self._units.put)
        return self._arrivals

    def _put(self, unit: Unit) -> None:
        self._admit()
        self._units.put(unit)

    def _admit(self) -> None:
        if self._role != "active":
            raise self._refusal()
        if self._waiting >= WAITING_MAX:
            raise Unavailable("too many writes are waiting", retry_after=1)
        self._waiting += 1

    def _refusal(self) -> Unavailable:
        if self._role == "standby":
            return Unavailable("this process stands by: another one is active; nothing was stored", retry_after=1)
        return Unavailable("the database is not reachable; nothing was stored", retry_after=1)

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

    def _take(self) -> bool:
        """Connect and take the claim; False while another process has it. A connection without it is kept to ask on."""
        if self._connection is None:
            assert self._writer_engine is not None
            # A file's claim needs no connection, and two processes that open a new file at once would meet in it.
            if self.is_sqlite and not self._claim.take(None):
                return False
            self._connection = self._writer_engine.connect()
        try:
            if not self._claim.take(self._connection):
                self._expect_ours(self._connection)
                return False
            with self._connection.begin():
                self.durability = durability(self._connection)
            self._open(self._connection)
        except BaseException:
            self._drop()
            raise
        self._role = "active"
        return True

    def _open(self, connection: Connection) -> None:
        if not self._claimed.done():
            self._schema.prepare(connection)
            self._claimed.set_result(None)
        else:
            self._expect_ours(connection)

    def _expect_ours(self, connection: Connection) -> None:
        """Once this process has written: find out whether another one has since, and if so, stop for good."""
        if self._claimed.done():
            with Session(connection) as session:
                if not self._is_ours(session):
                    raise Deposed

    def _drop(self) -> None:
        """Let the writer's connection go, and with it, on PostgreSQL, the claim."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._role == "active" and not self.is_sqlite:
            self._role = "cut off"

    def _roll_back(self) -> None:
        """End a transaction whose commit failed: SQLAlchemy takes it for ended, the store may not."""
        if self._connection is None:
            return
        if self.is_sqlite:  # Cheap to open again, and an I/O error may have left it in no good state.
            self._drop()
            return
        try:
            self._connection.connection.rollback()
        except Exception as error:  # noqa: BLE001  # Then it is no good.
            log.warning("connection_lost", error=str(error)[:200])
            self._drop()

    def _write_on(self) -> None:
        try:
            self._write_to_the_end()
        except Exception:
            # A defect of ours. Nobody may wait for a writer that is gone, and what is kept in memory may be untrue.
            log.exception("writer_failed", alarm=True)
            self._role = "cut off"
            self._deposed()
            self._refuse_to_the_end()

    def _write_to_the_end(self) -> None:
        while True:
            if self._role == "active":
                group = self._next_group()
                if group is None:
                    return
                if group:
                    self._write_group(group)
                else:
                    self._beat()
            elif not self._look():
                return

    def _look(self) -> bool:
        """Try to take the claim, and refuse what waits until it is had; False at the end."""
        try:
            if self._take():
                log.info("claim_taken")
                return True
        except DBAPIError as error:
            log.warning("database_unreachable", error=str(error.orig)[:200])
        except SchemaTooNew as error:
            self._claimed.set_exception(error)
            return self._refuse_to_the_end()
        except Deposed:
            log.error("deposed", alarm=True)
            self._deposed()
            return self._refuse_to_the_end()
        return self._refuse_for(LOOK_SECONDS)

    def _refuse_to_the_end(self) -> bool:
        while self._refuse_for(LOOK_SECONDS):
            pass
        return False

    def _refuse_for(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                unit = self._units.get(timeout=left)
            except queue.Empty:
                return True
            if unit is None:
                return False
            self._settle([(unit, None, self._refusal())])
        return True

    def _beat(self) -> None:
        """Show the server that this process lives, and find out whether it does."""
        assert self._connection is not None
        try:
            with self._connection.begin():
                self._connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            log.warning("connection_lost", error=str(error.orig)[:200])
            self._drop()

    def _next_group(self) -> list[Unit] | None:
        """What waits, at least one unit; nothing if a beat is due; None at the end."""
        try:
            first = self._units.get(timeout=None if self.is_sqlite else BEAT_SECONDS)
        except queue.Empty:
            return []
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

    def _write_group(self, group: list[Unit]) -> None:
        try:
            outcomes, told = self._outcomes_of(group)
        except Exception as error:
            self._settle([(unit, None, error) for unit in group])
            raise
        self._settle(outcomes, told)

    def _outcomes_of(self, group: list[Unit]) -> tuple[list[Outcome], list[Any]]:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            transaction = Transaction()
            try:
                self._commit(group, transaction)
            except Exception as error:  # noqa: BLE001  # Whatever broke the commit, nobody may be told it held.
                if self._has_committed(transaction, error):
                    return transaction.outcomes, transaction.told
                for unit in group:
                    unit.undone()
                if attempt < ATTEMPTS_MAX and self._may_try_again(transaction, error):
                    time.sleep(PAUSE_SECONDS * 2**attempt * random.random())
                    continue
                log.error("commit_failed", units=len(group), attempts=attempt, error=str(error)[:200])
                failure = _unavailable(error, transaction) if isinstance(error, DBAPIError) else error
                return [(unit, None, failure) for unit in group], []
            else:
                return transaction.outcomes, transaction.told
        raise AssertionError("the last attempt returns")

    def _commit(self, group: list[Unit], transaction: Transaction) -> None:
        if self._connection is None and not self._take():
            raise self._refusal()
        assert self._connection is not None
        units = Units(self._connection)
        try:
            with self._connection.begin():
                if not self.is_sqlite:
                    transaction.id = str(self._connection.execute(text("SELECT pg_current_xact_id()")).scalar_one())
                units.look_up(group)
                for unit in group:
                    transaction.outcomes.append(units.run(unit))
                units.gathered.write()
                transaction.is_ending = True
        finally:
            transaction.told = units.gathered.told
            units.gathered.end()

    def _has_committed(self, transaction: Transaction, error: Exception) -> bool:
        """
        After a failure: whether the transaction was committed all the same; drops a connection that is no good.

        If the connection broke in the middle of the commit, only the server knows. Once we hold the claim again the old
        session is over, so its answer is final.
        """
        if not isinstance(error, DBAPIError) or not error.connection_invalidated:
            self._roll_back()
            return False
        self._drop()
        if not transaction.is_ending or transaction.id is None:
            return False
        transaction.is_known = False
        if not self._regain():
            return False
        assert self._connection is not None
        try:
            with self._connection.begin():
                status = self._connection.execute(
                    text("SELECT pg_xact_status(CAST(:id AS xid8))"), {"id": transaction.id}
                ).scalar_one()
        except DBAPIError:
            self._drop()
            return False
        transaction.is_known = True
        return bool(status == "committed")

    def _may_try_again(self, transaction: Transaction, error: Exception) -> bool:
        if not isinstance(error, DBAPIError) or not transaction.is_known:
            return False
        return self._regain() if error.connection_invalidated else may_succeed_again(error)

    def _regain(self) -> bool:
        """Try once to have the connection and the claim back, so that a short break is not even noticed."""
        if self._connection is not None and self._role == "active":
            return True
        try:
            return self._take()
        except (DBAPIError, Deposed, SchemaTooNew):  # Found again, and said, by `_look`.
            return False

    def _settle(self, outcomes: list[Outcome], told: Sequence[Any] = ()) -> None:
        self._waiting -= len(outcomes)
        if any(error is None for _, _, error in outcomes):
            for listener in self._listeners:
                listener(told)
        awaited: dict[asyncio.AbstractEventLoop, list[_Told]] = {}
        for unit, value, error in outcomes:
            if isinstance(unit.done, asyncio.Future):
                awaited.setdefault(unit.done.get_loop(), []).append((unit.done, value, error))
            elif unit.done.set_running_or_notify_cancel():
                _tell([(unit.done, value, error)])
        for loop, waiting in awaited.items():  # Each loop is woken once, however many wait.
            with contextlib.suppress(RuntimeError):  # It is closed: nobody waits any more.
                loop.call_soon_threadsafe(_tell, waiting)


_Told = tuple["Future[Any] | asyncio.Future[Any]", Any, BaseException | None]


def _tell(told: Iterable[_Told]) -> None:
    for done, value, error in told:
        if done.done():  # Who waited was cancelled.
            continue
        if error is None:
            done.set_result(value)
        else:
            done.set_exception(error)


def _unavailable(error: DBAPIError, transaction: Transaction | None = None) -> Unavailable:
    log.error("database_refused", error=str(error.orig)[:200])
    if transaction is not None and not transaction.is_known:
        return Unavailable(
            "the database was lost during the commit, and whether it was stored is not known; send the same request "
            "with the same Idempotency-Key again",
            retry_after=1,
        )
    return Unavailable("the database cannot take this now; nothing was stored", retry_after=1)
