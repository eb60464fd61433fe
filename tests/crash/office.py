"""The two services of the crash tests on files of SQLite's, and what must hold of whatever is left of them."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from shared.events.base import GENESIS_HASH, hash_of, read
from tests.budget.driver import a_declaration, a_receipt
from tests.proof import copies
from tests.proof.parts import PROJECT, Budget
from tests.proof.schedules import quiet
from tests.proof.world import payments_of
from tests.stores import migrate
from tests.support import Issuer

POSTS = 2
TRIES = 6  # Of one payment, by a caller that is told to come back.


class Office:
    """A budget service on a file, and finance in front of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "budget.db"
        self.url = f"sqlite:///{self.path}"
        self._folder = folder
        self.issuer = Issuer(folder / "keys")
        self.issuer.bearer("finance")
        migrate(self.url, "budget")
        self.visit(self._prepare)
        self._prepared = copies.take(self.url)

    def put_back(self) -> None:
        copies.put_back(self.url, self._prepared)
        Path(f"{self.path}.head").unlink(missing_ok=True)

    def visit(self, work: Callable[[Budget], Any]) -> Any:
        """Run *work* with the service open, in a loop of its own."""

        async def run() -> Any:
            budget = Budget(self._folder, self.issuer, self.url)
            await budget.live()
            try:
                return await work(budget)
            finally:
                await budget.die()

        with quiet():
            return asyncio.run(run())

    async def _prepare(self, budget: Budget) -> None:
        admin = {"Authorization": self.issuer.bearer("admin")}
        project = f"/projects/{PROJECT}"
        (await budget.client.put(project, json=a_declaration({"a": "1000.00"}), headers=admin)).raise_for_status()
        await budget.client.post(f"{project}/receipts", json=a_receipt("1000.00"), headers=admin)

    async def post(self, budget: Budget, number: int) -> httpx.Response:
        body = {
            "project": PROJECT,
            "line": "a",
            "amount": f"{number}.00",
            "paid_on": "2018-12-12",
            "payee": "p",
            "purpose": "p",
            "approved_by": "a",
        }
        headers = {"Authorization": self.issuer.bearer("finance"), "Idempotency-Key": f"key-{number}"}
        return await budget.client.post("/payments", json=body, headers=headers)

    def pay(self, tell: Callable[[str], None]) -> None:
        """What the child does: posts, and tells each answer; who is told to come back does."""

        async def work(budget: Budget) -> None:
            for number in range(1, POSTS + 1):
                for _ in range(TRIES):
                    answer = await self.post(budget, number)
                    body = answer.json()
                    tell(f"{number} {answer.status_code} {body.get('payment') or body.get('type')}")
                    if answer.is_success:
                        break

        self.visit(work)

    def examine(self, told: list[str]) -> None:
        """Open what is left, as the next process does, and hold the answers against it."""
        promised = {int(line.split()[0]): line.split()[2] for line in told if line.split()[1] == "201"}
        with closing(sqlite3.connect(self.path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

        async def work(budget: Budget) -> None:
            made = await payments_of(budget)
            assert all(made[payment] == 1 for payment in promised.values()), (promised, made)
            for number in range(1, POSTS + 1):
                answer = await self.post(budget, number)
                assert answer.is_success, answer.text
                assert promised.get(number, answer.json()["payment"]) == answer.json()["payment"]
            made = await payments_of(budget)
            assert sorted(made.values()) == [1] * POSTS
            await chain_holds(budget)
            client, admin = budget.client, {"Authorization": self.issuer.bearer("admin")}
            ledger = (await client.get(f"/projects/{PROJECT}/budget", headers=admin)).json()
            assert ledger["lines"][0]["paid"] == f"{sum(range(1, POSTS + 1))}.00"

        self.visit(work)


async def chain_holds(budget: Budget) -> None:
    rows = await budget.service.database.read(lambda session: budget.log.after(session, 0, 0, 10**6))
    head = await budget.service.database.read(lambda session: budget.log.head(session, 0))
    assert [seq for seq, _ in rows] == list(range(1, head.seq + 1))
    last = GENESIS_HASH
    for _, raw in rows:
        assert read(raw).envelope.prevhash == last
        last = hash_of(raw)
    assert head.hash == last
