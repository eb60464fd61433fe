"""Procurement as it runs, with a real database and without a bus, and budget's log beside it."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from services.procurement import CONSUMES, api, handlers, store
from services.procurement.settings import Settings
from shared import idempotency
from shared import log as log_table
from shared.clock import FixedClock
from shared.database import Database
from shared.events.base import EventData
from shared.events.budget import BudgetAdjusted, BudgetLine, ProjectDeclared, Sources
from shared.log import EventLog, Trace
from shared.service import Service
from tests.shared.mechanism import DirectFeed, Source
from tests.support import Issuer, Running, running, settings_for

NOW = datetime(2018, 12, 20, 4, 0, tzinfo=UTC)  # Noon in Shanghai.
CREDIT_CODE = "91653100MA775K3T1A"


def _sources(amount: str) -> Sources:
    return Sources(fiscal=amount, self_raised="0.00", carry_over="0.00", other="0.00")


def _line(amount: str, line: str = "net") -> BudgetLine:
    return BudgetLine(line=line, name=line, initial=amount, amount=amount)


def declared(amount: str = "1000.00", **changes: Any) -> ProjectDeclared:
    usual: dict[str, Any] = {
        "project": "web",
        "name": "n",
        "unit": "u",
        "department": "d",
        "fiscal_year": 2018,
        "nature": "new",
        "starts_on": date(2018, 1, 1),
        "ends_on": date(2018, 12, 31),
        "time_zone": "Asia/Shanghai",
        "lines": (_line(amount),),
        "sources": _sources(amount),
        "amount": amount,
    }
    return ProjectDeclared(**usual | changes)


def adjusted(amount: str, *lines: str) -> BudgetAdjusted:
    every = tuple(_line(amount, line) for line in lines or ("net",))
    return BudgetAdjusted(project="web", lines=every, sources=_sources(amount), amount=amount)


def a_contract(**changes: Any) -> dict[str, Any]:
    usual = {
        "contract": "c1",
        "project": "web",
        "line": "net",
        "supplier": "telecom",
        "amount": "600.00",
        "method": "single_source",
        "government_procurement": True,
        "signed_on": "2018-01-04",
        "starts_on": "2018-01-01",
        "ends_on": "2018-12-31",
        "items": [{"item": "battery", "name": "UPS电池", "unit": "组", "quantity": "60"}],
        "advance_amount": "0.00",
        "payment_days": 30,
        "signed_by": "canary-signer",
    }
    return usual | changes


def an_acceptance(passed: str = "60", **changes: Any) -> dict[str, Any]:
    usual = {
        "accepted_on": "2018-11-20",
        "items": [{"item": "battery", "inspected": passed, "passed": passed}],
        "conclusion": "passed",
        "inspectors": ["canary-inspector"],
        "remarks": "canary-remark",
        "documents": [{"name": "验收单", "sha256": "ab" * 32}],
    }
    return usual | changes


class Budget:
    """Budget as procurement meets it: a real log behind a feed."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder}/budget.db", log_table.metadata)
        self.log = EventLog("budget", FixedClock(NOW))

    async def append(self, *events: EventData) -> None:
        def work(session: Session) -> None:
            for event in events:
                self.log.append(session, event, time=NOW, trace=Trace(correlation_id="c"))

        await self.database.write(work)


class Procurement:
    """The service, and what its callers do with it."""

    def __init__(self, service: Running, budget: Budget) -> None:
        self.running = service
        self.budget = budget
        self.send = service.send
        self.get = service.get
        self.events = service.events

    def learn(self, *events: EventData) -> None:
        """Let budget publish *events*, and procurement apply them through its subscription."""
        [subscription] = self.running.service.subscriptions

        async def work() -> None:
            await self.budget.append(*events)
            await subscription.catch_up()

        self.running.run(work)

    def supplier(self, name: str = "telecom") -> httpx.Response:
        body = {"name": "电信公司", "credit_code": CREDIT_CODE, "small_business": False}
        return self.send("PUT", f"/suppliers/{name}", body, role="buyer")

    def sign(self, **changes: Any) -> httpx.Response:
        return self.send("POST", "/contracts", a_contract(**changes), role="buyer")

    def accept(self, passed: str = "60", contract: str = "c1", **changes: Any) -> httpx.Response:
        path = f"/contracts/{contract}/acceptances"
        return self.send("POST", path, an_acceptance(passed, **changes), role="inspector")

    def amend(self, contract: str = "c1", **changes: Any) -> httpx.Response:
        return self.send("POST", f"/contracts/{contract}/amendments", {"reason": "r"} | changes, role="buyer")

    def terminate(self, on: str = "2018-12-01", contract: str = "c1") -> httpx.Response:
        body = {"reason": "r", "terminated_on": on}
        return self.send("POST", f"/contracts/{contract}/termination", body, role="buyer")

    def set_time(self, now: datetime) -> None:
        """Let it be *now* for the service."""
        clock = self.running.service.clock
        assert isinstance(clock, FixedClock)
        clock.moment = now

    def stored(self) -> dict[str, int]:
        """How many rows each table has that a request could add to."""
        tables = [*store.Table.metadata.sorted_tables, idempotency.idempotency, log_table.event_log]

        def count(session: Session) -> dict[str, int]:
            return {
                table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in tables
            }

        return self.running.read(count)


@contextlib.contextmanager
def a_procurement(folder: Path, **settings: Any) -> Iterator[Procurement]:
    """Procurement on a fresh database, wired as its ``app.py`` does."""
    issuer = Issuer(folder / "keys")
    service = Service(
        "procurement",
        settings_for(folder, issuer.folder, Settings, **settings),
        store.Table.metadata,
        package="services.procurement",
    )
    service.clock = service.once._clock = service.log._clock = FixedClock(NOW)
    for source in CONSUMES:
        service.listen(source, handlers.learn)
    service.forgetting(handlers.learn, handlers.unlearn)
    budget = Budget(folder)
    [subscription] = service.subscriptions
    subscription._feed = DirectFeed(cast(Source, budget))  # type: ignore[assignment]  # The same contract.
    app = service.app(api.router(service), title="procurement", description="")
    budget.database.start()
    budget.database.submit(budget.log.create).result()
    try:
        with running(app, issuer) as started:
            yield Procurement(started, budget)
    finally:
        budget.database.close()
