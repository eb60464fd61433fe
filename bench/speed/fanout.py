"""Fan-out: 2,000 subscribers of one evaluation process; when the last one has an update, and what each costs."""

import resource
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.speed.crowd import SCORE, SNAPSHOT, Crowd
from bench.speed.figures import Figure
from bench.speed.processes import KIB, resident_bytes
from bench.speed.stand import Stand, a_stand
from bench.speed.workload import plan

SUBSCRIBERS = 2_000
TOKENS = 20  # Each may ask 400 times at once, as the platform has it.
PROJECTS = 20
UPDATES = 11  # A run.
PAUSE_SECONDS = 0.3  # Between them, so that none waits for the one before.
SETTLE_SECONDS = 1.0
FILES_MORE = 200
CODE = "1.4"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run gave: milliseconds, microseconds and KiB."""

    opened_ms: float
    kib: float
    last_ms: list[float]  # From the answer to the request that changed the score.
    spread_ms: list[float]  # From the first subscriber to the last.
    delivery_us: float  # Of the process.
    coming_us: float  # Likewise.
    reopened_ms: float
    returning_us: float  # Likewise.


def measure(runs: int, scale: float = 1.0) -> list[Figure]:
    """A fresh process each run: memory that was used once is not given back."""
    number = round(SUBSCRIBERS * scale)
    _allow_files(number)
    with TemporaryDirectory() as folder, a_stand(Path(folder)) as stand:
        seen = [_run(stand, number, run) for run in range(runs)]
    return [
        Figure("fan-out", "answer to the last one's frame", "ms", _medians(each.last_ms for each in seen), "<= 200"),
        Figure("fan-out", "the same, slowest update", "ms", tuple(max(each.last_ms) for each in seen)),
        Figure("fan-out", "first one's frame to the last one's", "ms", _medians(each.spread_ms for each in seen)),
        Figure("fan-out", "processor", "us a delivery", tuple(each.delivery_us for each in seen)),
        Figure("fan-out", "memory", "KiB a subscriber", tuple(each.kib for each in seen), "<= 40"),
        Figure("fan-out", "all come at once, until the last snapshot", "ms", tuple(each.opened_ms for each in seen)),
        Figure("fan-out", "processor", "us a subscriber who comes", tuple(each.coming_us for each in seen)),
        Figure("fan-out", "all come back at once, until caught up", "ms", tuple(each.reopened_ms for each in seen)),
        Figure("fan-out", "processor", "us a subscriber who comes back", tuple(each.returning_us for each in seen)),
    ]


def _medians(values: Iterable[list[float]]) -> tuple[float, ...]:
    return tuple(statistics.median(each) for each in values)


def _allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = number + FILES_MORE
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))


def _run(stand: Stand, number: int, run: int) -> Seen:
    stand.start(*(("valkey", "evaluation") if run == 0 else ("evaluation",)))
    names = [f"p{each:05d}" for each in range(PROJECTS)]
    if run == 0:
        _adopt(stand, names)
    tokens = [stand.token(f"office-{each}") for each in range(TOKENS)]
    _warm_up(stand, tokens, names[0])
    crowd = Crowd(stand.url("evaluation"), tokens, number, f"?project={names[0]}")
    process = stand.running["evaluation"].pid
    before, cpu = resident_bytes(process), stand.cpu_seconds("evaluation")
    opened = crowd.open(SNAPSHOT)
    coming = (stand.cpu_seconds("evaluation") - cpu) / number
    time.sleep(SETTLE_SECONDS)
    kib = (resident_bytes(process) - before) / number / KIB
    last, spread = [], []
    cpu = stand.cpu_seconds("evaluation")
    for update in range(UPDATES):
        since = _rate(stand, names[0], run * (UPDATES + 1) + update)
        times = crowd.hear(SCORE)
        last.append((times[-1] - since) * 1e3)
        spread.append((times[-1] - times[0]) * 1e3)
        time.sleep(PAUSE_SECONDS)
    delivery = (stand.cpu_seconds("evaluation") - cpu) / UPDATES / number
    known = crowd.last_id
    crowd.close()
    _rate(stand, names[0], run * (UPDATES + 1) + UPDATES)
    time.sleep(SETTLE_SECONDS)
    cpu = stand.cpu_seconds("evaluation")
    reopened = crowd.open(SCORE, known)  # Nobody gets a snapshot: the one change that was missed is sent.
    returning = (stand.cpu_seconds("evaluation") - cpu) / number
    crowd.close()
    stand.stop("evaluation")
    return Seen(
        opened_ms=opened * 1e3,
        kib=kib,
        last_ms=last,
        spread_ms=spread,
        delivery_us=delivery * 1e6,
        coming_us=coming * 1e6,
        reopened_ms=reopened * 1e3,
        returning_us=returning * 1e6,
    )


def _adopt(stand: Stand, names: list[str]) -> None:
    for name in names:
        body = plan(name)
        rated = {
            "code": CODE,
            "dimension": "benefit",
            "aspect": "sustainable",
            "name": "稳步运行",
            "target": {"op": "level", "value": "稳步运行"},
            "weight": "30",
            "measure": "rating",
        }
        body["indicators"] = [*body["indicators"][:2], rated]
        stand.client.put(f"{stand.url('evaluation')}/projects/{name}/plan", json=body).raise_for_status()


def _warm_up(stand: Stand, tokens: list[str], name: str) -> None:
    """A few come and go first, so that what is loaded once is not counted for each."""
    few = Crowd(stand.url("evaluation"), tokens, len(tokens), f"?project={name}")
    few.open(SNAPSHOT)
    few.close()
    time.sleep(SETTLE_SECONDS)


def _rate(stand: Stand, name: str, number: int) -> float:
    """Change the score by a rating, another one than before; when it was answered."""
    body = {"code": CODE, "level": "achieved", "percent": str(80 + number % 20), "reason": "r", "rated_by": "专家"}
    answer = stand.client.post(f"{stand.url('evaluation')}/projects/{name}/ratings", json=body)
    since = time.perf_counter()
    answer.raise_for_status()
    return since
