"""Putting a backup into empty databases: all of them or none."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from cli.backup.archive import Reader
from cli.backup.rows import go_on_counting, tables_of, write_rows
from cli.backup.snapshots import ORDER, require_known, without_limits
from cli.errors import CommandError
from shared.claim import claim_to
from shared.migrations import Migrations, revision_of
from shared.migrations.upgrading import upgrade
from shared.stores import driver_url, writer_engine

LOGS: Final = ("event_log", "received_event")  # Where these are empty, nothing has ever happened.
OF_THE_PROCESS: Final = "run"  # Whether a process died at work; the restored one has not begun.
PLACE: Final = "log_place"


@dataclass(slots=True)
class _Target:
    service: str
    connection: Connection
    tables: dict[str, sa.Table] = field(default_factory=dict)
    rows: int = 0


def restore(reader: Reader, urls: Mapping[str, str]) -> dict[str, int]:
    """
    Put what *reader* gives into the empty databases at *urls*.

    Each is told that it is not where it was written last: at its start the service begins another epoch.

    Returns:
        How many rows each service got.

    Raises:
        CommandError: If a database is not empty or in use, or the backup is not whole; then nothing is restored.
    """
    for service in ORDER:
        if service not in reader.begin.services:
            raise CommandError(f"the backup holds nothing of {service}")
        require_known(service, reader.begin.services[service].revision)
    with contextlib.ExitStack() as stack:
        targets = {
            service: stack.enter_context(_target(service, urls[service], reader.begin.services[service].revision))
            for service in ORDER
        }
        for name, content in reader.members():
            _put(targets, name, content)
        for target in targets.values():
            _finish(target, reader.begin.made_at)
        for target in targets.values():
            target.connection.commit()
        return {service: target.rows for service, target in targets.items()}


@contextlib.contextmanager
def _target(service: str, url: str, revision: str) -> Iterator[_Target]:
    parsed = driver_url(url)
    claim, engine = claim_to(parsed), writer_engine(parsed)
    try:
        with engine.connect() as connection:
            if not claim.take(connection):
                raise CommandError(f"the database of {service} is in use: stop the platform first")
            present = revision_of(connection)
            if present is None:
                upgrade(connection, Migrations(f"services.{service}").folder, revision)
            elif present != revision:
                raise CommandError(
                    f"the database of {service} has the schema {present}, the backup {revision}: restore into a new one"
                )
            connection.begin()
            without_limits(connection)
            target = _Target(service, connection, {table.name: table for table in tables_of(connection)})
            _require_empty(target)
            yield target
            if connection.in_transaction():
                connection.rollback()
    except (SQLAlchemyError, ValueError) as error:
        raise CommandError(f"cannot restore {service}: {getattr(error, 'orig', None) or error}") from error
    finally:
        engine.dispose()
        claim.release()


def _require_empty(target: _Target) -> None:
    for name in LOGS:
        if target.connection.execute(sa.select(target.tables[name]).limit(1)).first() is not None:
            raise CommandError(f"the database of {target.service} holds events: a backup goes into an empty one")
    for table in reversed(list(target.tables.values())):  # What a first start has left.
        target.connection.execute(table.delete())


def _put(targets: Mapping[str, _Target], name: str, content: bytes) -> None:
    service, _, rest = name.partition("/")
    table = rest.partition("/")[0]
    if service not in targets or table not in targets[service].tables:
        raise CommandError(f"the backup holds {name}, which belongs to no table")
    target = targets[service]
    target.rows += write_rows(target.connection, target.tables[table], content)


def _finish(target: _Target, made_at: str) -> None:
    place: dict[str, Any] = {"one": 1, "place": f"a backup of {made_at}"}
    for name in (OF_THE_PROCESS, PLACE):
        target.connection.execute(target.tables[name].delete())
    target.connection.execute(target.tables[PLACE].insert(), place)
    for table in target.tables.values():
        go_on_counting(target.connection, table)
