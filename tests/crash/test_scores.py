"""The apply path: whatever happens at a write or a sync, events are applied once and in order."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from services.evaluation.rules import plan_event
from shared.feed import FeedUnreachable
from shared.log import Trace
from shared.problems import Unavailable
from tests.crash import tracing
from tests.crash.office import POSTS, Office
from tests.evaluation.builders import a_plan, an_indicator
from tests.proof import copies
from tests.proof.invariants import folded_anew
from tests.proof.parts import NOW, PROJECT, Budget, Evaluation, Line, reader_of
from tests.proof.schedules import quiet
from tests.proof.world import score_row
from tests.stores import migrate

PAGE = 2  # Events in one transaction.
TRIES = 5

pytestmark = pytest.mark.skipif(tracing.why_not() is not None, reason=tracing.why_not() or "")


class Pages:
    """A feed that gives few events at a time."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.head = line.head

    async def after(self, at: Any, limit: int = PAGE) -> Any:
        return await self._line.after(at, min(limit, PAGE))


class Desk:
    """Evaluation on a file, behind a budget whose payments are on record."""

    def __init__(self, folder: Path) -> None:
        self._budget = Office(folder)
        self._budget.put_back()
        self._budget.pay(lambda _: None)
        self.path = folder / "evaluation.db"
        self._folder = folder
        self._issuer = self._budget.issuer
        (self._issuer.folder / "evaluation.mac").write_text("09" * 32)
        migrate(f"sqlite:///{self.path}", "evaluation")
        self.visit(self._adopt)
        self._prepared = copies.take(f"sqlite:///{self.path}")
        self.visit(self._catch_up)
        self.expected = self.visit(self._shown)

    async def _adopt(self, evaluation: Evaluation) -> None:
        plan = a_plan(an_indicator("paid_amount", "<=", "100000", unit="元", arguments={"line": "a"}))

        def adopt(session: Session) -> None:
            evaluation.service.publisher(session, Trace(correlation_id="crash"))(plan_event(plan, PROJECT), NOW)

        await evaluation.service.database.write(adopt)

    def put_back(self) -> None:
        copies.put_back(f"sqlite:///{self.path}", self._prepared)
        Path(f"{self.path}.head").unlink(missing_ok=True)

    def visit(self, work: Callable[[Evaluation], Any]) -> Any:
        """Run *work* with both services open, in a loop of its own."""

        async def run() -> Any:
            budget = Budget(self._folder, self._issuer, self._budget.url)
            evaluation = Evaluation(self._folder, self._issuer, f"sqlite:///{self.path}")
            evaluation.lines.update(budget=Pages(reader_of(budget)), monitoring=Line(None))  # type: ignore[arg-type]
            evaluation.lines["monitoring"].is_cut = True
            await budget.live()
            try:
                await evaluation.live()
                return await work(evaluation)
            finally:
                await evaluation.die()
                await budget.die()

        with quiet():
            return asyncio.run(run())

    async def _catch_up(self, evaluation: Evaluation) -> None:
        for _ in range(TRIES):
            await evaluation.subscription("budget").catch_up()
        await evaluation.scorer._score_due(asyncio.get_running_loop().time() + 1)

    async def _shown(self, evaluation: Evaluation) -> Any:
        row = await score_row(evaluation)
        return row.total, evaluation.subscription("budget").mark or await evaluation.subscription("budget")._watermark()

    def apply(self, tell: Callable[[str], None]) -> None:
        """What the child does: pages are applied and scored, over every refusal, and the watermark is told."""

        async def work(evaluation: Evaluation) -> None:
            subscription = evaluation.subscription("budget")
            for _ in range(TRIES):
                try:
                    await subscription.catch_up()
                    await evaluation.scorer._score_due(asyncio.get_running_loop().time() + 1)
                except (Unavailable, FeedUnreachable):
                    continue
                if subscription.mark is not None:
                    tell(str(subscription.mark.at.seq))

        self.visit(work)

    def examine(self, told: list[str]) -> None:
        """Open what is left, as the next process does."""
        with closing(sqlite3.connect(self.path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            numbers = [seq for (seq,) in connection.execute("SELECT seq FROM received_event ORDER BY position")]
            marks = [seq for (seq,) in connection.execute("SELECT seq FROM watermark WHERE s = 'budget'")]
        assert numbers == list(range(1, (marks or [0])[0] + 1))
        assert len(numbers) >= max(map(int, told), default=0)

        async def work(evaluation: Evaluation) -> None:
            await self._catch_up(evaluation)
            assert await folded_anew(evaluation)
            assert await self._shown(evaluation) == self.expected

        self.visit(work)


@pytest.fixture(scope="module")
def desk(folder: Path) -> Desk:
    return Desk(folder)


@pytest.fixture(scope="module")
def calls(desk: Desk) -> int:
    """How many writing calls the busiest thread makes on the database while everything is applied."""
    desk.put_back()
    end = tracing.run(desk.apply, desk.path, None)
    assert int(end.answers[-1]) == 2 + POSTS, end.told
    desk.examine(end.answers)
    return max(tracing.calls(end.traced).values())


def test_a_process_may_be_killed_at_every_write_and_sync(desk: Desk, calls: int) -> None:
    killed = []
    for number in tracing.some_of(calls):
        desk.put_back()
        end = tracing.run(desk.apply, desk.path, f"signal=KILL:when={number}")
        killed.append(end.killed)
        desk.examine(end.answers)

    assert sum(killed) > len(killed) * 3 // 4


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_the_disk_may_fail_at_every_write_and_sync(desk: Desk, calls: int, error: str) -> None:
    for number in tracing.some_of(calls, first=1 + (error == "EIO")):
        desk.put_back()
        end = tracing.run(desk.apply, desk.path, f"error={error}:when={number}")
        if end.exit_code == 0:
            assert int(end.answers[-1]) == 2 + POSTS, end  # It went on by itself.
        desk.examine(end.answers)
