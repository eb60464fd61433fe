"""Where a fault strikes: the platform, its load, chance from the seed, and how recovery is measured."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from bench.chaos.cluster import Cluster
from bench.chaos.load import Load
from bench.chaos.subscribers import Subscriber
from cli.folder import SERVICES
from cli.programs import SOURCES
from shared.relay import stream_name

Group = Literal["process", "platform", "bus", "link", "store", "history", "input", "clients", "time"]
Struck = Mapping[str, float]  # What proves that the fault has struck: each must be above 0.
HEARD_ATTEMPTS = 10


class Skip(Exception):
    """The fault cannot strike on this machine; the message says why."""


@dataclass(slots=True)
class Scene:
    """What a fault has to do with."""

    cluster: Cluster
    load: Load
    rng: random.Random
    subscribers: list[Subscriber]
    since: float = field(default_factory=time.monotonic)
    ready_at: float | None = None

    def mark(self, moment: float | None = None) -> None:
        """Recovery counts from here: the moment of death of a process, the end of any other fault."""
        self.since = time.monotonic() if moment is None else moment

    async def heard(self, send: Callable[[], Awaitable[None]], metric: str, **labels: str) -> float:
        """
        Send until a metric of evaluation moves; how much.

        A subscriber whose connection broke in the fault before rests for five seconds, and hears nothing meanwhile.
        """
        before, count = await self.cluster.metric("evaluation", metric, **labels), 0.0
        for _ in range(HEARD_ATTEMPTS):
            await send()
            await asyncio.sleep(1.0)
            count = await self.cluster.metric("evaluation", metric, **labels) - before
            if count:
                break
        self.mark()
        return count

    async def pause(self, low: float, high: float) -> None:
        """Let load go on for a while that the seed chooses."""
        await asyncio.sleep(self.rng.uniform(low, high))

    @property
    def promises(self) -> int:
        return sum(entry.outcome == "promised" for entry in self.load.journal.entries)

    async def goes_on(self, more: int = 3) -> int:
        """Wait until promises were made that were not there before."""
        before = self.promises
        await self.cluster.until(lambda: self.promises >= before + more, "further promises", 30.0)
        return self.promises - before

    async def heads(self) -> dict[str, int]:
        """Where each source's log ends."""
        found = {}
        for source in SERVICES:

            async def end(source: str = source) -> int:
                answer = await self.cluster.get(source, "/events/head")
                return int(answer["partitions"][0]["seq"]) + 1  # Never 0, so that it counts as an answer.

            found[source] = await self.cluster.until(end, f"{source}'s head") - 1
        return found

    async def recovered(self, group: Group) -> tuple[float, float]:
        """
        Seconds until everything is ready, and until what was on record by then is applied, too.

        After a fault of the bus, ready means that every stream holds its log's last event again.
        """
        ready = self.ready_at if self.ready_at is not None and self.ready_at > self.since else None
        if ready is None:
            await self.cluster.until(self.cluster.is_ready, "everything ready")
        heads = await self.heads()
        if group == "bus":
            await self.cluster.until(lambda: self.is_on_bus(heads), "the streams filled", every=0.05)
        ready = ready or time.monotonic()
        await self.cluster.until(lambda: self.is_applied(heads), "recovery", every=0.1)
        return ready - self.since, time.monotonic() - self.since

    async def ready(self) -> None:
        """Wait until every service is ready, and remember when that was."""
        await self.cluster.until(self.cluster.is_ready, "the platform ready")
        self.ready_at = time.monotonic()

    async def is_applied(self, heads: Mapping[str, int]) -> bool:
        """Whether every consumer has applied what each log held then."""
        for consumer in SERVICES:
            if not SOURCES[consumer]:
                continue
            answer = await self.cluster.get(consumer, "/reconciliation")
            if any(each["watermark"]["seq"] < heads[each["source"]] or each["diverged"] for each in answer["sources"]):
                return False
        return True

    async def is_on_bus(self, heads: Mapping[str, int], port: int = 0) -> bool:
        """Whether the streams hold these heads."""
        async with self.cluster.bus(port) as bus:
            for source, seq in heads.items():
                entries = await bus.xrevrange(stream_name(source, 0), count=1)
                if seq and (not entries or int(msgspec.json.decode(entries[0][1][b"event"])["sequence"]) < seq):
                    return False
        return True


Strike = Callable[[Scene], Awaitable[Struck]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of the matrix."""

    number: str
    what: str
    group: Group
    store: Literal["sqlite", "postgresql"]
    quick: bool  # Whether it belongs to the short selection.
    strike: Strike


FAULTS: dict[str, Fault] = {}


def fault(
    number: str, what: str, group: Group, *, store: Literal["sqlite", "postgresql"] = "sqlite", quick: bool = False
) -> Callable[[Strike], Strike]:
    """Put a fault into the matrix."""

    def put(strike: Strike) -> Strike:
        assert number not in FAULTS, number
        FAULTS[number] = Fault(number=number, what=what, group=group, store=store, quick=quick, strike=strike)
        return strike

    return put
