"""
Pull and rebuild: all events from the sources' feeds over HTTP, without a bus; then all scores from what was received.

The sources' logs are filled beforehand. Sources and evaluation share the cores, as they do when it is in earnest.
"""

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.speed.figures import Figure, NotSo
from bench.speed.processes import resident_bytes
from bench.speed.stand import NO_LIMIT, SOURCES, Stand, a_stand, until
from bench.speed.workload import Workload, workload

SIZES = (100_000, 1_000_000)
PROJECTS = 200
EPOCHS = {"budget": "00000000-0000-4000-8000-00000000000b", "monitoring": "00000000-0000-4000-8000-00000000000a"}
LOOK_SECONDS = 0.1
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a run, in seconds."""

    seconds: float
    cpu: float  # Of evaluation.
    sources_cpu: float = 0.0
    mib: float = 0.0  # That evaluation has in memory after it.


def measure(runs: int, scale: float = 1.0) -> list[Figure]:
    """Both sizes; each run begins with an evaluation that knows nothing but the plans."""
    return [figure for size in SIZES for figure in _sized(runs, round(size * scale))]


def _sized(runs: int, events: int) -> list[Figure]:
    with TemporaryDirectory() as folder, a_stand(Path(folder)) as stand:
        work = _filled(stand, events)
        total = len(work.budget.events) + len(work.monitoring.events)
        pulled, rebuilt = [], []
        for _ in range(runs):
            pulled.append(_pulled(stand, work))
            rebuilt.append(_rebuilt(stand, work))
            stand.stop("evaluation")
    pull, rebuild = f"pull {events:,}", f"rebuild {events:,}"
    return [
        Figure(pull, "events", "a second", tuple(total / each.seconds for each in pulled), ">= 20000"),
        Figure(pull, "processor of evaluation", "us an event", _microseconds([each.cpu for each in pulled], total)),
        Figure(pull, "processor of the sources", "us an event", _microseconds([e.sources_cpu for e in pulled], total)),
        Figure(pull, "memory of evaluation", "MiB", tuple(each.mib for each in pulled)),
        Figure(rebuild, "events", "a second", tuple(total / each.seconds for each in rebuilt), ">= 40000"),
        Figure(rebuild, "processor", "us an event", _microseconds([each.cpu for each in rebuilt], total)),
    ]


def _microseconds(seconds: list[float], events: int) -> tuple[float, ...]:
    return tuple(each / events * 1e6 for each in seconds)


def _filled(stand: Stand, events: int) -> Workload:
    """Sources that have it all on record and do not run."""
    stand.set("evaluation", **NO_LIMIT)
    stand.start(*SOURCES)
    for source in SOURCES:
        stand.stop(source)
    work = workload(events, PROJECTS, EPOCHS)
    stand.fill_log("budget", work.budget)
    stand.fill_log("monitoring", work.monitoring)
    return work


def _pulled(stand: Stand, work: Workload) -> Cost:
    """Pull all of *work*, until it is on disk; then every score must be what the oracle says."""
    stand.forget("evaluation")
    stand.start("evaluation")
    stand.adopt_plans(work.projects)
    stand.signal("evaluation", signal.SIGSTOP)
    stand.start(*SOURCES)
    before = stand.cpu_seconds("evaluation"), sum(map(stand.cpu_seconds, SOURCES))
    since = time.monotonic()
    stand.signal("evaluation", signal.SIGCONT)
    until(lambda: stand.is_level(work), "all events being pulled")
    cost = Cost(
        seconds=time.monotonic() - since,
        cpu=stand.cpu_seconds("evaluation") - before[0],
        sources_cpu=sum(map(stand.cpu_seconds, SOURCES)) - before[1],
        mib=resident_bytes(stand.running["evaluation"].pid) / MIB,
    )
    until(lambda: stand.is_scored(work), "every score")
    for source in SOURCES:
        stand.stop(source)
    return cost


def _rebuilt(stand: Stand, work: Workload) -> Cost:
    """Rebuild every score; it must find what was there."""
    place = f"{stand.url('evaluation')}/rebuilds"
    cpu, since = stand.cpu_seconds("evaluation"), time.monotonic()
    answer = stand.client.post(place, json={"reason": "bench"})
    answer.raise_for_status()
    name = answer.json()["rebuild"]
    seen: dict[str, Any] = {}
    while seen.get("status") != "done":
        time.sleep(LOOK_SECONDS)
        seen = stand.client.get(f"{place}/{name}").raise_for_status().json()
    cost = Cost(time.monotonic() - since, stand.cpu_seconds("evaluation") - cpu)
    if not seen["digest"]["equal"] or seen["projects"] != len(work.projects) or not stand.is_scored(work):
        raise NotSo(f"the rebuild came to something else: {seen}")
    return cost
