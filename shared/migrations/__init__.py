"""
Brings a service's database to the schema of this program.

A service's revisions are files ``rNNNN_what.py`` in its ``migrations`` folder, in one line, run with the claim to the
database held and in one transaction: all of them or none. Alembic runs them; it is imported only if there is something
to do, since that takes longer than everything else at a start.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection

from shared.database import SchemaTooNew

VERSION_TABLE: Final = "alembic_version"
_REVISION_FILE: Final = re.compile(r"^r(\d{4})_\w+\.py$")

log = structlog.get_logger()


class Migrations:
    """The revisions of one service."""

    def __init__(self, package: str) -> None:
        """Read which revisions there are in the folder ``migrations`` of *package*."""
        self.folder = Path(str(files(package))) / "migrations"
        found = (_REVISION_FILE.match(path.name) for path in self.folder.iterdir())
        self.revisions = sorted(match.group(1) for match in found if match)

    @property
    def newest(self) -> str:
        return self.revisions[-1]

    def prepare(self, connection: Connection) -> None:
        """
        Run the revisions that are missing.

        A database from before there were revisions has the tables of the first one, which makes only what is missing.

        Raises:
            SchemaTooNew: If the database has a revision that this program does not know.
        """
        present = revision_of(connection)
        if present == self.newest:
            return
        if present is not None and present not in self.revisions:
            raise SchemaTooNew(
                f"the database has the schema {present} of a later version of Scorebus, this one knows {self.newest}: "
                "start the later version, or restore the backup from before it"
            )
        from shared.migrations.upgrading import upgrade  # noqa: PLC0415  # Imports Alembic.

        upgrade(connection, self.folder)
        log.info("schema_changed", before=present, now=self.newest)


def revision_of(connection: Connection) -> str | None:
    """The revision that the database has; None without any."""
    with connection.begin():
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
        return None if found is None else str(found)
