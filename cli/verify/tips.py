"""
Tips: what an auditor writes down today to prove next year that nothing before it was changed.

One line a partition: ``budget 0 <epoch> 42 <hash>``. The hash of the last event stands for the whole log before it.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli.errors import CommandError
from cli.folder import SERVICES

_LINE = re.compile(
    r"(?P<source>" + "|".join(SERVICES) + r") (?P<partition>[0-9]{1,4}) (?P<epoch>[A-Za-z0-9-]{1,36}) "
    r"(?P<seq>[0-9]{1,19}) (?P<hash>[0-9a-f]{64})"
)
FILE_BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """Where a log ended at some time."""

    source: str
    partition: int
    epoch: str
    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.source} {self.partition} {self.epoch} {self.seq} {self.hash}"

    def facts(self) -> dict[str, Any]:
        """The tip as JSON."""
        return asdict(self)


def read_tips(given: str) -> list[Tip]:
    """
    The tips in *given*: a line as printed, or the name of a file with such lines, such as the whole foot of a form.

    Lines that do not begin with the name of a source are passed over.

    Raises:
        CommandError: If there is none, or a line that begins like a tip is not one.
    """
    if _LINE.fullmatch(given.strip()):
        return list(_tips("--against", [given]))
    path = Path(given)
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise CommandError(f"--against {path}: larger than {FILE_BYTES_MAX} bytes")
        found = list(_tips(str(path), path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--against {given}: neither a tip nor a file of tips that can be read: {error}") from error
    if not found:
        raise CommandError(f"--against {path}: there is no tip in it")
    return found


def _tips(place: str, lines: Iterable[str]) -> Iterable[Tip]:
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0] not in SERVICES:
            continue
        match = _LINE.fullmatch(" ".join(words))
        if match is None:
            raise CommandError(f"{place}, line {number}: a tip is written as `budget 0 <epoch> <number> <hash>`")
        yield Tip(
            source=match["source"],
            partition=int(match["partition"]),
            epoch=match["epoch"],
            seq=int(match["seq"]),
            hash=match["hash"],
        )
