"""From full streams to durable scores: what an event costs evaluation, beside the limit and naive."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.speed import limit
from bench.speed.figures import Figure, NotSo
from bench.speed.stand import ROOT, SOURCES, Stand, a_stand, until
from bench.speed.workload import Workload, workload
from shared.relay import stream_name

EVENTS = 100_000
PROJECTS = 200
NAIVE_EVENTS = 3_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one event."""

    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return 1 / self.seconds


def measure(runs: int, events: int = EVENTS) -> list[Figure]:
    """Apply, limit and naive in turn, *runs* times."""
    ours, limits, naives = [], [], []
    for _ in range(runs):
        with TemporaryDirectory() as folder, a_stand(Path(folder)) as stand:
            work = prepared(stand, events)
            ours.append(applied(stand, work, events))
            limits.append(_limit(stand))
            naives.append(_naive(stand, work, Path(folder) / "naive.db"))
    return [
        Figure("apply", "events", "a second", tuple(each.rate for each in ours)),
        Figure("apply", "processor", "us an event", tuple(each.cpu * 1e6 for each in ours)),
        Figure("apply", "of the limit", "rate to rate", _ratios(ours, limits), ">= 0.42"),
        Figure("apply", "of naive", "rate to rate", _ratios(ours, naives), ">= 100"),
        Figure("limit", "events", "a second", tuple(each.rate for each in limits)),
        Figure("limit", "processor", "us an event", tuple(each.cpu * 1e6 for each in limits)),
        Figure("naive", "events", "a second", tuple(each.rate for each in naives)),
        Figure("naive", "processor", "us an event", tuple(each.cpu * 1e6 for each in naives)),
    ]


def _ratios(ours: list[Cost], theirs: list[Cost]) -> tuple[float, ...]:
    return tuple(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))


def prepared(stand: Stand, events: int, projects: int = PROJECTS) -> Workload:
    """Let evaluation know its sources and plans and hear the streams; from then on the sources are away."""
    stand.start("valkey", *SOURCES, "evaluation")
    until(lambda: stand.met() == len(SOURCES), "first contact")
    work = workload(events, projects, stand.epochs())
    for source in SOURCES:
        stand.stop(source)
    stand.adopt_plans(work.projects)
    for source, chain in (("budget", work.budget), ("monitoring", work.monitoring)):
        until(partial(_is_heard, stand, source, chain.events[:1]), f"the stream of {source} being heard")
    stand.fill_streams("budget", work.budget.events[1 : work.begun])
    until(lambda: stand.applied("budget") == work.begun, "the projects being known")
    return work


def _is_heard(stand: Stand, source: str, first: list[bytes]) -> bool:
    """What is sent before a subscriber reads is lost on it, so it is sent again."""
    stand.fill_streams(source, first)
    time.sleep(0.3)
    return stand.applied(source) == 1


def applied(stand: Stand, work: Workload, events: int) -> Cost:
    """Apply what is left of *work*, until all of it and every score that follows are on disk as the oracle says."""
    stand.signal("evaluation", signal.SIGSTOP)
    stand.fill_streams("budget", work.budget.events[work.begun :])
    stand.fill_streams("monitoring", work.monitoring.events[1:])
    cpu, since = stand.cpu_seconds("evaluation"), time.monotonic()
    stand.signal("evaluation", signal.SIGCONT)
    until(lambda: stand.is_level(work), "all events applied")
    until(lambda: stand.is_on_record(work), "every score on record")
    cost = Cost((time.monotonic() - since) / events, (stand.cpu_seconds("evaluation") - cpu) / events)
    until(lambda: stand.is_scored(work), "every score")
    return cost


def _limit(stand: Stand) -> Cost:
    events, seconds, cpu = limit.measure(stand.bus.url, [stream_name("budget", 0), stream_name("monitoring", 0)])
    return Cost(seconds / events, cpu / events)


def _naive(stand: Stand, work: Workload, database: Path) -> Cost:
    events = work.budget.events[work.begun : work.begun + NAIVE_EVENTS]
    command = [sys.executable, "-m", "bench.speed.naive", stand.bus.url, str(database)]
    done = subprocess.run(command, input=b"\n".join(events), cwd=ROOT, capture_output=True, check=True)
    outcome = msgspec.json.decode(done.stdout)
    if sum(outcome["paid"].values()) != sum(
        round(float(msgspec.json.decode(e)["data"]["amount"]) * 100) for e in events
    ):
        raise NotSo("naive did not add up")
    return Cost(outcome["seconds"] / len(events), outcome["cpu"] / len(events))
