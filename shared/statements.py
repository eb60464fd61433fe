"""
Statements made ready once and run by the driver itself.

What an event or a request costs is mostly statements, and of a short statement nine tenths are SQLAlchemy's preparing
of it. A `Statement` is written in SQLAlchemy's language, so that it suits both stores, is compiled once for each, and
then costs what the driver costs. For whatever is not done for each event or request, the ordinary way is better.
"""

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Dialect, Table, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlmodel import Session, SQLModel

from shared.gathering import Gathered

_STORE: Final = "store"  # Under which a session keeps what its statements are run by.
STATEMENT_ROWS: Final = (500, 100, 20, 5, 1)  # Inserted by one statement of SQLite's; few sizes, so that they are kept.
AMONG: Final = 50  # Values sought at once.
PIPELINE_OFF: Final = 0  # As libpq numbers it.

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Store:
    """What the statements of a session are run by."""

    driver: Any  # Its connection.
    dialect: Dialect
    gathered: Gathered | None  # A reader gathers nothing.


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as one store takes it."""

    sql: str
    place: Callable[[dict[str, Any]], Any]  # Parameters as the driver takes them.
    fixed: dict[str, Any]  # Parameters that the statement itself gives.
    words: frozenset[str]  # Whatever it names, tables among them.
    given: tuple[tuple[str, _Convert], ...]  # Parameters that the driver does not take as they are.
    found: tuple[_Convert | None, ...] | None  # Columns that it does not return as they are; None if there are none.

    def parameters(self, values: dict[str, Any]) -> Any:
        """Those of one run; *values* are changed."""
        for name, convert in self.given:
            values[name] = convert(values[name])
        return self.place(values)


class Statement:
    """One statement, run with the values of its `bindparam`s, or of the columns it inserts."""

    def __init__(
        self, statement: ClauseElement, *, columns: Sequence[str] | None = None, ignores_gathered: bool = False
    ) -> None:
        """
        Name the statement; it is compiled when a store first runs it.

        Args:
            statement: A select, insert, update or delete.
            columns: Of an insert, the columns that are given.
            ignores_gathered: Whether it may be run before what is gathered is written.
        """
        self._statement = statement
        self._columns = columns
        self._ignores_gathered = ignores_gathered
        self._ready: dict[str, _Ready] = {}
        self.table: str = getattr(getattr(statement, "table", None), "name", "")  # What it changes, if anything.

    def rows(self, session: Session, **values: Any) -> list[tuple[Any, ...]]:
        """Run it in *session*'s transaction and return every row that it finds."""
        ready, found = self._run(session, values, lambda cursor: cursor.fetchall())
        return found if ready.found is None else [_converted(row, ready.found) for row in found]

    def first(self, session: Session, **values: Any) -> tuple[Any, ...] | None:
        """Run it in *session*'s transaction and return the first row that it finds, if any."""
        ready, row = self._run(session, values, _first)
        return row if row is None or ready.found is None else _converted(row, ready.found)

    def run(self, session: Session, **values: Any) -> int:
        """Run it in *session*'s transaction and return how many rows it changed."""
        _, changed = self._run(session, values, lambda cursor: cursor.rowcount)
        return int(changed)

    def run_many(self, session: Session, rows: Sequence[dict[str, Any]]) -> None:
        """Run it in *session*'s transaction for each of *rows*."""
        session.flush()
        gathered = gathered_of(session)
        if gathered is None:
            for row in rows:
                self.run(session, **row)
        elif rows:
            gathered.write_for(frozenset((self.table,)))
            self.run_for(gathered, rows)

    def later(self, session: Session, **values: Any) -> None:
        """Run it at the end of the transaction that *session* shares with others; see `Gathered`."""
        gathered = gathered_of(session)
        if gathered is None:
            self.run(session, **values)
        else:
            gathered.add(self, values)

    def last(self, session: Session, key: Hashable, **values: Any) -> None:
        """As `later`, in place of what was to be written under *key*."""
        gathered = gathered_of(session)
        if gathered is None:
            self.run(session, **values)
        else:
            gathered.replace(self, key, values)

    def pending(self, session: Session, key: Hashable) -> dict[str, Any] | None:
        """The values that are to be written under *key*, if any."""
        gathered = gathered_of(session)
        return None if gathered is None else gathered.last(self, key)

    def _run(self, session: Session, values: dict[str, Any], outcome: _Convert) -> tuple[_Ready, Any]:
        """
        Run it behind whatever *session* has yet to write.

        Raises:
            DBAPIError: As SQLAlchemy would raise it.
        """
        session.flush()
        store = _store_of(session)
        ready = self._ready.get(store.dialect.name) or self._made_ready(store.dialect)
        if store.gathered is not None and not self._ignores_gathered:
            store.gathered.write_for(ready.words)
        if store.gathered is not None and self.table:
            before_change(store.gathered, self.table)
        parameters = ready.parameters({**ready.fixed, **values})
        try:
            return ready, outcome(store.driver.execute(ready.sql, parameters))
        except store.dialect.loaded_dbapi.Error as error:
            raise _refused(connection_of(session), ready.sql, error) from error

    def run_for(self, gathered: Gathered, rows: Sequence[dict[str, Any]]) -> None:
        """
        Run it for each of *rows* on the connection of *gathered*.

        Raises:
            DBAPIError: As SQLAlchemy would raise it.
        """
        before_change(gathered, self.table)
        connection: Connection = gathered.connection
        driver: Any = connection.connection.dbapi_connection
        dialect = connection.dialect
        ready = self._ready.get(dialect.name) or self._made_ready(dialect)
        parameters = [ready.parameters({**ready.fixed, **row}) for row in rows]
        try:
            if self._columns is not None and dialect.name == "sqlite":
                insert_rows(driver.execute, ready.sql, parameters)
            else:
                driver.cursor().executemany(ready.sql, parameters)
        except dialect.loaded_dbapi.Error as error:
            raise _refused(connection, ready.sql, error) from error

    def _made_ready(self, dialect: Dialect) -> _Ready:
        ready = self._ready[dialect.name] = _compiled(self._statement, self._columns, dialect)
        return ready


