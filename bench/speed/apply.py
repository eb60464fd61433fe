"""From streams that are full to scores that are durable: what evaluation costs for an event."""

import signal
import time
from pathlib import Path

from bench.speed.stand import Stand, a_stand, until
from bench.speed.workload import Workload, workload

SOURCES = ("budget", "procurement", "monitoring")


def prepared(stand: Stand, events: int, projects: int) -> Workload:
    """A stand in which evaluation knows its sources and plans, and hears the streams; the sources are away."""
    stand.start("valkey", *SOURCES, "evaluation")
    until(lambda: stand.met() == len(SOURCES), "first contact")
    work = workload(events, projects, stand.epochs())
    for source in SOURCES:
        stand.stop(source)
    stand.adopt_plans(work)
    return work


def hear(stand: Stand, work: Workload) -> None:
    """Let both streams be read: what is sent before a subscriber reads is lost on it, so it is sent again."""

    def heard() -> bool:
        stand.fill_streams("budget", work.budget.events[: work.begun])
        stand.fill_streams("monitoring", work.monitoring.events[:1])
        time.sleep(0.3)
        return stand.applied("budget") == work.begun and stand.applied("monitoring") == 1

    until(heard, "the streams being heard")


def measure(folder: Path, events: int, projects: int) -> dict[str, float]:
    """Seconds and CPU microseconds for an event, until every score is as the oracle says."""
    with a_stand(folder) as stand:
        work = prepared(stand, events, projects)
        hear(stand, work)
        stand.signal("evaluation", signal.SIGSTOP)
        stand.fill_streams("budget", work.budget.events[work.begun :])
        stand.fill_streams("monitoring", work.monitoring.events[1:])
        before, since = stand.cpu_seconds("evaluation"), time.monotonic()
        stand.signal("evaluation", signal.SIGCONT)
        wanted = {"budget": len(work.budget.events), "monitoring": len(work.monitoring.events)}
        until(lambda: all(stand.applied(source) == seq for source, seq in wanted.items()), "all events applied")
        seconds = time.monotonic() - since
        cpu = stand.cpu_seconds("evaluation") - before
        until(lambda: stand.is_scored(work), "every score")
        return {"events/s": events / seconds, "cpu us/event": cpu / events * 1e6, "seconds": seconds}


if __name__ == "__main__":
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        print(measure(Path(name), int(sys.argv[1]), int(sys.argv[2])))
