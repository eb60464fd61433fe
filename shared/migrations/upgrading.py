"""Runs revisions with Alembic, on a connection that somebody else has opened."""

from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData


def alembic_config(connection: Connection, folder: Path, metadata: Iterable[MetaData] = ()) -> Config:
    """What Alembic's commands need to know: the revisions in *folder*, and the *metadata* to compare them with."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("version_locations", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")  # A folder's name may have spaces and colons.
    config.attributes["connection"] = connection
    config.attributes["metadata"] = list(metadata)
    return config


def upgrade(connection: Connection, folder: Path, to: str = "head") -> None:
    """Run the revisions in *folder* up to *to*, all of them or none."""
    if connection.dialect.name == "sqlite":
        _upgrade_sqlite(connection, folder, to)
        return
    with connection.begin():
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):  # A long table takes its time.
            connection.exec_driver_sql(f"SET LOCAL {limit} = 0")
        command.upgrade(alembic_config(connection, folder), to)


def _upgrade_sqlite(connection: Connection, folder: Path, to: str) -> None:
    """SQLite changes a table by making it anew, which its foreign keys must not notice; they are checked at the end."""
    _set_foreign_keys(connection, "OFF")
    try:
        with connection.begin():
            command.upgrade(alembic_config(connection, folder), to)
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                raise RuntimeError(f"the revisions leave {len(broken)} rows without what they refer to")
    finally:
        _set_foreign_keys(connection, "ON")


def _set_foreign_keys(connection: Connection, switch: str) -> None:
    driver = connection.connection.driver_connection  # SQLite ignores this inside a transaction.
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys={switch}")
