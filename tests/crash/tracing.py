"""
Children under strace: forked with everything imported, traced, then let go.

A child's system calls on the files of one database are counted, or one of them is made to fail or to kill.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Whatever changes a file or brings it to the disk.
WRITING: Final = "write,pwrite64,writev,pwritev,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2"
EVERY: Final = int(os.environ.get("CRASH_EVERY", "3"))  # 1: every single call, some minutes.
ATTACHED_SECONDS: Final = 20
LIFE_SECONDS: Final = 60  # Of a child.

_CALL = re.compile(r"^(?:\[pid +)?(\d+)\]? +(\w+)\(")


@dataclass(frozen=True)
class End:
    """How a child ended: what it told before, and by which signal it died, if it did."""

    told: list[str]
    killed: bool
    exit_code: int
    traced: str

    @property
    def answers(self) -> list[str]:
        """What it told, without the traceback of a child that could not even begin."""
        return [line for line in self.told if line[:1].isdigit()]


def some_of(calls: int, first: int = 1) -> range:
    """The calls to strike, from 1: every one of them with ``CRASH_EVERY=1``."""
    return range(min(first, EVERY), calls + 1, EVERY)


def why_not() -> str | None:
    """Why nothing can be traced here; None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-f", "-e", "trace=getpid", "-e", "inject=getpid:error=EIO", sys.executable, "-c", "pass"],
        capture_output=True,
        text=True,
        timeout=ATTACHED_SECONDS,
        check=False,
    )
    return None if tried.returncode == 0 else f"strace cannot trace here: {tried.stderr.strip()[:120]}"


def run(work: Callable[[Callable[[str], None]], None], database: Path, inject: str | None) -> End:
    """
    Run *work* in a child; it is given a function that tells the parent a line.

    Args:
        work: What the child does.
        database: The file whose writing calls are traced, with what SQLite keeps beside it.
        inject: What strace does to them: ``signal=KILL:when=3``; None only counts them.
    """
    told, tells = os.pipe()
    gate, opens = os.pipe()
    child = os.fork()
    if child == 0:
        _live(work, told, tells, gate, opens)
    os.close(tells)
    os.close(gate)
    tracer, trace = _trace(child, database, inject)
    try:
        os.write(opens, b"go")
        os.close(opens)
        with os.fdopen(told) as lines:
            heard = lines.read().splitlines()
        _, status = os.waitpid(child, 0)
    finally:
        tracer.communicate(timeout=LIFE_SECONDS)
    exit_code = os.waitstatus_to_exitcode(status)
    return End(heard, exit_code == -signal.SIGKILL, exit_code, trace.read_text())


def _live(work: Callable[[Callable[[str], None]], None], told: int, tells: int, gate: int, opens: int) -> None:
    os.close(told)
    os.close(opens)
    signal.alarm(LIFE_SECONDS)
    os.read(gate, 2)
    try:
        work(lambda line: os.write(tells, f"{line}\n".encode()) and None)
    except BaseException:  # noqa: BLE001  # Of the child nothing but its lines must come back.
        os.write(tells, traceback.format_exc().replace("\n", " | ").encode() + b"\n")
        os._exit(1)
    os._exit(0)


def _trace(child: int, database: Path, inject: str | None) -> tuple[subprocess.Popen[str], Path]:
    trace = database.with_suffix(".trace")
    paths = [word for name in ("", "-wal", "-journal") for word in ("-P", f"{database}{name}")]
    wanted = ["-e", f"trace={WRITING}"] + ([] if inject is None else ["-e", f"inject={WRITING}:{inject}"])
    command = ["strace", "-f", "-o", str(trace), *paths, *wanted, "-p", str(child)]
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    assert "attached" in said, said
    return tracer, trace


def calls(trace: str) -> dict[str, int]:
    """How many traced calls each thread made: an injection counts them thread by thread."""
    counted: dict[str, int] = {}
    for line in trace.splitlines():
        if found := _CALL.match(line):
            counted[found[1]] = counted.get(found[1], 0) + 1
    return counted
