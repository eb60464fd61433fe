"""``python -m bench.speed [--paths apply,post] [--runs 5]``: measures, and keeps the figures in bench/results."""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.speed import apply, durable, fanout, freshness, growth, idle, pull
from bench.speed.figures import Figure, circumstances, write

RESULTS = Path(__file__).resolve().parents[1] / "results"
PATHS: dict[str, Callable[[int, float], list[Figure]]] = {
    "apply": lambda runs, scale: apply.measure(runs, round(apply.EVENTS * scale)),
    "post": durable.posts,
    "intake": durable.intake,
    "fanout": fanout.measure,
    "freshness": freshness.measure,
    "idle": idle.measure,
    "pull": pull.measure,
    "growth": growth.measure,
}


def main() -> int:
    words = argparse.ArgumentParser(prog="bench.speed", description=__doc__)
    words.add_argument("--paths", default=",".join(PATHS), help="which, in this order; all unless given")
    words.add_argument("--runs", type=int, default=5)
    words.add_argument("--scale", type=float, default=1.0, help="of the sizes: 0.1 for a glance, which is no figure")
    words.add_argument("--results", type=Path, default=RESULTS, help="the folder of speed.jsonl and speed.md")
    chosen = words.parse_args()
    paths = chosen.paths.split(",")
    if unknown := sorted(set(paths) - set(PATHS)):
        words.error(f"there is no path {', '.join(unknown)}; there are {', '.join(PATHS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # What was started is ended on the way out.
    for path in paths:
        around, since = circumstances(), time.monotonic()
        write(path, PATHS[path](chosen.runs, chosen.scale), around, chosen.results)
        print(f"{path}: {time.monotonic() - since:.0f} s\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
