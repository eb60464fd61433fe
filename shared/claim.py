"""
The claim to a database: one process writes it, and any number stand by.

PostgreSQL keeps the claim as an advisory lock of the very session that writes: whoever has lost the session has lost
the claim, and cannot write. For SQLite it is the lock on a file beside the database, which the operating system lets
go of when the process ends. All partitions of a service live in its one database, so one claim covers them.
"""

import fcntl
import os
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import URL, Connection, text

from shared.stores import is_sqlite

ADVISORY_LOCK: Final = 0x5C0BE  # The number of the lock; PostgreSQL keeps such numbers apart for each database.


class Claim(Protocol):
    """The right to write."""

    def take(self, connection: Connection | None) -> bool:
        """Take the claim for *connection*, or keep it; False while another process has it."""
        ...

    def release(self) -> None:
        """Let go, once the connection is closed."""
        ...


class AdvisoryClaim:
    """The claim to a database of PostgreSQL: held by the session, which ends with its connection."""

    def take(self, connection: Connection | None) -> bool:
        assert connection is not None
        with connection.begin():
            taken = connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK})
            return bool(taken.scalar_one())

    def release(self) -> None:
        """Nothing to do: the server has let go."""


class FileClaim:
    """The claim to a file of SQLite's: a lock on ``<file>.lock``."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.lock")
        self._file: int | None = None

    def take(self, connection: Connection | None) -> bool:
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def claim_to(url: URL) -> Claim:
    """The claim to the database at *url*."""
    if is_sqlite(url):
        assert url.database, "a service's database is a file"
        return FileClaim(Path(url.database))
    return AdvisoryClaim()
