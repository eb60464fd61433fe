"""Monitoring as it runs, with a real database and without a bus, and a client that holds its tokens."""

import importlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from joserfc.jwk import OKPKey
from sqlmodel import Session, create_engine

from services.monitoring import handlers
from services.monitoring.store import Table
from shared import log as log_table
from shared.clock import FixedClock
from shared.events.base import read
from shared.events.budget import BudgetLine, ProjectDeclared, Sources
from shared.log import EventLog, Trace
from shared.roles import ROLES
from shared.service import Service
from shared.subscription import Happened
from shared.tokens import issue_token
from tests.support import active

NOW = datetime(2018, 6, 1, 4, 0, tzinfo=UTC)  # Noon in Shanghai.
NOBODY = "127.0.0.1:1"  # Nobody listens there.


def declared(project: str, time_zone: str = "Asia/Shanghai", fiscal_year: int = 2018) -> Happened:
    """Budget's event of a project, as a subscription hands it on."""
    zero = "0.00"
    data = ProjectDeclared(
        project=project,
        name="a project",
        unit="u",
        department="d",
        fiscal_year=fiscal_year,
        nature="new",
        starts_on=date(fiscal_year, 1, 1),
        ends_on=date(fiscal_year, 12, 31),
        time_zone=time_zone,
        lines=(BudgetLine(line="a", name="A", initial="1.00", amount="1.00"),),
        sources=Sources(fiscal="1.00", self_raised=zero, carry_over=zero, other=zero),
        amount="1.00",
    )
    budget, engine = EventLog("budget", FixedClock(NOW)), create_engine("sqlite://")
    log_table.metadata.create_all(engine)
    with Session(engine) as session:
        budget.create(session)
        budget.append(session, data, time=NOW, trace=Trace(correlation_id="c"))
        [(_, raw)] = budget.after(session, 0, 0, 1)
    engine.dispose()
    return Happened(source="budget", received=read(raw), data=data)


class Monitoring:
    """The service, and a client that holds tokens."""

    def __init__(self, service: Service, client: httpx.AsyncClient, signing_pem: str) -> None:
        self.service = service
        self.client = client
        self._signing_pem = signing_pem

    def token(self, role: str, projects: list[str] | None = None) -> str:
        """A token with the scopes of a role, or with a single scope."""
        return issue_token(
            self._signing_pem,
            subject=role,
            scopes=ROLES.get(role, {role}),
            projects=projects,
            days=1,
            now=datetime.now(UTC),
        )

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "admin",
        projects: list[str] | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> httpx.Response:
        if raw is None and body is not None:
            raw = json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token(role, projects)}"}
        sent |= {"Content-Type": "application/json"} if raw is not None else {}
        return await self.client.request(method, path, content=raw, headers=sent | dict(headers or {}))

    async def post(self, path: str, body: Any, **others: Any) -> httpx.Response:
        return await self.send("POST", path, body, **others)

    async def get(self, path: str, **others: Any) -> httpx.Response:
        return await self.send("GET", path, **others)

    async def put(self, path: str, body: Any, **others: Any) -> httpx.Response:
        return await self.send("PUT", path, body, **others)

    async def learn(self, *happened: Happened) -> None:
        await self.service.database.write(lambda session: handlers.learn(session, happened))

    async def events(self) -> list[dict[str, Any]]:
        """Everything on record in the log."""
        rows = await self.service.database.read(lambda session: self.service.log.after(session, 0, 0, 10_000))
        return [json.loads(raw) for _, raw in rows]

    async def stored(self) -> dict[str, int]:
        """How many rows each table has, the log's included."""
        tables = [*Table.metadata.sorted_tables, log_table.event_log]

        def count(session: Session) -> dict[str, int]:
            counts = {table.name: session.execute(sa.select(sa.func.count()).select_from(table)) for table in tables}
            return {name: int(found.scalar_one()) for name, found in counts.items()}

        return await self.service.database.read(count)


@asynccontextmanager
async def started(folder: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[Monitoring]:
    key = OKPKey.generate_key("Ed25519")
    keys = folder / "keys"
    keys.mkdir()
    (keys / "public.pem").write_bytes(key.as_pem(private=False))
    (keys / "service.token").write_text("none")
    for source in ("budget", "monitoring"):
        (keys / f"{source}.mac").write_text("00" * 32)
    settings = {
        "PORT": "1",
        "DATABASE_URL": database_url,
        "REDIS_URL": f"redis://{NOBODY}",
        "KEYS_DIR": str(keys),
        "BUDGET_URL": f"http://{NOBODY}",
        "REQUESTS_BURST": "10000",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SCOREBUS_{name}", value)
    sys.modules.pop("services.monitoring.app", None)
    app = importlib.import_module("services.monitoring.app").app
    service: Service = app.state.service
    service.clock = FixedClock(NOW)
    transport = httpx.ASGITransport(app)
    async with (
        active(app),
        httpx.AsyncClient(transport=transport, base_url="http://monitoring") as client,
    ):
        monitoring = Monitoring(service, client, key.as_pem(private=True).decode())
        await monitoring.learn(declared("web"), declared("grid"))
        yield monitoring


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """What was refused: the status and the short form of the problem's type."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")
