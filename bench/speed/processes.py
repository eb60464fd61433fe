"""What processes have used of the machine, read from /proc."""

import contextlib
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024
LISTENS = "0A"  # In /proc/net/tcp.


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors since it began; of 0.01 s or so exact."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def resident_bytes(pid: int) -> int:
    """The memory a process has in RAM, shared pages included."""
    return _kib_of(Path(f"/proc/{pid}/status"), "VmRSS:") * KIB


def proportional_bytes(pid: int) -> int:
    """The same, with each page that several processes share divided among them: these add up over processes."""
    return _kib_of(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") * KIB


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {}
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                words = (place / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # It has ended meanwhile.
                continue
            parents[int(place.name)] = int(words[1])
    found = [pid]
    for each in found:  # It grows while it is walked.
        found += [child for child, parent in parents.items() if parent == each]
    return found


def listening_on(port: int) -> int:
    """
    The process that listens on *port* of this machine.

    Raises:
        SystemExit: If there is none.
    """
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == LISTENS and row[1].endswith(f":{port:04X}")}
    for file in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # It has ended, or is somebody else's.
            if str(file.readlink()) in sockets:
                return int(file.parts[2])
    raise SystemExit(f"nobody listens on port {port}")


def _kib_of(place: Path, name: str) -> int:
    for line in place.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise ValueError(f"{place} has no {name}")
