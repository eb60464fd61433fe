"""
Statements made ready once and run by the driver itself.

What an event or a request costs is mostly statements, and of a short statement nine tenths are SQLAlchemy's preparing
of it. A `Statement` is written in SQLAlchemy's language, so that it suits both stores, is compiled once for each, and
then costs what the driver costs. For whatever is not done for each event or request, the ordinary way is better.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlmodel import Session, SQLModel

DRIVER = "driver"  # Under which a session keeps the driver's connection it works on.

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as one store takes it."""

    sql: str
    names: tuple[str, ...] | None  # The order of the parameters; None where they are named.
    fixed: dict[str, Any]  # Parameters that the statement itself gives.
    given: tuple[tuple[str, _Convert], ...]  # Parameters that the driver does not take as they are.
    found: tuple[_Convert | None, ...] | None  # Columns that it does not return as they are; None if there are none.


class Statement:
    """One statement, run with the values of its `bindparam`s, or of the columns it inserts."""

    def __init__(self, statement: ClauseElement, *, columns: Sequence[str] | None = None) -> None:
        """
        Name the statement; it is compiled when a store first runs it.

        Args:
            statement: A select, insert, update or delete.
            columns: Of an insert, the columns that are given.
        """
        self._statement = statement
        self._columns = columns
        self._ready: dict[str, _Ready] = {}

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

    def _run(self, session: Session, values: dict[str, Any], outcome: _Convert) -> tuple[_Ready, Any]:
        """
        Run it behind whatever *session* has yet to write.

        Raises:
            DBAPIError: As SQLAlchemy would raise it.
        """
        session.flush()
        dialect = session.get_bind().dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _compiled(self._statement, self._columns, dialect)
        given = {**ready.fixed, **values}
        for name, convert in ready.given:
            given[name] = convert(given[name])
        parameters: Any = given if ready.names is None else [given[name] for name in ready.names]
        driver: Any = session.info.get(DRIVER)
        if driver is None:
            driver = session.info[DRIVER] = _connection(session).connection.dbapi_connection
        try:
            return ready, outcome(driver.execute(ready.sql, parameters))
        except dialect.loaded_dbapi.Error as error:
            raise _refused(_connection(session), ready.sql, error) from error


def _first(cursor: Any) -> Any:
    row = cursor.fetchone()
    cursor.close()
    return row


def _connection(session: Session) -> Connection:
    """A writer's connection as it is: asked for it, its session would begin a savepoint."""
    bind = session.get_bind()
    return bind if isinstance(bind, Connection) else session.connection()


def inserting(table: Table, *, but: Sequence[str] = ()) -> Statement:
    """A statement that inserts a row of *table*, each of its columns given *but* those that the store fills."""
    return Statement(table.insert(), columns=[column.name for column in table.columns if column.name not in but])


def table_of(row: type[SQLModel]) -> Table:
    """The table of a model."""
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


def fields_of(row: type[SQLModel], values: tuple[Any, ...]) -> dict[str, Any]:
    """The values of a row of a model's table, all columns in their order, by their names."""
    return dict(zip(row.model_fields, values, strict=True))


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """A part of *session*'s transaction that is undone alone if it raises; it may use ready statements only."""
    session.flush()
    connection = _connection(session)
    command(connection, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        command(connection, "ROLLBACK TO SAVEPOINT part")
        command(connection, "RELEASE SAVEPOINT part")
        raise
    command(connection, "RELEASE SAVEPOINT part")


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
        names=tuple(compiled.positiontup) if compiled.positional else None,
        fixed={name: value for name, value in compiled.params.items() if name not in inserted and value is not None},
        given=tuple((name, convert) for name, convert in given.items() if convert is not None),
        found=found if any(found) else None,
    )


def _converted(row: tuple[Any, ...], found: tuple[_Convert | None, ...]) -> tuple[Any, ...]:
    return tuple(value if convert is None else convert(value) for value, convert in zip(row, found, strict=True))


def _refused(connection: Connection, sql: str, error: Exception) -> BaseException:
    dialect = connection.dialect
    is_gone = dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]
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
