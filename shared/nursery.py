"""
Starts programs that share their memory: ``python -m shared.nursery MODULE…``, with a socket as its standard input.

Each service is a process of its own, but loads mostly the same. The nursery loads that once, the modules that its
command line names, and forks a process from itself whenever the socket brings a *leash*: another socket, from which the
new process alone reads what it is to be. So the nursery never learns a setting of any service. It has one thread, no
loop, and no connection but that socket.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Self

import shared.spare  # noqa: F401  # Before whatever it spares us.

PR_SET_PDEATHSIG: Final = 1
ADOPTION_LOOK_SECONDS: Final = 0.0005
ARGUMENTS_BEGIN, ARGUMENTS_END = 45, 46  # Of /proc/self/stat, counted from the third field.


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a process is to be: a module whose ``main`` it runs, with these words and settings."""

    command: Sequence[str]  # As `ps` shows it: python, -m, the module, its words.
    environment: dict[str, str]
    log: int  # A file that gets what it prints.

    @classmethod
    def read(cls, leash: socket.socket) -> Self | None:
        """The errand that *leash* brings; None if whoever holds its other end has let go."""
        first, files, _, _ = socket.recv_fds(leash, 1, 1)
        if not files:
            return None
        with leash.makefile("rb") as rest:
            text = first + rest.read()
        return cls(**json.loads(text), log=files[0])

    def begin(self) -> None:
        """Make this process look, from inside and outside, as if it had been started by that command."""
        null = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((null, 0), (self.log, 1), (self.log, 2)):
            os.dup2(old, new)
        os.close(null)
        os.close(self.log)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.argv = list(self.command[2:])
        name_process(self.command)
        gc.enable()

    def run(self) -> None:
        """Do what the module does when it is run."""
        import_module(self.command[2]).main()


def main() -> None:
    """Fork a process for each leash until the socket ends; go on as what it asked for in each of them."""
    control = socket.socket(fileno=0)
    for name in sys.argv[1:]:
        import_module(name)
    settle()
    leash = next_leash(control)
    if leash is None:
        return
    errand = None
    with leash, contextlib.suppress(OSError):  # Nobody waits for us any more.
        leash.sendall(str(os.getpid()).encode())
        errand = Errand.read(leash)
    if errand is not None:
        errand.begin()
        errand.run()


def settle() -> None:
    """
    Let nothing touch the memory that is to be shared: a page that is written to is copied.

    Raises:
        RuntimeError: If a library has started a thread: it would be missing in whoever is forked, with what it holds.
    """
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("the nursery must have one thread alone")
    gc.disable()
    gc.collect()
    gc.freeze()


def next_leash(control: socket.socket) -> socket.socket | None:
    """The leash of the process this has become, forked from the nursery; None in the nursery, at the socket's end."""
    keeper = os.getppid()
    while True:
        _, files, _, _ = socket.recv_fds(control, 1, 1)
        if not files:
            return None
        leash = socket.socket(fileno=files[0])
        if born(keeper):
            control.detach()  # Our standard input for a moment more.
            return leash
        leash.close()


def born(keeper: int) -> bool:
    """
    Fork a process that is *keeper*'s child, not ours: so it outlives us, and its end is told to whoever keeps it.

    Returns:
        Whether this is that process.
    """
    try:
        between = os.fork()
    except OSError:
        return False  # Whoever asked finds the leash let go, and has other means.
    if between:
        os.waitpid(between, 0)
        return False
    try:
        between = os.getpid()
        if os.fork():
            os._exit(0)
    except OSError:
        os._exit(1)
    be_adopted(keeper, between)
    return True


def be_adopted(keeper: int, between: int) -> None:
    """Wait until this process is *keeper*'s child, which adopts who has lost *between*; and end when *keeper* does."""
    os.setsid()
    while os.getppid() == between:
        time.sleep(ADOPTION_LOOK_SECONDS)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != keeper:
        os._exit(0)


def name_process(command: Sequence[str]) -> None:
    """Let lists of processes show *command*, cut where it is longer than the nursery's own."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[ARGUMENTS_BEGIN]), int(fields[ARGUMENTS_END])
    if begin and (room := end - begin - 1) > 0:
        ctypes.memmove(begin, b"\0".join(map(os.fsencode, command))[:room].ljust(room + 1, b"\0"), room + 1)


if __name__ == "__main__":
    main()
