"""``python -m bench.speed [--runs 5] [--events 100000]``: every path in one run, written to bench/results."""

import argparse
import sys
from pathlib import Path

from bench.speed import apply
from bench.speed.figures import write

RESULTS = Path(__file__).resolve().parents[1] / "results"


def main() -> int:
    words = argparse.ArgumentParser(prog="bench.speed", description=__doc__)
    words.add_argument("--runs", type=int, default=5)
    words.add_argument("--events", type=int, default=apply.EVENTS, help="of the path apply")
    chosen = words.parse_args()
    write(apply.measure(chosen.runs, chosen.events), RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
