"""One seed: a platform for each store, and every fault on it, one after the other, in the seed's order."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.chaos.cluster import Cluster
from bench.chaos.load import Load
from bench.chaos.oracles import Oracles
from bench.chaos.scene import Fault, Scene, Skip
from bench.chaos.subscribers import Subscriber
from cli.folder import SERVICES

STRIKE_SECONDS = 150.0
SUBSCRIBERS = 3


@dataclass(slots=True)
class Row:
    """What came of one fault under one seed."""

    fault: str
    seed: int
    outcome: str  # held, violated, not struck, skipped.
    struck: dict[str, float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    recovery: float | None = None  # Seconds until everything was ready again.
    applied: float | None = None  # Seconds until what was on record by then was applied everywhere.
    level: float = 0.0  # Seconds to drain after the load was stopped.
    settled: int = 0  # Answers that were outstanding, and were settled by the same key.
    promised: int = 0  # While the fault was on and recovery went on.
    seconds: float = 0.0
    detail: str = ""


@dataclass(slots=True)
class Result:
    """What came of one seed."""

    seed: int
    rows: list[Row] = field(default_factory=list)
    journal: dict[str, int] = field(default_factory=dict)
    sometimes: dict[str, float] = field(default_factory=dict)  # Things that must have happened at least once.
    oracles: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        return asdict(self)


async def run_seed(seed: int, faults: Sequence[Fault], minutes: float, tell: Any = print) -> Result:
    """Every one of *faults* under *seed*; whatever does not fit into *minutes* is left out and said to be."""
    began, result = time.monotonic(), Result(seed)
    deadline = began + minutes * 60
    for store in ("sqlite", "postgresql"):
        chosen = [fault for fault in faults if fault.store == store]
        random.Random(f"order {seed} {store}").shuffle(chosen)
        if chosen:
            with TemporaryDirectory(prefix="scorebus-chaos-", ignore_cleanup_errors=True) as folder:
                await _run_store(Path(folder), store, seed, chosen, deadline, result, tell)
    result.seconds = round(time.monotonic() - began, 1)
    return result


async def _run_store(
    folder: Path, store: str, seed: int, faults: Sequence[Fault], deadline: float, result: Result, tell: Any
) -> None:
    cluster = Cluster(folder, store)
    subscribers: list[Subscriber] = []
    try:
        await cluster.start()
        load = Load(cluster, seed)
        await load.prepare()
        subscribers += [Subscriber(cluster, f"dashboard {number}") for number in range(SUBSCRIBERS)]
        for subscriber in subscribers:
            subscriber.start()
        oracles = Oracles(cluster, load, subscribers)
        first = await oracles.ask()
        assert not first, f"before any fault: {first}"
        for fault in faults:
            if time.monotonic() > deadline:
                result.rows.append(Row(fault.number, seed, "skipped", detail="no time left"))
                continue
            row = await _run_fault(fault, seed, cluster, load, oracles)
            result.rows.append(row)
            tell(_line(row))
        await _count_sometimes(cluster, subscribers, result)
        for name, count in load.journal.counts().items():
            result.journal[name] = result.journal.get(name, 0) + count
        for name, count in oracles.asked.items():
            result.oracles[name] = result.oracles.get(name, 0) + count
    finally:
        for subscriber in subscribers:
            await subscriber.stop()
        await cluster.stop()


async def _run_fault(fault: Fault, seed: int, cluster: Cluster, load: Load, oracles: Oracles) -> Row:
    rng = random.Random(f"{fault.number} {seed}")
    scene, row = Scene(cluster, load, rng, oracles.subscribers), Row(fault.number, seed, "held")
    began, before = time.monotonic(), scene.promises
    try:
        async with load:
            await scene.pause(0.2, 0.8)
            async with asyncio.timeout(STRIKE_SECONDS):
                row.struck = dict(await fault.strike(scene))
            row.recovery, row.applied = (round(each, 2) for each in await scene.recovered(fault.group))
        row.settled = await load.settle_all()
        row.promised = scene.promises - before
        row.violations = await oracles.ask()
        row.level = round(oracles.level_seconds, 2)
    except Skip as reason:
        row.outcome, row.detail = "skipped", str(reason)
    except Exception as broken:  # noqa: BLE001  # Whatever it is, it is no proof.
        row.violations.append(f"{type(broken).__name__} {broken}")
    if row.violations:
        row.outcome = "violated"
    elif row.outcome == "held" and not (row.struck and all(row.struck.values())):
        row.outcome, row.detail = "not struck", str(row.struck)
    row.seconds = round(time.monotonic() - began, 1)
    await _tidy(cluster, load)
    return row


async def _tidy(cluster: Cluster, load: Load) -> None:
    """Whatever a fault left behind when it failed itself must not fall to the next one."""
    load.paused.clear()
    load.timeout = 5.0
    for proxy in cluster.proxies.values():
        proxy.heal()
    for file in cluster.points.iterdir():
        if not file.name.endswith(".struck"):
            file.unlink(missing_ok=True)
    cluster.active = dict(cluster.ports)
    cluster.bus_port = cluster.valkey.port
    for name in ("valkey", *SERVICES):
        if name not in cluster.keepers:
            cluster.keep(name)


async def _count_sometimes(cluster: Cluster, subscribers: Sequence[Subscriber], result: Result) -> None:
    """What has happened at least once; a run that never saw it has proven nothing about it."""
    for name, metric in (
        ("duplicates dropped", "scorebus_events_duplicate_total"),
        ("events pulled", "scorebus_events_pulled_total"),
        ("pulls failed", "scorebus_pulls_failed_total"),
        ("entries refused", "scorebus_events_refused_total"),
        ("heartbeats ahead", "scorebus_heartbeats_ahead_total"),
    ):
        found = sum([await cluster.metric(service, metric) for service in SERVICES])
        result.sometimes[name] = result.sometimes.get(name, 0) + found
    for name, count in (
        ("streams broken", sum(each.breaks for each in subscribers)),
        ("streams begun anew", sum(each.resets for each in subscribers)),
        ("versions told", sum(each.told for each in subscribers)),
    ):
        result.sometimes[name] = result.sometimes.get(name, 0) + count


def _line(row: Row) -> str:
    struck = ", ".join(f"{name} {count:g}" for name, count in row.struck.items())
    recovery = "" if row.recovery is None else f"{row.recovery:.2f}/{row.applied:.2f} s"
    text = (
        f"seed {row.seed} {row.fault:<5} {row.outcome:<10} {recovery:>13} {row.seconds:5.1f} s  {struck} {row.detail}"
    )
    return "\n    ".join([text, *row.violations])
