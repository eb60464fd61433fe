"""``python -m bench.chaos --seeds 1,2,3 [--faults F1,F7] [--quick] [--minutes N] [--report]``."""

import argparse
import asyncio
import json
import sys
from functools import partial

from bench.chaos import faults as _all  # noqa: F401  # Fills the matrix.
from bench.chaos.report import RESULTS, write_report
from bench.chaos.run import run_seed
from bench.chaos.scene import FAULTS


def main() -> int:
    words = argparse.ArgumentParser(prog="bench.chaos", description=__doc__)
    words.add_argument("--seeds", default="1,2,3", help="which schedules: order, timing and load follow from each")
    words.add_argument("--faults", default="", help="only these, separated by commas")
    words.add_argument("--quick", action="store_true", help="the short selection that the tests run")
    words.add_argument("--minutes", type=float, default=30.0, help="for each seed; what does not fit is left out")
    words.add_argument("--report", action="store_true", help="write bench/results/chaos.md from what was run")
    words.add_argument("--store", choices=("sqlite", "postgresql"), help="only the faults on this store")
    words.add_argument("--part", default="", help="a name for this part of a run: the report is put together")
    words.add_argument("--list", action="store_true", help="show the matrix")
    chosen = words.parse_args()
    if chosen.list:
        for fault in FAULTS.values():
            print(f"{fault.number:<5} {fault.store:<10} {fault.group:<8} {fault.what}")
        return 0
    names = [name for name in chosen.faults.split(",") if name] or list(FAULTS)
    picked = [FAULTS[name] for name in names if FAULTS[name].quick or not chosen.quick]
    picked = [each for each in picked if chosen.store in (None, each.store)]
    failed = False
    for seed in (int(text) for text in chosen.seeds.split(",") if text):
        result = asyncio.run(run_seed(seed, picked, chosen.minutes, partial(print, flush=True)))
        failed |= any(row.outcome in ("violated", "not struck") for row in result.rows)
        print(f"seed {seed}: {len(result.rows)} faults in {result.seconds:.0f} s; {result.journal}; {result.sometimes}")
        if chosen.report:
            (RESULTS / "chaos").mkdir(parents=True, exist_ok=True)
            (RESULTS / "chaos" / f"seed-{seed}{chosen.part and '-' + chosen.part}.json").write_text(
                json.dumps(result.facts(), ensure_ascii=False) + "\n"
            )
    if chosen.report:
        write_report()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
