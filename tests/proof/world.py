"""A world of two sources and a consumer, the steps that can happen in it, and its way back to health."""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis
from sqlmodel import Session

from services.evaluation import rebuilding, store
from shared import log as log_table
from shared import parking
from shared.clock import FixedClock
from shared.database import Database
from shared.events.base import EventData, read
from shared.events.budget import PaymentMade
from shared.events.monitoring import FaultOpened
from shared.feed import FeedUnreachable
from shared.log import EventLog, Trace
from shared.operations import ReplayFailed, _replay
from shared.problems import Unavailable
from shared.relay import mac_of, stream_name
from tests.proof import copies
from tests.proof.parts import NOW, PROJECT, Budget, Crash, Evaluation, Line, reader_of
from tests.proof.watcher import WATCHER, Watcher
from tests.shared.mechanism import DirectFeed

STREAM = stream_name("budget", 0)
TRACE = Trace(correlation_id="proof")
ROUNDS = 12  # Of healing; what is not level then never will be.


class Monitoring:
    """The second source: a log alone."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder}/monitoring.db", log_table.metadata)
        self.log = EventLog("monitoring", FixedClock(NOW))
        self._count = itertools.count(1)

    async def append(self) -> None:
        data: EventData = FaultOpened(
            project=PROJECT,
            fault=f"f{next(self._count)}",
            asset=None,
            severity="major",
            occurred_at=NOW,
            service_down=True,
        )
        await self.database.write(lambda session: self.log.append(session, data, time=NOW, trace=TRACE))


@dataclass
class Post:
    """A payment as finance knows it."""

    key: str
    body: dict[str, Any]
    answer: httpx.Response | None = None  # None: nobody knows.
    answers: list[int] = field(default_factory=list)

    @property
    def is_promised(self) -> bool:
        return self.answer is not None and self.answer.is_success


@dataclass
class World:
    """Everything there is, and what has been seen of it."""

    budget: Budget
    monitoring: Monitoring
    evaluation: Evaluation
    redis: Redis
    has_bus: bool
    chance: random.Random
    posts: list[Post] = field(default_factory=list)
    seen: list[tuple[bytes, bytes]] = field(default_factory=list)  # Every entry that ever stood on the stream.
    place: bytes = b"0"  # On the stream.
    watcher: Watcher = field(default_factory=Watcher)
    backups: dict[str, copies.Copy] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)  # What really struck.
    violations: list[str] = field(default_factory=list)
    _keys: Any = field(default_factory=lambda: itertools.count(1))

    # What people do.

    async def post(self) -> None:
        await self._send(self._new_post())

    def _new_post(self) -> Post:
        cents = self.chance.randrange(1, 10_000)
        body = {
            "project": PROJECT,
            "line": "a",
            "amount": f"{cents // 100}.{cents % 100:02d}",
            "paid_on": "2018-12-12",
            "payee": "电信公司",
            "purpose": "宽带服务",
            "approved_by": "张三",
        }
        post = Post(f"key-{next(self._keys)}", body)
        self.posts.append(post)
        return post

    async def _send(self, post: Post, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {"Authorization": self.budget.issuer.bearer("finance"), "Idempotency-Key": post.key}
        answer = await self.budget.client.post("/payments", json=body or post.body, headers=headers)
        if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR and body is None:
            if post.is_promised and answer.content != post.answer.content:  # type: ignore[union-attr]
                self.violations.append(f"I5: {post.key} was answered otherwise the second time")
            post.answer = answer
            post.answers.append(answer.status_code)
        return answer

    async def post_at_once(self) -> None:
        """Several at the same time: they share a commit, or do not."""
        await asyncio.gather(*(self._send(self._new_post()) for _ in range(self.chance.randrange(2, 5))))

    async def post_refused(self) -> None:
        post = self._new_post()
        post.body["amount"] = "99999999.00"
        answer = await self._send(post)
        if answer.is_success:
            self.violations.append("I5: more was paid than there is")

    async def repeat(self) -> None:
        if self.posts:
            await self._send(self.chance.choice(self.posts))

    async def repeat_otherwise(self) -> None:
        promised = [post for post in self.posts if post.is_promised]
        if promised:
            post = self.chance.choice(promised)
            answer = await self._send(post, post.body | {"amount": "100.01"})  # More than any that is drawn.
            if answer.is_success and await self._is_on_record(post):
                self.violations.append(f"I5: {post.key} was taken for two payments")

    async def _is_on_record(self, post: Post) -> bool:
        assert post.answer is not None
        return post.answer.json()["payment"] in await payments_of(self.budget)

    async def fault_reported(self) -> None:
        await self.monitoring.append()

    # The bus.

    async def relay(self) -> None:
        if self.has_bus:
            relay = self.budget.relay
            relay.wake()  # As commits do, and a start.
            relay._cursor, _ = await relay._last_on_stream(self.redis, is_quiet=False)
            while await relay._send(self.redis):
                pass

    async def relay_on(self) -> None:
        """As when a commit wakes it: on from where it was."""
        if self.has_bus and self.budget.relay._cursor is not None:
            await self.budget.relay._send(self.redis)

    async def deliver(self) -> None:
        await self._apply(await self._news())

    async def _news(self) -> list[tuple[bytes, bytes]]:
        found = await self.redis.xrange(STREAM, min=b"(" + self.place)
        if found:
            self.place = found[-1][0]
        entries = [(fields[b"event"], fields[b"mac"]) for _, fields in found]
        self.seen += entries
        return entries

    async def _apply(self, entries: list[tuple[bytes, bytes]]) -> None:
        await self.evaluation.subscription("budget").deliver(entries)

    async def deliver_any(self) -> None:
        """Old and new, again and again, in any order."""
        await self._news()
        if self.seen:
            await self._apply(self.chance.choices(self.seen, k=self.chance.randrange(1, 8)))

    async def drop(self) -> None:
        """The consumer never sees what is new, only perhaps much later."""
        await self._news()

    async def drop_some(self) -> None:
        found = await self._news()
        await self._apply([entry for entry in found if self.chance.random() < 0.5])

    async def forge(self) -> None:
        if self.seen:
            raw, mac = self.chance.choice(self.seen)
            at = self.chance.randrange(len(raw))
            flipped = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            await self._apply([(flipped, mac), (raw, mac_of(b"another", raw)), (raw, b"")])

    async def flush(self) -> None:
        await self.redis.flushall()
        self.place = b"0"

    async def roll_back_bus(self) -> None:
        """Redis comes back with an older copy of itself."""
        entries = await self.redis.xrange(STREAM)
        await self._news()
        kept = entries[: self.chance.randrange(len(entries) + 1)]
        await self.redis.delete(STREAM)
        for _, fields in kept:
            await self.redis.xadd(STREAM, fields)
        self.place = b"0"

    # The consumer.

    async def pull(self) -> None:
        for subscription in self.evaluation.service.subscriptions:
            await self._pull(subscription)

    async def pull_one(self) -> None:
        await self._pull(self.chance.choice(self.evaluation.service.subscriptions))

    async def _pull(self, subscription: Any) -> None:
        try:
            await subscription.catch_up()
        except (FeedUnreachable, Unavailable):
            self.happened["pull failed"] += 1

    async def cut_line(self) -> None:
        self.chance.choice(list(self.evaluation.lines.values())).is_cut = True

    async def mend_line(self) -> None:
        for line in self.evaluation.lines.values():
            line.is_cut = False

    async def score(self) -> None:
        await self.evaluation.scorer._score_due(asyncio.get_running_loop().time() + 1)
        await self.evaluation.hub._follow()
        await asyncio.sleep(0)

    async def rebuild(self) -> None:
        service = self.evaluation.service
        name = f"rebuild-{next(self._keys)}"

        def begin(session: Session) -> None:
            rebuilding.begin(session, name, reason="proof", by="operator", now=NOW)

        await service.database.write(begin)
        await self.evaluation.rebuilder._rebuild(name)

    async def poison(self) -> None:
        """The next payment is something that the consumer's program of today cannot apply."""
        post = self._new_post()
        answer = await self._send(post)
        if answer.is_success:
            rows = await self.budget.service.database.read(lambda session: self.budget.log.after(session, 0, 0, 10**6))
            self.evaluation.poison.add(read(rows[-1][1]).envelope.id)

    async def replay(self) -> None:
        await self._replay_all()

    async def mend_program(self) -> None:
        self.evaluation.poison.clear()

    async def _replay_all(self) -> None:
        service = self.evaluation.service
        for parked in await service.database.read(
            lambda s: parking.listed(s, state="open", projects=None, after=0, limit=500)
        ):
            try:
                await _replay(service, parked.position, "mended", WATCHER)
                self.happened["replayed"] += 1
            except ReplayFailed:
                self.happened["replay failed"] += 1

    # The subscriber.

    async def watch(self) -> None:
        if not self.watcher.is_on:
            self.watcher.connect(self.evaluation)
            await asyncio.sleep(0)

    async def cut_watcher(self) -> None:
        await self.watcher.cut()

    # Ends of processes.

    async def budget_dies_before_commit(self) -> None:
        self.budget.dying.soon()
        post = self._new_post()
        await self._send(post)
        await self._restart_budget()

    async def budget_dies_before_answer(self) -> None:
        """After the commit: it is on record, and nobody was told."""
        post = self._new_post()
        await self._send(post)
        post.answer = None
        await self._restart_budget()

    async def budget_dies_after_xadd(self) -> None:
        if self.has_bus:
            await self.relay_on()
            self.budget.relay._cursor = None
        await self._restart_budget()

    async def _restart_budget(self) -> None:
        await self.budget.die()
        await self.budget.live()

    async def evaluation_dies_before_commit(self) -> None:
        await self.mend_line()
        await self.post()
        self.evaluation.dying.soon(self.chance.randrange(3))
        try:
            await self.relay()
            if self.chance.random() < 0.5:
                await self.deliver()
            else:
                await self.pull()
            await self.score()
        except Crash:
            self.happened["died in a commit"] += 1
        await self._restart_evaluation()

    async def evaluation_dies_after_commit(self) -> None:
        await self.pull_one()
        await self._restart_evaluation()

    async def _restart_evaluation(self) -> None:
        was_on = self.watcher.is_on
        await self.watcher.cut()
        await self.evaluation.die()
        await self.evaluation.live()
        if was_on:
            self.watcher.connect(self.evaluation)

    # Backups.

    async def back_up_evaluation(self) -> None:
        self.backups["evaluation"] = await asyncio.to_thread(copies.take, self.evaluation.url)

    async def restore_evaluation(self) -> None:
        if "evaluation" in self.backups:
            was_on = self.watcher.is_on
            await self.watcher.cut()
            await self.evaluation.die()
            await asyncio.to_thread(copies.put_back, self.evaluation.url, self.backups["evaluation"])
            await self.evaluation.live()
            self.happened["evaluation restored"] += 1
            if was_on:
                self.watcher.connect(self.evaluation)

    async def back_up_budget(self) -> None:
        self.backups["budget"] = await asyncio.to_thread(copies.take, self.budget.url)

    async def restore_budget(self) -> None:
        """Back to the backup: what was answered since is lost by the operator's will; from now on nothing is."""
        if "budget" not in self.backups:
            return
        before = list(self.posts)
        await self.stop_budget()
        if self.budget.is_open:
            await self.post()
        await self.budget.die()
        await asyncio.to_thread(copies.put_back, self.budget.url, self.backups["budget"])
        await self.budget.live()
        for post in before:
            post.answer = None
            post.answers.clear()
        self.happened["budget restored"] += 1

    async def stop_budget(self) -> None:
        """What the operator's page asks for before anything is put back."""
        await self.budget.die()

    # Health.

    async def heal(self) -> None:
        """Faults stop: everything works again, and whatever waits is done."""
        await self.mend_line()
        await self.mend_program()
        await self.watch()
        for post in self.posts:
            if not post.is_promised:
                await self._send(post)
        for _ in range(ROUNDS):
            await self.relay()
            await self.deliver()
            await self.pull()
            await self._replay_all()
            await self.score()
            if await self._is_level():
                break
        await self._drain()

    async def _is_level(self) -> bool:
        for name, log, database in self.sources():
            head = await database.read(lambda session, log=log: log.head(session, 0))
            mark = self.evaluation.subscription(name).mark
            if mark is None or (mark.diverged is None and mark.at != head):
                return False
        return not self.evaluation.scorer._due

    async def _drain(self) -> None:
        """Until the watcher has what the hub has."""
        await self.evaluation.hub._follow()
        row = await score_row(self.evaluation)
        for _ in range(500):
            if row is None or self.watcher.versions.get(PROJECT) == row.version:
                return
            await asyncio.sleep(0.002)

    def sources(self) -> list[tuple[str, EventLog, Database]]:
        return [
            ("budget", self.budget.log, self.budget.service.database),
            ("monitoring", self.monitoring.log, self.monitoring.database),
        ]


