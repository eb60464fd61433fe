"""Rows of any table as JSON and back: what one store wrote, the other reads."""

import base64
import json
import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from shared.migrations import VERSION_TABLE

CHUNK: Final = 1_000  # Rows that are in memory at once.
BYTES: Final = "base64:"


def tables_of(connection: Connection) -> list[sa.Table]:
    """Every table of a database but the one of its revision; those that others refer to come first."""
    metadata = sa.MetaData()
    with warnings.catch_warnings():  # Of an index of an expression, which SQLite does not tell; rows need none.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def read_rows(connection: Connection, table: sa.Table) -> Iterator[bytes]:
    """The rows of *table* as JSON lines, `CHUNK` of them at a time, in the order of the primary key."""
    query = sa.select(table).order_by(*table.primary_key.columns)
    result = connection.execution_options(stream_results=True, max_row_buffer=CHUNK).execute(query)
    for rows in result.mappings().partitions(CHUNK):
        lines = (json.dumps({name: _told(value) for name, value in row.items()}, ensure_ascii=False) for row in rows)
        yield ("\n".join(lines) + "\n").encode()


def write_rows(connection: Connection, table: sa.Table, lines: bytes) -> int:
    """
    Put rows back; returns how many.

    Raises:
        ValueError: If they are no rows of *table*.
    """
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines.decode().split("\n") if line]
    for row in rows:
        if unknown := row.keys() - set(table.columns.keys()):
            raise ValueError(f"the table {table.name} has no column {min(unknown)}")
    given = [{name: _meant(table.c[name].type, value, connection) for name, value in row.items()} for row in rows]
    if given:
        connection.execute(table.insert(), given)
    return len(given)


def go_on_counting(connection: Connection, table: sa.Table) -> None:
    """Let a number that PostgreSQL draws by itself go on behind the rows that were put back."""
    keys: Sequence[sa.Column[Any]] = list(table.primary_key.columns)
    if connection.dialect.name != "postgresql" or len(keys) != 1 or keys[0].server_default is None:
        return
    last = connection.execute(sa.select(sa.func.max(keys[0]))).scalar()
    if last is not None:
        connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, keys[0].name), last)))


def _told(value: Any) -> Any:
    match value:
        case bytes() | memoryview():
            return BYTES + base64.b64encode(bytes(value)).decode()
        case datetime():
            return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value


def _meant(kind: sa.types.TypeEngine[Any], value: Any, connection: Connection) -> Any:
    """A value as it was told, for a column of *kind*."""
    if value is None:
        return None
    match kind:
        case sa.LargeBinary():
            meant: Any = base64.b64decode(str(value).removeprefix(BYTES), validate=True)
        case sa.DateTime():
            moment = datetime.fromisoformat(value)
            meant = moment.replace(tzinfo=None) if connection.dialect.name == "sqlite" else moment
        case sa.Date():
            meant = date.fromisoformat(value)
        case sa.Boolean():
            meant = bool(value)
        case sa.Numeric() if not isinstance(kind, sa.Float):
            meant = Decimal(str(value))
        case _:
            meant = value
    return meant
