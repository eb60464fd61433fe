"""Copies of a database taken and put back, as an operator would with the tools of the store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

Copy = bytes | dict[str, tuple[tuple[str, ...], bytes]]

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
    " ORDER BY ordinal_position"
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
        for (table,) in connection.execute(_TABLES).fetchall():
            names = tuple(name for (name,) in connection.execute(_COLUMNS, [table]))
            with connection.cursor().copy(_copying(table, names, "TO STDOUT")) as rows:
                tables[table] = names, b"".join(bytes(block) for block in rows)
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
        listed = sql.SQL(", ").join(map(sql.Identifier, copy))
        connection.execute(sql.SQL("TRUNCATE {}").format(listed))
        for table, (names, content) in copy.items():
            with connection.cursor().copy(_copying(table, names, "FROM STDIN")) as rows:
                rows.write(content)
        for table, column, sequence in connection.execute(_SEQUENCES).fetchall():
            largest = sql.SQL("SELECT setval({}, (SELECT coalesce(max({}), 0) + 1 FROM {}), false)")
            connection.execute(largest.format(sql.Literal(sequence), sql.Identifier(column), sql.Identifier(table)))


def _copying(table: str, names: tuple[str, ...], way: str) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    return sql.SQL("COPY {} ({}) ").format(sql.Identifier(table), columns) + sql.SQL(way)


def _path(url: str) -> Path:
    return Path(make_url(url).database or "")
