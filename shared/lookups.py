"""
Rows that are looked up by a key, for all units of a transaction together.

Who writes says beforehand what the unit will look up. Of the units that share a commit it is then looked up by one
statement for all; what was not said is looked up when it is asked for. What was found holds until its table changes.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Column, Select, bindparam
from sqlmodel import Session

from shared.statements import Statement, among, gathered_of, rows_among

Key = tuple[str, ...]


class Lookup:
    """A select of whole answers by a key."""

    def __init__(self, query: Select[Any], *key: Column[str], ignores_gathered: bool = False) -> None:
        """
        Name the lookup.

        Args:
            query: Selects from one table, the columns of *key* among others.
            key: What is looked up by. The last one is sought among many; mostly those before it are the same for all.
            ignores_gathered: As of a `Statement`.
        """
        names = [f"key_{place}" for place in range(len(key))]
        given = [column == bindparam(name) for column, name in zip(key, names, strict=True)]
        self.table: str = key[0].table.name
        self._names: Final = names
        self._places = [list(query.selected_columns).index(column) for column in key]
        self._one = Statement(query.where(*given), ignores_gathered=ignores_gathered)
        self._many = Statement(query.where(*given[:-1], among(key[-1])), ignores_gathered=ignores_gathered)

    def rows(self, session: Session, *key: str) -> list[Any]:
        """The rows under *key*, in the query's order."""
        session.flush()  # What it has yet to write may be under this key.
        gathered = gathered_of(session)
        found = None if gathered is None else gathered.found(self, key)
        return self._one.rows(session, **self._given(key)) if found is None else found

    def first(self, session: Session, *key: str) -> tuple[Any, ...] | None:
        """The first row under *key*, if any."""
        return next(iter(self.rows(session, *key)), None)

    def forget(self, session: Session, *key: str) -> None:
        """Look up anew what is under *key*: a row under it was gathered."""
        gathered = gathered_of(session)
        if gathered is not None:
            gathered.forget(self, key)

    def look_up(self, session: Session, keys: Iterable[Key]) -> None:
        """Look up together what is under each of *keys*."""
        gathered = gathered_of(session)
        assert gathered is not None, "readers look up what they need"
        by_start: dict[Key, list[str]] = {}
        for *start, last in keys:
            by_start.setdefault(tuple(start), []).append(last)
        for first, sought in by_start.items():
            found: dict[Key, list[Any]] = {(*first, last): [] for last in sought}
            for row in rows_among(self._many, session, sought, **self._given(first)):
                found[tuple(row[place] for place in self._places)].append(row)
            gathered.find(self, found)

    def _given(self, key: Key) -> dict[str, Any]:
        return dict(zip(self._names, key, strict=False))


Expected = Sequence[tuple[Lookup, Key]]  # What a unit will look up.
