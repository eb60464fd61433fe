"""Schedules: what happens in a world, one step after another, drawn from a seed and played again from it."""

import asyncio
import logging
import random
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
import uvloop
from redis.asyncio import Redis
from sqlmodel import Session

from services.evaluation.rules import plan_event
from shared.log import Trace
from tests.budget.driver import a_declaration, a_receipt
from tests.evaluation.builders import a_plan, an_indicator
from tests.proof import copies
from tests.proof.invariants import violations
from tests.proof.parts import NOW, PROJECT, Budget, Evaluation
from tests.proof.world import World, a_world
from tests.support import Issuer

# How often each step is drawn, in proportion.
STEPS: Final[dict[str, int]] = {
    "post": 10,
    "post_at_once": 4,
    "post_refused": 2,
    "repeat": 4,
    "repeat_otherwise": 2,
    "fault_reported": 4,
    "relay": 8,
    "relay_on": 4,
    "deliver": 8,
    "deliver_any": 5,
    "drop": 2,
    "drop_some": 3,
    "forge": 2,
    "flush": 2,
    "roll_back_bus": 2,
    "pull": 3,
    "pull_one": 3,
    "cut_line": 2,
    "mend_line": 2,
    "score": 6,
    "rebuild": 2,
    "poison": 2,
    "replay": 2,
    "mend_program": 1,
    "watch": 3,
    "cut_watcher": 2,
    "budget_dies_before_commit": 3,
    "budget_dies_before_answer": 2,
    "budget_dies_after_xadd": 1,
    "evaluation_dies_before_commit": 5,
    "evaluation_dies_after_commit": 1,
    "back_up_evaluation": 2,
    "restore_evaluation": 2,
    "back_up_budget": 3,
    "restore_budget": 3,
}
STEPS_SECONDS: Final = 120  # Of one schedule, however slow the machine: then it hangs.
LENGTH: Final = (8, 36)
WITHOUT_BUS: Final = 0.15  # Of all schedules (L2).


@dataclass(frozen=True)
class Schedule:
    """Named steps, and the seed of all other chance."""

    seed: int
    steps: tuple[str, ...]
    has_bus: bool

    @classmethod
    def of(cls, seed: int) -> "Schedule":
        chance = random.Random(seed)
        steps = chance.choices(list(STEPS), weights=list(STEPS.values()), k=chance.randrange(*LENGTH))
        return cls(seed, tuple(steps), chance.random() >= WITHOUT_BUS)

    def without(self, start: int, end: int) -> "Schedule":
        return Schedule(self.seed, self.steps[:start] + self.steps[end:], self.has_bus)


@dataclass
class Outcome:
    """What came of a schedule."""

    violations: list[str]
    happened: Counter[str] = field(default_factory=Counter)


class Stage:
    """Where schedules are played: two services and their databases, put back before each, and a bus."""

    def __init__(self, urls: dict[str, str], redis_url: str, folder: Path) -> None:
        self._folder = folder
        issuer = Issuer(folder / "keys")
        (issuer.folder / "evaluation.mac").write_text("09" * 32)
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._urls = urls
        self._redis = Redis.from_url(redis_url)
        self._budget = Budget(folder, issuer, urls["budget"])
        self._evaluation = Evaluation(folder, issuer, urls["evaluation"])
        self._prepared: dict[str, copies.Copy] = {}
        self._runner.run(self._prepare())

    def close(self) -> None:
        """Let everything go."""
        self._runner.run(self._redis.aclose())
        self._runner.run(self._budget.client.aclose())
        self._runner.close()

    async def _prepare(self) -> None:
        """Declare the project and adopt its plan."""
        async with self._world(Schedule(0, (), has_bus=False)) as world:
            admin = {"Authorization": world.budget.issuer.bearer("admin")}
            project, client = f"/projects/{PROJECT}", world.budget.client
            declaration, receipt = a_declaration({"a": "100000.00"}), a_receipt("100000.00")
            for answer in (
                await client.put(project, json=declaration, headers=admin),
                await client.post(f"{project}/receipts", json=receipt, headers=admin),
            ):
                answer.raise_for_status()
            service = world.evaluation.service
            plan = a_plan(an_indicator("paid_amount", "<=", "100000", unit="元", arguments={"line": "a"}))

            def adopt(session: Session) -> None:
                service.publisher(session, Trace(correlation_id="proof"))(plan_event(plan, PROJECT), NOW)

            await service.database.write(adopt)
        self._prepared = {name: copies.take(url) for name, url in self._urls.items()}

    @asynccontextmanager
    async def _world(self, schedule: Schedule) -> AsyncIterator[World]:
        self._evaluation.poison.clear()
        chance = random.Random(schedule.seed)
        with TemporaryDirectory(dir=self._folder) as folder:
            parts = (Path(folder), self._budget, self._evaluation, self._redis, chance)
            async with a_world(*parts, has_bus=schedule.has_bus) as world:
                yield world

    def play(self, schedule: Schedule) -> Outcome:
        """Play *schedule* in a fresh world, heal it, and look."""
        for name, url in self._urls.items():
            copies.put_back(url, self._prepared[name])
        for witness in self._folder.glob("*.head"):
            witness.unlink()
        return self._runner.run(self._play(schedule))

    async def _play(self, schedule: Schedule) -> Outcome:
        async with self._world(schedule) as world:
            try:
                async with asyncio.timeout(STEPS_SECONDS):
                    await _steps(world, schedule)
                    found = await violations(world)
            except Exception as error:  # noqa: BLE001  # Whatever a step raises, the platform should have borne it.
                where = traceback.extract_tb(error.__traceback__)[-1]
                found = [*world.violations, f"raised: {error!r} at {Path(where.filename).name}:{where.lineno}"]
            return Outcome(found, world.happened)

    def shrink(self, schedule: Schedule) -> Schedule:
        """A schedule with fewer steps that is violated, too."""
        size = len(schedule.steps) // 2
        while size:
            start = 0
            while start < len(schedule.steps):
                shorter = schedule.without(start, start + size)
                if self.play(shorter).violations:
                    schedule = shorter
                else:
                    start += size
            size //= 2
        return schedule


async def _steps(world: World, schedule: Schedule) -> None:
    for name in schedule.steps:
        await getattr(world, name)()
        world.happened[name] += 1
    await world.heal()


@contextmanager
def quiet() -> Iterator[None]:
    """Ten thousand schedules have nothing to say to a log."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def play_all(
    stage: Stage, seeds: range, tell: Callable[[Schedule, Outcome], None] = lambda *_: None
) -> tuple[Counter[str], list[Schedule]]:
    """Play the schedules of *seeds*; returns what happened how often, and the schedules that were violated."""
    happened: Counter[str] = Counter()
    violated = []
    for seed in seeds:
        schedule = Schedule.of(seed)
        outcome = stage.play(schedule)
        happened += outcome.happened
        if outcome.violations:
            violated.append(schedule)
        tell(schedule, outcome)
    return happened, violated
