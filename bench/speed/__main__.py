"""``python -m bench.speed [--paths apply,post] [--runs 5]``: measures, and keeps the figures in bench/results."""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.speed import apply, durable, fanout, freshness, growth, idle, pull, scores
from bench.speed.figures import Figure, NotSo, circumstances, write

MINUTES = 120
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
    "scores": scores.measure,
}


def main() -> int:
    words = argparse.ArgumentParser(prog="bench.speed", description=__doc__)
    words.add_argument("--paths", default=",".join(PATHS), help=f"which of {', '.join(PATHS)}; all unless given")
    words.add_argument("--runs", type=int, default=5)
    words.add_argument("--scale", type=float, default=1.0, help="of the sizes: 0.1 for a glance, which is no figure")
    words.add_argument("--results", type=Path, default=RESULTS, help="the folder of speed.jsonl and speed.md")
    words.add_argument(
        "--minutes", type=int, default=MINUTES, help="for all of it; then it ends, and so does what runs"
    )
    chosen = words.parse_args()
    paths = chosen.paths.split(",")
    if unknown := sorted(set(paths) - set(PATHS)):
        words.error(f"there is no path {', '.join(unknown)}; there are {', '.join(PATHS)}")
    if chosen.scale != 1 and chosen.results == RESULTS:
        words.error("figures of other sizes are kept elsewhere: name a folder with --results")
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(chosen.minutes * 60)
    failed = [path for path in paths if not _measured(path, chosen.runs, chosen.scale, chosen.results)]
    return 1 if failed else 0


def _measured(path: str, runs: int, scale: float, results: Path) -> bool:
    """Measure one path and keep its figures; False if it did not come to what its oracle says."""
    around, since = circumstances(), time.monotonic()
    try:
        figures = PATHS[path](runs, scale)
    except NotSo as reason:
        print(f"{path}: no figures: {reason}\n", flush=True)
        return False
    write(path, figures, around, results)
    print(f"{path}: {time.monotonic() - since:.0f} s\n", flush=True)
    return True


def _end(*_: object) -> None:
    sys.exit("told to stop, or out of time")  # What was started is ended on the way out.


if __name__ == "__main__":
    sys.exit(main())
