"""
Copies of all databases that fit together: no consumer's copy knows more of a source than the source's copy.

Each database gives one snapshot, and the platform goes on working. The snapshots are opened consumers first, and opened
again until every watermark lies within the copy of its source, with the same hash; only then anything is copied.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from cli.errors import CommandError
from shared.clock import SystemClock
from shared.log import EventLog
from shared.migrations import Migrations, revision_of
from shared.received import watermarks
from shared.stores import driver_url, is_sqlite, reader_engine

ORDER: Final = ("evaluation", "monitoring", "procurement", "budget")  # Who listens before whom is heard.
ATTEMPTS_MAX: Final = 100
PAUSE_SECONDS: Final = 0.05


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a log."""

    source: str
    partition: int
    epoch: str
    seq: int
    hash: str


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy of a service's database holds."""

    revision: str
    heads: list[Mark]
    watermarks: list[Mark]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One database as it was at one moment; it stays so while the connection is open."""

    service: str
    connection: Connection
    extent: Extent


@contextlib.contextmanager
def snapshots(urls: Mapping[str, str]) -> Iterator[list[Snapshot]]:
    """
    Snapshots of all databases that fit together.

    Raises:
        CommandError: If a database cannot be read, or they do not come to fit.
    """
    for _ in range(ATTEMPTS_MAX):
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(_snapshot(service, urls[service])) for service in ORDER]
            if (reason := misfit(opened)) is None:
                yield opened
                return
        time.sleep(PAUSE_SECONDS)
    raise CommandError(f"the databases do not fit together: {reason}. Is a source diverged, or an old copy?")


@contextlib.contextmanager
def _snapshot(service: str, url: str) -> Iterator[Snapshot]:
    parsed = driver_url(url)
    if is_sqlite(parsed) and not Path(parsed.database or "").is_file():
        raise CommandError(f"there is no database of {service} in {parsed.database}")
    engine = reader_engine(parsed)
    try:
        with engine.connect() as connection:
            revision = revision_of(connection)
            if revision is None:
                raise CommandError(f"the database of {service} is empty: there is nothing to back up")
            require_known(service, revision)
            with connection.begin():
                without_limits(connection)
                yield Snapshot(service, connection, _extent(service, connection, revision))
    except SQLAlchemyError as error:
        raise CommandError(f"cannot read the database of {service}: {_cause(error)}") from error
    finally:
        engine.dispose()


def without_limits(connection: Connection) -> None:
    """Let this transaction take the time it needs: limits are for services, which must answer."""
    if connection.dialect.name == "postgresql":
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {name} = 0")


def require_known(service: str, revision: str) -> None:
    """
    Let a revision pass that this program knows.

    Raises:
        CommandError: If it is a later program's.
    """
    known = Migrations(f"services.{service}").revisions
    if revision not in known:
        raise CommandError(
            f"{service} has the schema {revision}, this program knows {known[-1]}: use the later version of Scorebus"
        )


def _extent(service: str, connection: Connection, revision: str) -> Extent:
    session = Session(connection)
    heads = [
        Mark(source=service, partition=head.partition, epoch=head.epoch, seq=head.seq, hash=head.hash)
        for head in EventLog(service, SystemClock()).heads(session)
    ]
    marks = [
        Mark(source=source, partition=mark.at.partition, epoch=mark.at.epoch, seq=mark.at.seq, hash=mark.at.hash)
        for source, mark in watermarks(session)
    ]
    return Extent(revision=revision, heads=heads, watermarks=marks)


def misfit(opened: list[Snapshot]) -> str | None:
    """The first watermark that lies outside the copy of its source; None if there is none."""
    sources = {each.service: each for each in opened}
    for each in opened:
        for mark in each.extent.watermarks:
            source = sources[mark.source]
            log = EventLog(mark.source, SystemClock())
            if log.hash_at(Session(source.connection), mark.partition, mark.seq) != mark.hash:
                return f"{each.service} knows {mark.source} up to event {mark.seq}, which its copy does not have"
    return None


def _cause(error: SQLAlchemyError) -> Any:
    return getattr(error, "orig", None) or error
