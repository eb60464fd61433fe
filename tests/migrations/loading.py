"""Puts the rows of a dump into a database of either store, as the program of that time left them."""

import base64
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shared.migrations.upgrading import upgrade
from shared.stores import driver_url, writer_engine
from tests.migrations.dumping import name_of
from tests.migrations.services import migrations_of

Rows = dict[str, list[dict[str, Any]]]


def dump_of(service: str, revision: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(name_of(service, revision).read_bytes()))
    return found


def load(url: str, service: str, revision: str) -> None:
    """Make the tables of *revision* in the empty database at *url*, and put the dump's rows into them."""
    engine = writer_engine(driver_url(url))
    with engine.connect() as connection:
        upgrade(connection, migrations_of(service).folder, revision)
        with connection.begin():
            for table, rows in _by_dependency(connection, dump_of(service, revision)["tables"]):
                _fill(connection, table, rows)


def _by_dependency(connection: Connection, tables: dict[str, Any]) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        if table.name in tables:
            columns = tables[table.name]["columns"]
            yield table, [dict(zip(columns, row, strict=True)) for row in tables[table.name]["rows"]]


def _fill(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    given = [{name: _value(table.c[name].type, value) for name, value in row.items()} for row in rows]
    connection.execute(table.insert(), given)
    key = next(iter(table.primary_key.columns))
    if connection.dialect.name == "postgresql" and isinstance(key.type, sa.Integer) and key.server_default is not None:
        last = max(row[key.name] for row in given)  # The sequence goes on where the dump ends.
        connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, key.name), last)))


def _value(kind: sa.types.TypeEngine[Any], value: Any) -> Any:
    """A value as SQLite kept it, for a column of *kind*."""
    match kind:
        case _ if value is None:
            return None
        case sa.LargeBinary():
            return base64.b64decode(value["bytes"])
        case sa.DateTime():
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if kind.timezone else moment
        case sa.Date():
            return date.fromisoformat(value)
        case sa.Boolean():
            return bool(value)
        case _:
            return value


def rows_in(url: str) -> Rows:
    """Every row of every table, in a form that is the same for both stores and orders of storing."""
    engine = writer_engine(driver_url(url))
    with engine.connect() as connection, connection.begin():
        metadata = sa.MetaData()
        metadata.reflect(connection)
        return {
            table.name: sorted(
                (
                    {name: _plain(value) for name, value in row._mapping.items()}
                    for row in connection.execute(table.select())
                ),
                key=_order,
            )
            for table in metadata.sorted_tables
            if table.name != "alembic_version"
        }


def _order(row: dict[str, Any]) -> str:
    return repr(sorted((name, value) for name, value in row.items() if not isinstance(value, bytes)))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return (value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)).isoformat()
        case memoryview():
            return bytes(value)
        case _:
            return value
