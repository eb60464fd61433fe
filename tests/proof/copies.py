"""Copies of a database taken and put back, as an operator would with the tools of the store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

Copy = bytes | dict[str, tuple[tuple[str, ...], bytes]]

_TABLES = (
    "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'"
    " GROUP BY c.relname"
)
_SEQUENCES = (
    "SELECT t.relname, a.attname, s.relname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND s.relkind = 'S'"
    " JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid"
)


def take(url: str) -> Copy:
    """A consistent copy of a database that may be in use."""
    if url.startswith("sqlite"):
        path = _path(url)
        draft = path.with_suffix(".copy")
        with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(draft)) as copy:
            live.backup(copy)
        content = draft.read_bytes()
        draft.unlink()
        return content
    tables = {}
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table, names in connection.execute(_TABLES).fetchall():
            with connection.cursor().copy(_copying(table, names, "TO STDOUT")) as rows:
                tables[table] = tuple(names), b"".join(bytes(block) for block in rows)
    return tables


def put_back(url: str, copy: Copy) -> None:
    """Put a copy in the place of the database, which nobody has open."""
    if isinstance(copy, bytes):
        path = _path(url)
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            name.unlink(missing_ok=True)
        draft = path.with_suffix(".restored")  # Another file: its number is another one, too.
        draft.write_bytes(copy)
        draft.rename(path)
        return
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # No checks between the tables.
        # To empty many small tables by TRUNCATE makes a new file of each, and of each of its indexes.
        emptying = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in copy]
        connection.execute(sql.SQL("; ").join(emptying))
        for table, (names, content) in copy.items():
            if content:
                with connection.cursor().copy(_copying(table, names, "FROM STDIN")) as rows:
                    rows.write(content)
        _set_sequences(connection)


def _set_sequences(connection: psycopg.Connection) -> None:
    largest = "setval({}, (SELECT coalesce(max({}), 0) + 1 FROM {}), false)"
    settings = [
        sql.SQL(largest).format(sql.Literal(sequence), sql.Identifier(column), sql.Identifier(table))
        for table, column, sequence in connection.execute(_SEQUENCES).fetchall()
    ]
    if settings:
        connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(settings)))


def _copying(table: str, names: tuple[str, ...], way: str) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    return sql.SQL("COPY {} ({}) ").format(sql.Identifier(table), columns) + sql.SQL(way)


def _path(url: str) -> Path:
    return Path(make_url(url).database or "")
