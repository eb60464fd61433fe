"""What an agent has seen and the platform has not yet taken: a small database, so that nothing is lost meanwhile."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.errors import CommandError

WAITING_MAX: Final = 100_000  # Events: years of faults, and some 50 MB.
BATCH: Final = 200  # Below what monitoring takes at once.

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, asset TEXT NOT NULL, event TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused (number INTEGER PRIMARY KEY, event TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS open_fault (project TEXT, asset TEXT, fault TEXT NOT NULL, PRIMARY KEY (project, asset));
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event that waits to be sent."""

    number: int
    asset: str  # Events of one asset stay in order.
    event: Mapping[str, Any]


class Buffer:
    """The database; every call is one durable transaction. For one process at a time."""

    def __init__(self, path: Path) -> None:
        """
        Open it, made where it is missing.

        Raises:
            CommandError: If it cannot be opened, or another agent has it.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript("BEGIN EXCLUSIVE;" + _TABLES + "COMMIT;")
        except (sqlite3.Error, OSError) as error:
            raise CommandError(f"cannot open the buffer {path}: {error}; is another agent at work on it?") from error

    def close(self) -> None:
        self._connection.close()

    def add(self, events: Iterable[tuple[str, Mapping[str, Any]]], *, opened: Mapping[tuple[str, str], str | None],
            cursor: str | None) -> None:  # fmt: skip
        """
        Keep *events* (asset, event) together with what they were made from.

        Args:
            events: What to send.
            opened: The fault now open for a project's asset; None: none any more.
            cursor: How far the source of events was read.

        Raises:
            CommandError: If the buffer is full: better to stop than to forget.
        """
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO waiting (asset, event) VALUES (?, ?)",
                [(asset, json.dumps(event, ensure_ascii=False)) for asset, event in events],
            )
            for (project, asset), fault in opened.items():
                self._connection.execute("DELETE FROM open_fault WHERE project = ? AND asset = ?", (project, asset))
                if fault is not None:
                    self._connection.execute("INSERT INTO open_fault VALUES (?, ?, ?)", (project, asset, fault))
            if cursor is not None:
                self._connection.execute("INSERT OR REPLACE INTO note VALUES ('cursor', ?)", (cursor,))
            if self.count() > WAITING_MAX:
                raise CommandError(f"the buffer holds {WAITING_MAX} events that the platform has not taken")

    def waiting(self, after: int = 0) -> list[Waiting]:
        """The next events to send, oldest first."""
        rows = self._connection.execute(
            "SELECT number, asset, event FROM waiting WHERE number > ? ORDER BY number LIMIT ?", (after, BATCH)
        )
        return [Waiting(number=number, asset=asset, event=json.loads(event)) for number, asset, event in rows]

    def done(self, taken: Iterable[int], refused: Mapping[int, Any]) -> None:
        """Forget what was taken, and set aside what never will be, with the reason."""
        with self._transaction():
            for number, problem in refused.items():
                self._connection.execute(
                    "INSERT INTO refused SELECT number, event, ? FROM waiting WHERE number = ?",
                    (json.dumps(problem, ensure_ascii=False), number),
                )
            numbers = [(number,) for number in (*taken, *refused)]
            self._connection.executemany("DELETE FROM waiting WHERE number = ?", numbers)

    def count(self) -> int:
        """How many events wait."""
        return int(self._connection.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def refused(self) -> list[Any]:
        """The problems of what was set aside."""
        rows = self._connection.execute("SELECT problem FROM refused ORDER BY number")
        return [json.loads(problem) for (problem,) in rows]

    def open_faults(self) -> dict[tuple[str, str], str]:
        """The fault that is open for a project's asset."""
        rows = self._connection.execute("SELECT project, asset, fault FROM open_fault")
        return {(project, asset): fault for project, asset, fault in rows}

    def cursor(self) -> str | None:
        """How far the source of events was read."""
        row = self._connection.execute("SELECT value FROM note WHERE name = 'cursor'").fetchone()
        return None if row is None else str(row[0])

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