def insert_rows(execute: Callable[[str, Any], object], sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """
    Insert *rows* into SQLite by as few statements as may be; *sql* inserts one, and *execute* runs what comes of it.

    Not by ``executemany``: it lets other threads in at each row, and has to wait until it may go on.
    """
    head, values = sql.split(" VALUES ")
    start = 0
    for size in STATEMENT_ROWS:
        while len(rows) - start >= size:
            given = tuple(chain.from_iterable(rows[start : start + size]))
            execute(f"{head} VALUES {', '.join([values] * size)}", given)
            start += size


def gathered_of(session: Session) -> Gathered | None:
    """What the transaction of *session* has gathered and found; None for a reader's."""
    return _store_of(session).gathered


def tell(session: Session, what: Any) -> None:
    """Tell *what* to those who listen to commits, once the transaction of *session* is committed."""
    gathered = gathered_of(session)
    if gathered is not None:
        gathered.tell(what)


def _store_of(session: Session) -> _Store:
    store: _Store | None = session.info.get(_STORE)
    return _read_by(session) if store is None else store


def _read_by(session: Session) -> _Store:
    connection = connection_of(session)
    store = session.info[_STORE] = _Store(connection.connection.dbapi_connection, connection.dialect, None)
    return store


def work_on(session: Session, connection: Connection, gathered: Gathered) -> None:
    """Say what the statements of a writer's *session* are run by."""
    session.info[_STORE] = _Store(connection.connection.dbapi_connection, connection.dialect, gathered)


def _first(cursor: Any) -> Any:
    row = cursor.fetchone()
    cursor.close()
    return row


def connection_of(session: Session) -> Connection:
    """A writer's connection as it is: asked for it, its session would begin a savepoint."""
    bind = session.get_bind()
    return bind if isinstance(bind, Connection) else session.connection()


def inserting(table: Table, *, but: Sequence[str] = ()) -> Statement:
    """A statement that inserts a row of *table*, each of its columns given *but* those that the store fills."""
    return Statement(table.insert(), columns=[column.name for column in table.columns if column.name not in but])


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """That *column* is one of some values; see `rows_among`."""
    return column.in_([bindparam(f"among_{place}") for place in range(AMONG)])


def rows_among(statement: Statement, session: Session, sought: Collection[Any], **values: Any) -> Iterator[Any]:
    """The rows that a statement with `among` finds of *sought*, however many these are."""
    rest = list(sought)
    while rest:
        part, rest = rest[:AMONG], rest[AMONG:]
        part += part[-1:] * (AMONG - len(part))
        yield from statement.rows(session, **{f"among_{place}": each for place, each in enumerate(part)}, **values)


def table_of(row: type[SQLModel]) -> Table:
    """The table of a model."""
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


def fields_of(row: type[SQLModel], values: tuple[Any, ...]) -> dict[str, Any]:
    """The values of a row of a model's table, all columns in their order, by their names."""
    return dict(zip(row.model_fields, values, strict=True))


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """
    A part of *session*'s transaction that is undone alone if it raises; it may use ready statements only.

    SQLite hears of it at the first change within it: of a part that only gathers it hears nothing.
    """
    session.flush()
    shared = gathered_of(session)
    gathered = shared or Gathered(connection_of(session))
    mark = begin_part(gathered, "part")
    if shared is None:
        set_savepoints(gathered)
    try:
        yield
    except BaseException:
        undo_part(gathered, "part", mark)
        raise
    end_part(gathered, "part")


def begin_part(gathered: Gathered, name: str) -> int:
    """Begin what may be undone alone; returns the mark to undo it to."""
    gathered.to_begin.append(name)
    if gathered.connection.dialect.name != "sqlite":  # There a statement that only reads and fails ends it all, too.
        set_savepoints(gathered)
    return gathered.mark()


def end_part(gathered: Gathered, name: str) -> None:
    """Keep what was done since *name* began."""
    if name in gathered.to_begin:
        gathered.to_begin.remove(name)
    else:
        command(gathered.connection, f"RELEASE SAVEPOINT {name}")


def undo_part(gathered: Gathered, name: str, mark: int) -> None:
    """Undo what was done since *name* began."""
    if name in gathered.to_begin:
        gathered.to_begin.remove(name)
    else:
        command(gathered.connection, f"ROLLBACK TO SAVEPOINT {name}")
        command(gathered.connection, f"RELEASE SAVEPOINT {name}")
    gathered.undo(mark)


def set_savepoints(gathered: Gathered) -> None:
    """Set those that were put off."""
    while gathered.to_begin:
        command(gathered.connection, f"SAVEPOINT {gathered.to_begin.pop(0)}")


def before_change(gathered: Gathered, table: str) -> None:
    """Make ready for a change of *table*'s rows."""
    gathered.forget_table(table)
    set_savepoints(gathered)


def command(connection: Connection, sql: str) -> None:
    """
    Run a command without parameters, such as a savepoint.

    Raises:
        DBAPIError: As SQLAlchemy would raise it.
    """
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute(sql)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _refused(connection, sql, error) from error


def _compiled(statement: ClauseElement, columns: Sequence[str] | None, dialect: Dialect) -> _Ready:
    compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
    inserted = set(columns or ())
    given = {name: bound.type.dialect_impl(dialect).bind_processor(dialect) for name, bound in compiled.binds.items()}
    found = tuple(
        column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in getattr(statement, "selected_columns", ())
    )
    return _Ready(
        sql=str(compiled),
        words=frozenset(re.findall(r"\w+", str(compiled))),
        place=_in_order(compiled.positiontup) if compiled.positional else _as_named,
        fixed={name: value for name, value in compiled.params.items() if name not in inserted and value is not None},
        given=tuple((name, convert) for name, convert in given.items() if convert is not None),
        found=found if any(found) else None,
    )


def _in_order(names: Sequence[str]) -> Callable[[dict[str, Any]], Any]:
    if len(names) > 1:
        return itemgetter(*names)  # A tuple.
    return lambda values: [values[name] for name in names]


def _as_named(values: dict[str, Any]) -> dict[str, Any]:
    return values


def _converted(row: tuple[Any, ...], found: tuple[_Convert | None, ...]) -> tuple[Any, ...]:
    return tuple(value if convert is None else convert(value) for value, convert in zip(row, found, strict=True))


def _refused(connection: Connection, sql: str, error: Exception) -> BaseException:
    dialect = connection.dialect
    driver = connection.connection
    is_gone = dialect.is_disconnect(error, driver, None) or _is_stuck(driver.dbapi_connection)  # type: ignore[arg-type]
    if is_gone:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_gone,
        dialect=dialect,
    )


def _is_stuck(driver: Any) -> bool:
    """
    Whether psycopg stands amid statements that it sent together, as when the server ends the session just there.

    It may not have been told yet that the connection is gone, and refuses to roll back.
    """
    handle = getattr(driver, "pgconn", None)
    return handle is not None and handle.pipeline_status != PIPELINE_OFF
