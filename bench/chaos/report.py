"""``bench/results/chaos.md``: one row a fault, over all seeds that were run."""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.chaos.scene import FAULTS

RESULTS = Path(__file__).resolve().parents[1] / "results"
PROCESS_SECONDS = 5.0
BUS_SECONDS = 10.0

NOT_HERE = (
    (
        "F2",
        "a crash at every system call: `tests/crash` does it, call by call; F27–F29 inject errors at random moments",
    ),
    ("F26", "with iptables in a network namespace: here the proxy is silent in one direction"),
    ("F31", "loss of power: on one machine the page cache outlives every kill"),
    ("F36", "too many connections and serialization storms: `tests/shared/test_postgresql.py`"),
    ("F38", "out of memory: the kernel's answer is SIGKILL, which F1 and F5 give at chosen moments"),
    ("F41", "old and new programs mixed: there is one version yet; F24 publishes an event of a later one"),
)

HEAD = """# Chaos

A real platform (four services, Valkey, and PostgreSQL where the number says so) under load, one fault after the other,
every link through a proxy. What the faults and the oracles are: [docs/proof.md](../../docs/proof.md). Written by
`make chaos`; a seed fixes the order of the faults, their timing and the load.

"""


def write_report(results: Path = RESULTS) -> None:
    """Put together what the runs under *results* left."""
    runs = [json.loads(file.read_text()) for file in sorted((results / "chaos").glob("seed-*.json"))]
    (results / "chaos.md").write_text(HEAD + "\n".join([*_summary(runs), *_table(runs), *_missing(runs), ""]))


def _rows(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for run in runs for row in run["rows"]]


def _summary(runs: Sequence[dict[str, Any]]) -> Iterable[str]:
    rows = _rows(runs)
    struck = [row for row in rows if row["outcome"] in ("held", "violated")]
    broken = sum(len(row["violations"]) for row in rows)
    journal = {name: sum(run["journal"].get(name, 0) for run in runs) for name in runs[0]["journal"]}
    sometimes = {name: sum(run["sometimes"].get(name, 0) for run in runs) for name in runs[0]["sometimes"]}
    oracles = {name: sum(run["oracles"].get(name, 0) for run in runs) for name in sorted(runs[0]["oracles"])}
    seeds = ", ".join(map(str, sorted({run["seed"] for run in runs})))
    minutes = sum(run["seconds"] for run in runs) / 60
    yield f"- {datetime.now(UTC):%Y-%m-%d}, seeds {seeds}: {len({row['fault'] for row in struck})} faults, struck"
    yield f"  {len(struck)} times, **{broken} violations**, {minutes:.0f} minutes on {os.cpu_count()} shared cores,"
    yield f"  Python {platform.python_version()}."
    yield (
        f"- Requests: {journal['requests']:,} with {journal['attempts']:,} attempts; {journal['promised']:,} promised, "
        f"{journal['refused']:,} refused, {journal['unknown']} left unknown; {journal['replayed']:,} were found done "
        "when sent again."
    )
    yield f"- Asked: {', '.join(f'{name} {count}×' for name, count in oracles.items())}."
    yield f"- Seen on the way: {', '.join(f'{name} {count:,.0f}' for name, count in sometimes.items())}."
    for group, text, limit in (
        ("process", "a process", PROCESS_SECONDS),
        ("platform", "all of them at once", PROCESS_SECONDS),
        ("bus", "Redis", BUS_SECONDS),
    ):
        times = _times(struck, group)
        if times:
            within = sum(each <= limit for each in times)
            yield (
                f"- Recovery of {text}: median {statistics.median(times):.1f} s, longest {max(times):.1f} s; {within} "
                f"of {len(times)} within {limit:.0f} s."
            )
    yield ""


def _times(rows: Iterable[dict[str, Any]], group: str) -> list[float]:
    return [row["recovery"] for row in rows if row["recovery"] is not None and FAULTS[row["fault"]].group == group]


def _table(runs: Sequence[dict[str, Any]]) -> Iterable[str]:
    rows = _rows(runs)
    yield "Ready: seconds until every service was ready again (of the bus: until the streams were filled again),"
    yield "median/max. Applied: until all that was on record by then was applied everywhere. Settled: answers that were"
    yield "outstanding, and came when the request was sent again with its key."
    yield ""
    yield "| Fault | What | Store | Seeds | Struck | Violations | Ready | Applied | Settled |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for number, fault in sorted(FAULTS.items(), key=lambda each: _order(each[0])):
        mine = [row for row in rows if row["fault"] == number]
        struck = [row for row in mine if row["outcome"] in ("held", "violated")]
        if not struck:
            continue
        seeds = ", ".join(map(str, sorted({row["seed"] for row in struck})))
        figures: dict[str, float] = {}
        for row in struck:
            for name, count in row["struck"].items():
                figures[name] = figures.get(name, 0) + count
        what = "; ".join(f"{name} {count:,.6g}" for name, count in figures.items())
        violations = sum(len(row["violations"]) for row in mine)
        settled = sum(row["settled"] for row in struck)
        yield (
            f"| {number} | {fault.what} | {fault.store} | {seeds} | {what} | {violations} "
            f"| {_spread(struck, 'recovery')} | {_spread(struck, 'applied')} | {settled} |"
        )
    yield ""


def _order(number: str) -> tuple[int, str]:
    digits = "".join(filter(str.isdigit, number))
    return int(digits), number


def _spread(rows: Iterable[dict[str, Any]], name: str) -> str:
    times = [row[name] for row in rows if row[name] is not None]
    return f"{statistics.median(times):.1f}/{max(times):.1f}" if times else "–"


def _missing(runs: Sequence[dict[str, Any]]) -> Iterable[str]:
    rows = _rows(runs)
    for row in rows:
        for violation in row["violations"]:
            yield f"- Violation: {row['fault']} under seed {row['seed']}: {violation[:300]}"
    ran = {(row["fault"], row["seed"]) for row in rows if row["outcome"] in ("held", "violated")}
    for row in rows:
        if row["outcome"] in ("skipped", "not struck") and (row["fault"], row["seed"]) not in ran:
            yield f"- Not run: {row['fault']} under seed {row['seed']}: {row['detail']}"
    notes = RESULTS / "chaos" / "notes.md"
    if notes.exists():
        yield notes.read_text().strip()
    yield ""
    yield "Faults of the matrix that are not here, or not as written there:"
    yield ""
    for number, why in NOT_HERE:
        yield f"- {number}: {why}."
