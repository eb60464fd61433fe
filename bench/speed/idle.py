"""A platform nobody asks anything of: how soon `scorebus up` has it ready, and what it takes of the machine then."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.speed.figures import Figure, NotSo
from bench.speed.processes import cpu_seconds, family, proportional_bytes, resident_bytes
from bench.speed.stand import ROOT
from cli.ports import CONSOLE_OFFSET, PORT_BASE_MAX, free_port, is_free, ports_of

SETTLE_SECONDS = 6.0
LOOK_SECONDS = 20.0
STOP_SECONDS = 30.0
MIB = 1024 * 1024
READY = "Calls"  # What `up` says once everything answers and is ready.


@dataclass(frozen=True, slots=True)
class Idle:
    """What one start gave."""

    first_seconds: float  # With a new folder: keys, databases and their tables are made.
    again_seconds: float
    again_cpu: float  # Seconds of the processors, of all of it together.
    mib: float
    resident_mib: float
    share: float  # Of one core.


def measure(runs: int, scale: float = 1.0) -> list[Figure]:
    """Without and with the console."""
    figures = []
    for name, words in (("idle, --no-console", ("--no-console",)), ("idle, with console", ())):
        found = [_idle(words, LOOK_SECONDS * scale) for _ in range(runs)]
        figures += [
            Figure(name, "ready, new folder", "s", tuple(each.first_seconds for each in found), "<= 6"),
            Figure(name, "ready again", "s", tuple(each.again_seconds for each in found), "<= 6"),
            Figure(name, "processors until ready again", "s", tuple(each.again_cpu for each in found)),
            Figure(name, "memory of all, shared pages once", "MiB", tuple(each.mib for each in found), "<= 350"),
            Figure(name, "the same, shared pages each time", "MiB", tuple(each.resident_mib for each in found)),
            Figure(name, "processor", "% of one core", tuple(each.share * 100 for each in found), "<= 2"),
        ]
    return figures


def _idle(words: tuple[str, ...], seconds: float) -> Idle:
    with TemporaryDirectory() as folder:
        with _up(Path(folder), words) as (_, first):
            pass
        with _up(Path(folder), words) as (pid, again):
            again_cpu = sum(map(cpu_seconds, family(pid)))
            time.sleep(SETTLE_SECONDS)
            processes = family(pid)
            since, before = time.monotonic(), sum(map(cpu_seconds, processes))
            time.sleep(seconds)
            spent = sum(map(cpu_seconds, processes)) - before
            return Idle(
                first_seconds=first,
                again_seconds=again,
                again_cpu=again_cpu,
                mib=sum(map(proportional_bytes, processes)) / MIB,
                resident_mib=sum(map(resident_bytes, processes)) / MIB,
                share=spent / (time.monotonic() - since),
            )


@contextlib.contextmanager
def _up(folder: Path, words: tuple[str, ...]) -> Iterator[tuple[int, float]]:
    """`scorebus up`, ready: its process and the seconds that took; stopped after."""
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "up",
        "--json",
        "--data",
        str(folder),
        "--port-base",
        str(_port_base()),
    ]
    since = time.monotonic()
    with subprocess.Popen([*command, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if json.loads(line)["text"].startswith(READY):
                    break
            else:
                raise NotSo("`scorebus up` ended without being ready")
            yield process.pid, time.monotonic() - since
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=STOP_SECONDS)


def _port_base() -> int:
    while True:
        base = min(free_port(), PORT_BASE_MAX)
        if all(map(is_free, [*ports_of(base).values(), base + CONSOLE_OFFSET])):
            return base
