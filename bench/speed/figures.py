"""Figures of a run, and how they are shown: medians with the least and the most."""

import json
import platform
import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("redis", "hiredis", "msgspec", "faststream", "sqlmodel", "sqlalchemy", "uvloop")


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured in each run of one path, and what is to be reached."""

    path: str
    name: str
    unit: str
    values: tuple[float, ...]
    target: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def versions() -> dict[str, str]:
    """What the figures rest on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def write(figures: Iterable[Figure], folder: Path) -> None:
    """Leave JSON lines for programs, and a table for people."""
    rows = list(figures)
    lines = [json.dumps({"versions": versions()})]
    lines += [
        json.dumps(
            {"path": row.path, "name": row.name, "unit": row.unit, "values": row.values, "target": row.target},
            ensure_ascii=False,
        )
        for row in rows
    ]
    folder.joinpath("speed.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    folder.joinpath("speed.md").write_text(HEAD + table(rows) + _foot(), encoding="utf-8")
    sys.stdout.write(table(rows))


HEAD = """# Speed

Written by `make bench`: medians of the runs with the least and the most, on 2 shared cores, all paths in one run. A
figure counts only if the outcome was what the oracle of the workload says. The limit is redis-py that reads by XREAD
500 and decodes with msgspec, and does nothing else; naive is one handler, session and commit a message.

"""


def table(rows: Iterable[Figure]) -> str:
    """A table in Markdown."""
    lines = ["| Path | Figure | Median | Least to most | To reach |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.path} | {row.name}, {row.unit} | {_shown(row.median)} |"
        f" {_shown(min(row.values))} to {_shown(max(row.values))} | {row.target} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _foot() -> str:
    return "\n" + ", ".join(f"{name} {number}" for name, number in versions().items()) + "\n"
