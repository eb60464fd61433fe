"""Figures of the paths: kept path by path, and shown as medians with the least and the most."""

import json
import os
import platform
import re
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("redis", "hiredis", "msgspec", "faststream", "sqlmodel", "sqlalchemy", "fastapi", "uvicorn", "uvloop")
_TARGET = re.compile(r"^(>=|<=) ([0-9,.]+)$")


class NotSo(Exception):
    """Something did not come about, or not as the oracle says: then there is no figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured in each run of one path, and what is to be reached: ``>= 0.6`` or ``<= 60``, of the median."""

    path: str
    name: str
    unit: str
    values: tuple[float, ...]
    target: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def is_reached(self) -> bool | None:
        """Whether the median is where it should be; None without a target."""
        found = _TARGET.match(self.target)
        if found is None:
            return None
        bound = float(found[2].replace(",", ""))
        return self.median >= bound if found[1] == ">=" else self.median <= bound


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and on what a path was measured."""

    at: str
    cores: int
    load: float  # Average of the minute before it began: above 0 somebody else was at work, too.
    versions: dict[str, str]


def circumstances() -> Circumstances:
    """Those of now."""
    at = datetime.now(UTC).isoformat(timespec="minutes")
    load = round(os.getloadavg()[0], 2)
    return Circumstances(at, len(os.sched_getaffinity(0)), load, versions())


def versions() -> dict[str, str]:
    """What the figures rest on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def ratios(ours: Iterable[float], theirs: Iterable[float]) -> tuple[float, ...]:
    """Ours to theirs, run by run: what slows a run of both down cancels out."""
    return tuple(one / other for one, other in zip(ours, theirs, strict=True))


def quantile(values: Sequence[float], share: float) -> float:
    """The value that *share* of *values* do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def write(measured: str, figures: Sequence[Figure], around: Circumstances, folder: Path) -> None:
    """Put what *measured* gave in the place of what it gave before: JSON lines for programs, a table for people."""
    lines = folder.joinpath("speed.jsonl")
    kept = [row for row in _read(lines) if row["measured"] != measured]
    rows = kept + [{"measured": measured} | asdict(figure) | asdict(around) for figure in figures]
    rows.sort(key=lambda row: row["measured"])  # Stable: of one path as they were given.
    folder.mkdir(parents=True, exist_ok=True)
    lines.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    folder.joinpath("speed.md").write_text(page(rows), encoding="utf-8")
    sys.stdout.write(table(figures))
    sys.stdout.flush()


def _read(lines: Path) -> list[dict[str, Any]]:
    if not lines.exists():
        return []
    return [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]


HEAD = """# Speed

Written by `make bench`: of each figure the median of the runs with the least and the most. What is measured how, and
what each figure means: [docs/speed.md](../../docs/speed.md). A figure counts only if the outcome was what the oracle of
the workload says. Each path has its date and the load of the machine in the minute before it began.
"""


def page(rows: Sequence[dict[str, Any]]) -> str:
    """Everything that was measured last, in Markdown."""
    parts = [HEAD]
    for measured in dict.fromkeys(row["measured"] for row in rows):
        mine = [row for row in rows if row["measured"] == measured]
        parts.append(f"\n## {measured}\n\n" + table([_figure(row) for row in mine]) + _foot(mine))
    return "".join(parts)


def _figure(row: dict[str, Any]) -> Figure:
    return Figure(row["path"], row["name"], row["unit"], tuple(row["values"]), row["target"])


def _foot(rows: Sequence[dict[str, Any]]) -> str:
    runs = max(len(row["values"]) for row in rows)
    around = rows[0]
    packages = ", ".join(f"{name} {number}" for name, number in around["versions"].items())
    return f"\n{runs} runs, {around['at']}, {around['cores']} cores, load {around['load']}; {packages}\n"


def table(rows: Iterable[Figure]) -> str:
    """A table in Markdown."""
    lines = ["| Path | Figure | Median | Least to most | To reach | |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.path} | {row.name}, {row.unit} | {_shown(row.median)} |"
        f" {_shown(min(row.values))} to {_shown(max(row.values))} | {row.target} | {_verdict(row)} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _verdict(row: Figure) -> str:
    return {None: "", True: "reached", False: "**missed**"}[row.is_reached]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
