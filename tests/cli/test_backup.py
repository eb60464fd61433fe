"""A backup is whole and fits together, or it is none; restored it is the same platform in another epoch."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.backup.archive import Reader
from cli.backup.command import _write
from cli.backup.restoring import restore
from cli.backup.snapshots import snapshots
from cli.errors import CommandError
from cli.folder import SERVICES
from shared.claim import claim_to
from shared.migrations import Migrations
from shared.stores import driver_url, writer_engine
from tests.migrations.loading import load, rows_in
from tests.stores import Server, Store

Urls = Mapping[str, str]


def newest(service: str) -> str:
    return Migrations(f"services.{service}").newest


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Urls:
    """Databases of a platform at which much has happened, as the dumps of the present revisions have it."""
    folder = tmp_path_factory.mktemp("filled")
    urls = {service: f"sqlite:///{folder}/{service}.db" for service in SERVICES}
    for service, url in urls.items():
        load(url, service, newest(service))
    fit(urls)
    return urls


def fit(urls: Urls) -> None:
    """Move watermarks that point into logs that the dumps do not have."""
    for url in urls.values():
        change(url, "DELETE FROM watermark")


def change(url: str, statement: str) -> None:
    engine = writer_engine(driver_url(url))
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def backed_up(urls: Urls) -> bytes:
    file = io.BytesIO()
    _write(file, urls)
    return file.getvalue()


def facts(url: str) -> dict[str, Any]:
    """Every row that a restored database has from its original."""
    return {name: rows for name, rows in rows_in(url).items() if name not in ("run", "log_place")}


def test_what_is_restored_is_what_was_backed_up(filled: Urls, store: Store) -> None:
    targets = {service: store.database() for service in SERVICES}

    rows = restore(Reader(io.BytesIO(backed_up(filled))), targets)

    assert all(count > 0 for count in rows.values())
    assert {service: facts(url) for service, url in targets.items()} == {
        service: facts(url) for service, url in filled.items()
    }


def test_a_backup_goes_from_postgresql_to_sqlite_too(filled: Urls, postgresql: Server, sqlite: Store) -> None:
    between = {service: postgresql.database() for service in SERVICES}
    end = {service: sqlite.database() for service in SERVICES}

    restore(Reader(io.BytesIO(backed_up(filled))), between)
    restore(Reader(io.BytesIO(backed_up(between))), end)

    assert {service: facts(url) for service, url in end.items()} == {
        service: facts(url) for service, url in filled.items()
    }


def test_counting_goes_on_behind_the_restored_rows(filled: Urls, postgresql: Server) -> None:
    targets = {service: postgresql.database() for service in SERVICES}
    restore(Reader(io.BytesIO(backed_up(filled))), targets)
    values = "'x', 0, 'e', 1, 'i', 'h', ''"

    change(targets["evaluation"], f"INSERT INTO received_event (s, p, epoch, seq, id, hash, event) VALUES ({values})")


@pytest.mark.parametrize("spoil", ["cut", "changed", "no archive", "empty"])
def test_a_spoilt_backup_restores_nothing(filled: Urls, sqlite: Store, spoil: str) -> None:
    whole = backed_up(filled)
    spoilt = {"cut": without_end(whole), "changed": changed(whole), "no archive": b"nonsense", "empty": b""}[spoil]
    targets = {service: sqlite.database() for service in SERVICES}

    with pytest.raises(CommandError, match="backup"):
        restore(Reader(io.BytesIO(spoilt)), targets)

    assert not any(rows for url in targets.values() for rows in rows_in(url).values())


def without_end(whole: bytes) -> bytes:
    return rewritten(whole, lambda name, content: None if name == "end.json" else content)


def changed(whole: bytes) -> bytes:
    def alter(name: str, content: bytes) -> bytes:
        return content.replace(b"00", b"01", 1) if name.startswith("budget/payment/") else content

    return rewritten(whole, alter)


def rewritten(whole: bytes, alter: Callable[[str, bytes], bytes | None]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(whole)) as source, tarfile.open(fileobj=out, mode="w:gz") as target:
        for entry in source:
            stream = source.extractfile(entry)
            assert stream is not None
            content = alter(entry.name, stream.read())
            if content is not None:
                entry.size = len(content)
                target.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def test_a_database_that_holds_events_is_left_alone(filled: Urls, sqlite: Store) -> None:
    targets = {service: sqlite.database() for service in SERVICES}
    restore(Reader(io.BytesIO(backed_up(filled))), targets)
    before = {service: rows_in(url) for service, url in targets.items()}

    with pytest.raises(CommandError, match="holds events"):
        restore(Reader(io.BytesIO(backed_up(filled))), targets)

    assert {service: rows_in(url) for service, url in targets.items()} == before


def test_a_database_in_use_is_left_alone(filled: Urls, sqlite: Store) -> None:
    targets = {service: sqlite.database() for service in SERVICES}
    claim = claim_to(driver_url(targets["budget"]))
    assert claim.take(None)

    try:
        with pytest.raises(CommandError, match="stop the platform first"):
            restore(Reader(io.BytesIO(backed_up(filled))), targets)
    finally:
        claim.release()


def test_an_empty_platform_is_no_backup(store: Store) -> None:
    with pytest.raises(CommandError, match="empty"):
        backed_up({service: store.database() for service in SERVICES})


def test_copies_that_do_not_fit_together_are_refused(filled: Urls, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("cli.backup.snapshots.ATTEMPTS_MAX", 2)
    urls = {service: f"sqlite:///{tmp_path}/{service}.db" for service in SERVICES}
    for service, url in filled.items():
        shutil.copy(url.removeprefix("sqlite:///"), tmp_path / f"{service}.db")
    values = f"'budget', 0, 'e', 999999, '{'f' * 64}', '2026-01-01 00:00:00'"
    change(urls["evaluation"], f"INSERT INTO watermark (s, p, epoch, seq, hash, updated_at) VALUES ({values})")

    with pytest.raises(CommandError, match="do not fit"):
        backed_up(urls)


def test_a_snapshot_stays_as_it_was_while_the_platform_works_on(filled: Urls, tmp_path: Path) -> None:
    urls = {service: f"sqlite:///{tmp_path}/{service}.db" for service in SERVICES}
    for service, url in filled.items():
        shutil.copy(url.removeprefix("sqlite:///"), tmp_path / f"{service}.db")

    with snapshots(urls) as opened:
        change(urls["budget"], "UPDATE event_head SET seq = seq + 1")
        budget = next(each for each in opened if each.service == "budget")
        seq = budget.connection.execute(sa.text("SELECT seq FROM event_head")).scalar()

        assert seq == budget.extent.heads[0].seq


def test_an_archive_says_what_it_holds(filled: Urls) -> None:
    with tarfile.open(fileobj=io.BytesIO(backed_up(filled))) as archive:
        first = archive.next()
        assert first is not None
        stream = archive.extractfile(first)
        assert stream is not None
        begin = json.loads(stream.read())

    assert first.name == "begin.json"
    assert {name: extent["revision"] for name, extent in begin["services"].items()} == {
        service: newest(service) for service in SERVICES
    }
    assert all(extent["heads"] for extent in begin["services"].values())
