"""
Units of work of one transaction: each is undone alone if it is refused, and they look up and write together.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared.gathering import Gathered
from shared.lookups import Expected, Key, Lookup
from shared.statements import begin_part, end_part, savepoint, undo_part, work_on
from shared.stores import GATHERED, is_fatal


@dataclass(slots=True)
class Unit:
    """A unit of work, who waits for it, and how to take back what it did beside the database."""

    work: Callable[[Session], Any]
    done: "Future[Any] | asyncio.Future[Any]"
    expects: Expected = ()
    undo: list[Callable[[], None]] = field(default_factory=list)

    def undone(self) -> None:
        for undo in self.undo:
            undo()
        self.undo.clear()


def on_undo(session: Session, undo: Callable[[], None]) -> None:
    """
    Call *undo* on the writer's thread if what *session* did is not committed: for caches in step with the data.

    A reader's session has nothing to undo.
    """
    session.info.get("undo", []).append(undo)


Outcome = tuple[Unit, Any, BaseException | None]


@dataclass(slots=True)
class Transaction:
    """What is known of a group's transaction while it runs."""

    id: str | None = None  # PostgreSQL's number for it.
    outcomes: list[Outcome] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    is_ending: bool = False  # COMMIT may have been sent.
    is_known: bool = True  # Whether it was committed or not.


class Units:
    """The units of one transaction, each in a savepoint of its own; what they gather is written at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.gathered = connection.info[GATHERED] = Gathered(connection)
        # A savepoint of its own the session makes only for a unit that does not keep to ready statements.
        self._session = Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)

    def look_up(self, group: Sequence[Unit]) -> None:
        """
        Look up together what *group* expects to.

        Raises:
            DBAPIError: If the whole transaction is lost; whatever else fails is left to the unit that meets it again.
        """
        if len(group) == 1:
            return
        expected: dict[Lookup, dict[Key, None]] = {}
        for unit in group:
            for lookup, key in unit.expects:
                expected.setdefault(lookup, {})[key] = None
        self._begin()
        try:
            with savepoint(self._session):
                for lookup, keys in expected.items():
                    lookup.look_up(self._session, keys)
        except Exception as error:
            if isinstance(error, DBAPIError) and is_fatal(error):
                raise
            self.gathered.forget_all()
        finally:
            self._session.info.clear()

    def _begin(self) -> None:
        work_on(self._session, self._connection, self.gathered)

    def run(self, unit: Unit) -> Outcome:
        """
        Run *unit*; if it is refused, only what it did itself is undone.

        Raises:
            DBAPIError: If the whole transaction is lost.
        """
        self._session.info["undo"] = unit.undo
        self._begin()
        mark = begin_part(self.gathered, "unit")
        try:
            value = self._done(unit)
        except DBAPIError as error:
            if is_fatal(error):
                raise
            return self._undone(unit, mark, error)
        except Exception as error:  # noqa: BLE001  # Carried to the caller, whose unit alone is undone.
            return self._undone(unit, mark, error)
        end_part(self.gathered, "unit")
        return unit, value, None

    def _done(self, unit: Unit) -> Any:
        session = self._session
        try:
            value = unit.work(session)
            if session.in_transaction():
                session.commit()
        finally:
            session.info.clear()
            if session.in_transaction() or session.identity_map:
                session.close()  # The next unit finds it as new.
        return value

    def _undone(self, unit: Unit, mark: int, error: Exception) -> Outcome:
        undo_part(self.gathered, "unit", mark)
        unit.undone()
        return unit, None, error
