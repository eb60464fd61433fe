"""A database of any age becomes what the program expects, with all that is in it; one from the future is refused."""

import importlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shared.database import Database, SchemaTooNew
from shared.migrations import Migrations, revision_of
from shared.stores import driver_url, writer_engine
from tests.migrations.dumping import name_of
from tests.migrations.loading import dump_of, load, rows_in
from tests.migrations.services import SERVICES, metadata_of, migrations_of
from tests.stores import Store, migrate
from tests.support import NOBODY, Issuer, running

EXACT = {"event"}  # Bytes that are hashed.
MOVING = {"version", "as_of"}  # Of a score: it may be made anew at the start.
PAST = [(service, revision) for service in SERVICES for revision in migrations_of(service).revisions]


@pytest.mark.parametrize("service", SERVICES)
def test_the_revisions_make_the_tables_that_the_program_has(service: str, store: Store) -> None:
    engine = writer_engine(driver_url(store.database(service)))
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata_of(service))  # type: ignore[arg-type]

    assert not found, f'the tables of {service} have changed; write a revision: make revision SERVICE={service} M="…"'


@pytest.mark.parametrize(("service", "revision"), PAST)
def test_the_data_of_every_revision_are_kept(service: str, revision: str) -> None:
    assert name_of(service, revision).exists(), (
        f"there are no data of {service} at {revision} to upgrade from; write them: python -m tests.migrations.dumping"
    )


@pytest.mark.parametrize(("service", "revision"), PAST)
def test_data_of_the_past_come_through_whole(
    service: str, revision: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.database()
    load(url, service, revision)
    before = rows_in(url)

    migrate(url, service)

    after = rows_in(url)
    for table, rows in before.items():
        assert len(after[table]) == len(rows), table
        assert all(keeps(*pair) for pair in zip(after[table], rows, strict=True)), table
    dump = dump_of(service, revision)
    issuer = Issuer(tmp_path / "keys")
    with running(application(service, url, issuer, monkeypatch), issuer) as started:
        for path, answer in dump["answers"].items():
            assert holds(started.get(path), answer), path
        chain = [json.loads(raw) for raw in started.log()]
    assert len(chain) >= len(before["event_log"]) > 0
    assert [int(event["sequence"]) for event in chain] == list(range(1, len(chain) + 1))


def keeps(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether a row has in every column what it had; a revision may have said more in a stored JSON document."""
    return all(
        now[name] == value
        or (isinstance(value, bytes) and name not in EXACT and holds(json.loads(now[name]), json.loads(value)))
        for name, value in then.items()
    )


def holds(now: Any, then: Any) -> bool:
    """Whether an answer still says all that it said; it may say more."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(
            name in now and (name in MOVING or holds(now[name], then[name])) for name in then
        )
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(holds, now, then))
    return bool(now == then)


def application(service: str, url: str, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service as it is wired, on the database at *url*, without a bus and out of reach of its sources."""
    settings = {"PORT": "1", "DATABASE_URL": url, "REDIS_URL": f"redis://{NOBODY}", "KEYS_DIR": str(issuer.folder)}
    known = importlib.import_module(f"services.{service}.settings").Settings.model_fields
    consumed = importlib.import_module(f"services.{service}").CONSUMES
    sources = {f"{source.upper()}_URL": f"http://{NOBODY}" for source in consumed}
    for name, value in (settings | sources).items():
        assert name.lower() in known
        monkeypatch.setenv(f"SCOREBUS_{name}", value)
    (issuer.folder / f"{service}.mac").write_text("00" * 32)
    sys.modules.pop(f"services.{service}.app", None)
    return importlib.import_module(f"services.{service}.app").app


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_from_before_there_were_revisions_is_recognised(service: str, store: Store) -> None:
    url = store.database()
    load(url, service, "0001")
    engine = writer_engine(driver_url(url))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))
    before = rows_in(url)

    migrate(url, service)

    with engine.connect() as connection:
        assert revision_of(connection) == migrations_of(service).newest
    after = rows_in(url)
    assert {table: len(after[table]) for table in before} == {table: len(rows) for table, rows in before.items()}


def test_a_database_of_a_later_program_is_refused_and_left_as_it_is(store: Store) -> None:
    url = store.database("budget")
    engine = writer_engine(driver_url(url))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database = Database(url, schema=Migrations("services.budget"))

    with pytest.raises(SchemaTooNew, match="9999 of a later version"):
        database.start()

    with engine.connect() as connection:
        assert revision_of(connection) == "9999"


def test_revisions_that_fail_leave_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    url = store.database()
    migrations = Migrations("services.budget")
    upgrade = importlib.import_module("shared.migrations.upgrading").command.upgrade

    def fail(*words: Any) -> None:
        upgrade(*words)
        raise RuntimeError("the last of them")

    with monkeypatch.context() as patched:
        patched.setattr("shared.migrations.upgrading.command.upgrade", fail)
        with pytest.raises(RuntimeError, match="the last of them"):
            Database(url, schema=migrations).start()

    assert rows_in(url) == {}
    migrate(url, "budget")
    assert "payment" in rows_in(url)


def test_a_start_without_anything_to_do_does_not_even_import_alembic(store: Store) -> None:
    url = store.database("budget")
    program = f"""
import sys
from shared.database import Database
from shared.migrations import Migrations
database = Database({url!r}, schema=Migrations("services.budget"))
database.start()
assert database.role == "active"
database.close()
assert not [name for name in sys.modules if name.startswith("alembic")]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("service", SERVICES)
def test_revisions_are_numbered_in_one_line(service: str) -> None:
    revisions = migrations_of(service).revisions

    assert revisions == [f"{number:04d}" for number in range(1, len(revisions) + 1)]


def test_of_two_that_start_at_once_one_makes_the_tables_and_the_other_stands_by(store: Store) -> None:
    url = store.database()
    databases = [Database(url, schema=Migrations("services.budget")) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Database.start, databases))

    try:
        assert sorted(database.role for database in databases) == ["active", "standby"]
        assert "payment" in rows_in(url)
    finally:
        for database in databases:
            database.close()
