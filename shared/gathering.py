"""
What the units of one transaction write together at its end.

Units that share a commit each add a row to the log and one to the record of answers, and move the log's head, and
nobody reads these before the commit. So they are gathered, and written with a statement for all: of a payment's
fourteen statements that is a third. Undoing a unit takes back what it has gathered. Whatever reads one of the tables
after all, through a session or by a ready statement, has them written first.
"""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Protocol


class Writes(Protocol):
    """A statement that can be run for many rows at once."""

    table: str

    def run_for(self, gathered: "Gathered", rows: list[dict[str, Any]]) -> None:
        """
        Run it for each of *rows*.

        Raises:
            DBAPIError: As SQLAlchemy would raise it.
        """
        ...


class Finds(Protocol):
    """What looks rows of one table up by a key."""

    table: str


class Gathered:
    """Rows and last values that wait for the end of a transaction on *connection*."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.tables: set[str] = set()  # Of which something waits.
        self.to_begin: list[str] = []  # Savepoints to be set before the next change, the outer one first.
        self._found: dict[Finds, dict[tuple[str, ...], list[Any]]] = {}
        self._rows: dict[Writes, list[dict[str, Any]]] = {}
        self._last: dict[tuple[Writes, Hashable], dict[str, Any]] = {}
        self.told: list[Any] = []  # For those who listen to commits.
        self._steps: list[Callable[[], object]] = []  # How to take back what was gathered, step by step.

    def add(self, statement: Writes, row: dict[str, Any]) -> None:
        """Let *statement* be run for *row*, too."""
        rows = self._rows.setdefault(statement, [])
        rows.append(row)
        self.tables.add(statement.table)
        self._steps.append(rows.pop)

    def replace(self, statement: Writes, key: Hashable, row: dict[str, Any]) -> None:
        """Let *statement* be run for *row* in place of what was to be written under *key*."""
        before = self._last.get((statement, key))
        self._last[statement, key] = row
        self.tables.add(statement.table)
        self._steps.append(partial(self._put_back, (statement, key), before))

    def last(self, statement: Writes, key: Hashable) -> dict[str, Any] | None:
        """What is to be written under *key*, if anything."""
        return self._last.get((statement, key))

    def _put_back(self, place: tuple[Writes, Hashable], before: dict[str, Any] | None) -> None:
        if before is None:
            del self._last[place]
        else:
            self._last[place] = before

    def tell(self, what: Any) -> None:
        """Tell *what* to those who listen to commits, if this is committed."""
        self.told.append(what)
        self._steps.append(self.told.pop)

    def find(self, lookup: Finds, rows: dict[tuple[str, ...], list[Any]]) -> None:
        """Keep what *lookup* has found under each key, until its table changes."""
        self._found.setdefault(lookup, {}).update(rows)

    def found(self, lookup: Finds, key: tuple[str, ...]) -> list[Any] | None:
        """What *lookup* has found under *key*; None if it has to be looked up."""
        return self._found[lookup].get(key) if lookup in self._found else None

    def forget(self, lookup: Finds, key: tuple[str, ...]) -> None:
        """Something else may be found under *key* from now on."""
        if lookup in self._found:
            self._found[lookup].pop(key, None)

    def forget_table(self, table: str) -> None:
        """The rows of *table* are about to change."""
        for lookup in [each for each in self._found if each.table == table]:
            del self._found[lookup]

    def forget_all(self) -> None:
        """Any row is about to change."""
        self._found.clear()

    def end(self) -> None:
        """Forget what still waits: the transaction is over."""
        self.tables.clear()
        self._found.clear()
        self._rows.clear()
        self._last.clear()
        self._steps.clear()

    def mark(self) -> int:
        """Where one is now, for `undo`."""
        return len(self._steps)

    def undo(self, mark: int) -> None:
        """Take back what was gathered since *mark*; the database must have undone what was written since."""
        while len(self._steps) > mark:
            self._steps.pop()()

    def write(self) -> None:
        """
        Write all of it now.

        Raises:
            DBAPIError: If the database refuses.
        """
        if not self.tables:
            return
        rows = {statement: list(waiting) for statement, waiting in self._rows.items() if waiting}
        last, tables = dict(self._last), set(self.tables)
        # A unit that is undone takes with it what others before it had gathered, if it was written meanwhile.
        self._steps.append(partial(self._wait_again, rows, last, tables))
        for waiting in self._rows.values():
            waiting.clear()
        self._last.clear()
        self.tables.clear()
        for statement, ready in rows.items():
            statement.run_for(self, ready)
        changes: dict[Writes, list[dict[str, Any]]] = {}
        for (statement, _), row in last.items():
            changes.setdefault(statement, []).append(row)
        for statement, ready in changes.items():
            statement.run_for(self, ready)

    def write_for(self, words: frozenset[str]) -> None:
        """Write all of it now if one of the tables is among the *words* of a statement."""
        if not words.isdisjoint(self.tables):
            self.write()

    def _wait_again(
        self,
        rows: dict[Writes, list[dict[str, Any]]],
        last: dict[tuple[Writes, Hashable], dict[str, Any]],
        tables: set[str],
    ) -> None:
        for statement, waiting in rows.items():
            self._rows[statement][:] = waiting
        self._last = dict(last)
        self.tables = set(tables)
