"""Budget as it runs, with a real database and without a bus, and procurement's log beside it."""

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from services.budget import CONSUMES, api, handlers, store
from services.budget.settings import Settings
from shared import idempotency
from shared import log as log_table
from shared.clock import FixedClock
from shared.database import Database
from shared.events.base import EventData
from shared.events.procurement import AcceptedItem, ContractAccepted, ContractAmended, ContractItem, ContractSigned
from shared.log import EventLog, Trace
from shared.service import Service
from tests.shared.mechanism import DirectFeed, Source
from tests.support import Issuer, Running, running, settings_for

NOW = datetime(2018, 12, 20, 4, 0, tzinfo=UTC)  # Noon in Shanghai.
PROJECT = "web"

_keys = itertools.count(1)


def a_declaration(lines: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """A project's declaration, its sources in step with its lines."""
    amounts = {"net": "1000.00", "site": "500.00"} if lines is None else lines
    total = sum(int(amount.replace(".", "")) for amount in amounts.values())
    usual = {
        "name": "政府网站",
        "unit": "电子政务办",
        "department": "政府办公室",
        "fiscal_year": 2018,
        "nature": "continuing",
        "starts_on": "2018-01-01",
        "ends_on": "2018-12-31",
        "lines": [{"line": line, "name": line.upper(), "amount": amount} for line, amount in amounts.items()],
        "sources": {"fiscal": f"{total // 100}.{total % 100:02d}"},
    }
    return usual | changes


def a_receipt(amount: str, **changes: Any) -> dict[str, Any]:
    return {"amount": amount, "source": "fiscal", "received_on": "2018-03-01", "reference": "财预1号"} | changes


def a_payment(amount: Any = "100.00", **changes: Any) -> dict[str, Any]:
    usual = {
        "project": PROJECT,
        "line": "net",
        "amount": amount,
        "paid_on": "2018-12-12",
        "payee": "电信公司",
        "purpose": "宽带服务",
        "approved_by": "张三",
    }
    return usual | changes


def signed(contract: str = "c1", amount: str = "800.00", advance: str = "0.00", **changes: Any) -> ContractSigned:
    usual: dict[str, Any] = {
        "project": PROJECT,
        "contract": contract,
        "line": "net",
        "supplier": "telecom",
        "supplier_name": "电信公司",
        "amount": amount,
        "method": "single_source",
        "government_procurement": True,
        "signed_on": date(2018, 1, 2),
        "starts_on": date(2018, 1, 2),
        "ends_on": date(2018, 12, 31),
        "items": (ContractItem(item="broadband", name="宽带", unit="项", quantity="1"),),
        "advance_amount": advance,
        "payment_days": 30,
    }
    return ContractSigned(**usual | changes)


def accepted(contract: str = "c1") -> ContractAccepted:
    return ContractAccepted(
        project=PROJECT,
        acceptance=f"{contract}-a",
        contract=contract,
        accepted_on=date(2018, 12, 1),
        items=(AcceptedItem(item="broadband", inspected="1", passed="1"),),
    )


def amended(amount: str, contract: str = "c1") -> ContractAmended:
    return ContractAmended(project=PROJECT, contract=contract, amount=amount, ends_on=date(2018, 12, 31), items=())


class Procurement:
    """Procurement as budget meets it: a real log behind a feed."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder}/procurement.db", log_table.metadata)
        self.log = EventLog("procurement", FixedClock(NOW))

    async def append(self, *events: EventData) -> None:
        def work(session: Session) -> None:
            for event in events:
                self.log.append(session, event, time=NOW, trace=Trace(correlation_id="c"))

        await self.database.write(work)


class Budget:
    """The service, and what its callers do with it."""

    def __init__(self, service: Running, procurement: Procurement) -> None:
        self.running = service
        self.procurement = procurement
        self.send = service.send
        self.get = service.get
        self.head = service.head
        self.events = service.events

    def learn(self, *events: EventData) -> None:
        """Let procurement publish *events*, and budget apply them as it does: through its subscription."""
        [subscription] = self.running.service.subscriptions

        async def work() -> None:
            await self.procurement.append(*events)
            await subscription.catch_up()

        self.running.run(work)

    def declare(self, lines: Mapping[str, str] | None = None, *, project: str = PROJECT, **changes: Any) -> None:
        answer = self.send("PUT", f"/projects/{project}", a_declaration(lines, **changes))
        assert answer.status_code in (200, 201), answer.text

    def receive(self, amount: str, *, project: str = PROJECT) -> None:
        answer = self.send("POST", f"/projects/{project}/receipts", a_receipt(amount))
        assert answer.status_code == httpx.codes.CREATED, answer.text

    def post(self, amount: Any = "100.00", *, key: str | None = None, **changes: Any) -> httpx.Response:
        """Post a payment as finance does, with a key of its own."""
        return self.post_as_is(a_payment(amount, **changes), key=key)

    def post_as_is(self, body: Any, *, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return self.send("POST", "/payments", body, role="finance", headers=headers)

    def pay(self, amount: Any = "100.00", **changes: Any) -> str:
        """Post a payment that goes through; gives its id."""
        answer = self.post(amount, **changes)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return cast(str, answer.json()["payment"])

    def reverse(self, payment: str, **changes: Any) -> httpx.Response:
        return self.send("POST", f"/payments/{payment}/reversal", {"reason": "重复支付"} | changes, role="finance")

    def view(self, project: str = PROJECT) -> dict[str, Any]:
        return cast(dict[str, Any], self.get(f"/projects/{project}/budget"))

    def line(self, line: str = "net", project: str = PROJECT) -> dict[str, str]:
        return next(each for each in self.view(project)["lines"] if each["line"] == line)

    def stored(self) -> dict[str, int]:
        """How many rows each table has that a request could add to, and the number at the log's head."""
        tables = [*store.Table.metadata.sorted_tables, idempotency.idempotency, log_table.event_log]

        def count(session: Session) -> dict[str, int]:
            return {
                table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in tables
            }

        return self.running.read(count) | {"head": self.head().seq}


@contextlib.contextmanager
def a_budget(folder: Path, **settings: Any) -> Iterator[Budget]:
    """Budget on a fresh database, wired as its ``app.py`` does."""
    issuer = Issuer(folder / "keys")
    clock = FixedClock(NOW)
    service = Service(
        "budget",
        settings_for(folder, issuer.folder, Settings, **settings),
        store.Table.metadata,
        package="services.budget",
    )
    service.clock = service.once._clock = service.log._clock = clock
    for source in CONSUMES:
        service.listen(source, handlers.learn)
    service.forgetting(handlers.learn, handlers.unlearn)
    procurement = Procurement(folder)
    [subscription] = service.subscriptions
    subscription._feed = DirectFeed(cast(Source, procurement))  # type: ignore[assignment]  # The same contract.
    app = service.app(api.router(service), title="budget", description="")
    procurement.database.start()
    procurement.database.submit(procurement.log.create).result()
    try:
        with running(app, issuer) as started:
            yield Budget(started, procurement)
    finally:
        procurement.database.close()