async def score_row(evaluation: Evaluation) -> Any:
    """The project's score as it is shown; None if it has none."""
    return await evaluation.service.database.read(lambda session: store.score(session, PROJECT))


async def payments_of(budget: Budget) -> Counter[str]:
    """How often each payment is in the log."""
    rows = await budget.service.database.read(lambda session: budget.log.after(session, 0, 0, 10**6))
    made = [read(raw).envelope for _, raw in rows]
    return Counter(
        json.loads(bytes(envelope.data))["payment"]
        for envelope in made
        if envelope.type == PaymentMade.versioned_type()
    )


@asynccontextmanager
async def a_world(
    folder: Path, budget: Budget, evaluation: Evaluation, redis: Redis, chance: random.Random, *, has_bus: bool
) -> AsyncIterator[World]:
    """A world of two services that are closed, and of a second source in *folder*."""
    monitoring = Monitoring(folder)
    evaluation.lines.update(
        budget=reader_of(budget),
        monitoring=Line(DirectFeed(monitoring)),  # type: ignore[arg-type]  # A log and a database, as a source has.
    )
    await redis.flushall()
    await asyncio.to_thread(monitoring.database.start)
    await monitoring.database.write(monitoring.log.create)
    await budget.live()
    await evaluation.live()
    world = World(budget, monitoring, evaluation, redis, has_bus, chance)
    try:
        yield world
    finally:
        await world.watcher.cut()
        await evaluation.die()
        await budget.die()
        await asyncio.to_thread(monitoring.database.close)
