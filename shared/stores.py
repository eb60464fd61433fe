"""
How each store is opened: SQLite in a file, or PostgreSQL 14 or newer.

A connection of the writer promises that what it has committed is on disk; a reader's cannot write. On PostgreSQL every
wait has an end, so that neither a lost network nor a frozen process can hold the database: the server itself ends a
writer's session that has been silent for `SILENCE_MS`, and with it the session's claim.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from shared.statements import set_savepoints

READERS: Final = 4
GATHERED: Final = "gathered"  # Under which a writer's connection keeps what waits for its transaction's end.
BUSY_TIMEOUT_MS: Final = 5_000  # SQLite: for a lock that another process holds.
# SQLite: pages that the writer keeps, and pages in the log before they go into the file. An index over many projects
# touches a page for each event of a batch: with 2 MB and a thousand pages, the defaults, the same were written again
# and again, and taking in an event cost a half more with 300,000 behind it. An idle service uses neither.
CACHE_KIB: Final = 32_768
CHECKPOINT_PAGES: Final = 4_000

CONNECT_SECONDS: Final = 3  # PostgreSQL: for a connection to stand.
STATEMENT_MS: Final = 15_000  # PostgreSQL: for one statement, before it is cancelled.
LOCK_MS: Final = 5_000  # PostgreSQL: for a row or table that somebody else has locked.
SILENCE_MS: Final = 3_500  # PostgreSQL: the writer sends a beat each second, so this is a dead or frozen process.
IDLE_MS: Final = 10_000  # PostgreSQL: between two statements of a transaction.

_WRITER: Final[Mapping[str, str]] = {
    "statement_timeout": str(STATEMENT_MS),
    "lock_timeout": str(LOCK_MS),
    "idle_session_timeout": str(SILENCE_MS),
    "idle_in_transaction_session_timeout": str(IDLE_MS),
    "tcp_keepalives_idle": "1",  # The server's own probes: a host that lost its power sends no goodbye.
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
}
_READER: Final[Mapping[str, str]] = {
    "statement_timeout": str(STATEMENT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_MS),
    "default_transaction_read_only": "on",
    "timezone": "UTC",
}
_CONNECTING: Final[Mapping[str, object]] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,  # For bytes that nobody acknowledges; in milliseconds.
}
# SQLite has rolled the whole transaction back, or cannot be trusted with the rest of it: primary result codes BUSY,
# LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
_SQLITE_FATAL: Final = frozenset({5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26})
# Classes of PostgreSQL's errors that are not the statement's own fault: connection, transaction state, rollback,
# resources, operator, system, internal.
_POSTGRESQL_FATAL: Final = ("08", "25P", "40", "53", "57P", "58", "F0", "XX")
_LOCK_NOT_AVAILABLE: Final = "55P03"
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})  # Serialization, deadlock. A lock was waited for long enough.

log = structlog.get_logger()


def driver_url(url: str) -> URL:
    """The address of a store with the driver we use for it."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def is_sqlite(url: URL) -> bool:
    """Whether the store is a file of SQLite's."""
    return url.get_backend_name() == "sqlite"


def writer_engine(url: URL) -> Engine:
    """
    Opens the writer's connections: each is made when asked for and gone when closed, so that none comes back.

    Whatever runs on one by way of SQLAlchemy finds written what has been gathered.
    """
    if is_sqlite(url):
        engine = _sqlite(url, _prepare_sqlite_writer, "BEGIN IMMEDIATE", poolclass=NullPool)
    else:
        engine = _postgresql(url, "READ COMMITTED", _WRITER, poolclass=NullPool)
    event.listen(engine, "before_cursor_execute", _write_gathered)
    return engine


def _write_gathered(connection: Connection, *_: Any) -> None:
    gathered = connection.info.get(GATHERED)
    if gathered is not None:
        gathered.forget_all()
        set_savepoints(gathered)
        gathered.write()


def reader_engine(url: URL) -> Engine:
    """Opens the readers' connections: each transaction is one snapshot, and writes are refused."""
    pool: dict[str, Any] = {"pool_size": READERS, "max_overflow": 0}
    if is_sqlite(url):
        return _sqlite(url, _prepare_sqlite_reader, "BEGIN", **pool)
    return _postgresql(url, "REPEATABLE READ", _READER, pool_pre_ping=True, **pool)


def _postgresql(url: URL, isolation: Any, settings: Mapping[str, str], **pool: Any) -> Engine:
    given = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    # Errors get logged; what was to be stored may hold a payee's name: parameters stay hidden.
    engine = create_engine(url, isolation_level=isolation, hide_parameters=True, connect_args=given, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT " + ", ".join(["set_config(%s, %s, false)"] * len(settings)),
                [word for setting in settings.items() for word in setting],
            )
        connection.autocommit = False

    return engine


def _sqlite(url: URL, prepare: Any, begin: str, **pool: Any) -> Engine:
    waiting = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    engine = create_engine(url, hide_parameters=True, connect_args=waiting, **pool)
    event.listen(engine, "connect", prepare)
    # The driver's own transaction control is off: without IMMEDIATE a read that turns into a write can fail midway.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare_sqlite_writer(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")


def _prepare_sqlite_reader(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def durability(connection: Connection) -> dict[str, str]:
    """
    What the writer's *connection* rests on: the store's version and the settings that make a commit durable.

    ``synchronous_commit=off`` would answer before anything is on disk: it is switched on for the writer, whatever the
    server's default. ``fsync=off`` cannot be mended from here. Both raise an alarm.
    """
    if connection.dialect.name == "sqlite":
        names = {"0": "off", "1": "normal", "2": "full", "3": "extra"}
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        return {
            "version": f"SQLite {version}",
            "synchronous": names.get(str(level), str(level)),
            "journal_mode": str(journal),
        }
    found = {"version": f"PostgreSQL {_show(connection, 'server_version')}"}
    if _show(connection, "synchronous_commit") == "off":
        log.warning("synchronous_commit_was_off", alarm=True)
        connection.exec_driver_sql("SET SESSION synchronous_commit = on")
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        found[name] = _show(connection, name)
        if found[name] == "off":
            log.error("store_is_not_durable", alarm=True, setting=name)
    return found


def _show(connection: Connection, name: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())


def is_fatal(error: DBAPIError) -> bool:
    """Whether *error* ends the whole transaction, not only the unit that met it."""
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return (code & 0xFF) in _SQLITE_FATAL
    state = _state(error)
    return state.startswith(_POSTGRESQL_FATAL) or state == _LOCK_NOT_AVAILABLE


def may_succeed_again(error: DBAPIError) -> bool:
    """Whether the same transaction may go through if it is simply run again."""
    return _state(error) in _TRY_AGAIN


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
