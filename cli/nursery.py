"""
Services whose memory is shared: started by a nursery, see `shared.nursery`, and kept as any other program.

What it starts is our own child, so it outlives the nursery, and is told to stop when we die. Where there is no nursery,
or it does not answer, a program is started as any other: it takes more memory, and works.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
from typing import Final

from cli.supervisor import Process, Program, spawn

PR_SET_CHILD_SUBREAPER: Final = 36
PID_BYTES_MAX: Final = 32
# It answers once it has loaded everything, and at once from then on. After that something is wrong with it.
LOADING_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 2.0


class Nursery:
    """The supervisor's end of a nursery: it is started by `spawn_itself`, and others from it by `spawn`."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._has_borne = asyncio.Event()
        adopt_orphans()

    async def spawn_itself(self, program: Program) -> Process:
        """
        Start the nursery itself, in place of one that has ended.

        Raises:
            OSError: If that cannot be done.
        """
        self.close()
        ours, theirs = socket.socketpair()
        self._control, self._has_borne = ours, asyncio.Event()
        with theirs:
            return await spawn(program, stdin=theirs.fileno())

    def close(self) -> None:
        """Let the nursery go, which ends then."""
        if self._control is not None:
            self._control.close()
            self._control = None

    async def is_of_use(self) -> None:
        """Wait until the nursery has started something: one that cannot is not to be tried again in a hurry."""
        await self._has_borne.wait()

    async def spawn(self, program: Program) -> Process:
        """
        Start *program*, which is ``python -m MODULE``, as a fork of the nursery, or else by itself.

        Raises:
            OSError: If that cannot be done.
        """
        with contextlib.suppress(OSError):  # Among them a timeout.
            async with asyncio.timeout(ANSWER_SECONDS if self._has_borne.is_set() else LOADING_SECONDS):
                return await self._bear(program)
        return await spawn(program)

    async def _bear(self, program: Program) -> "Adopted":
        if self._control is None:
            raise ConnectionError("there is no nursery")
        loop = asyncio.get_running_loop()
        errand = json.dumps({"command": program.command, "environment": dict(program.environment)}).encode()
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            with theirs:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            answer = await loop.sock_recv(ours, PID_BYTES_MAX)
            if not answer:
                raise ConnectionError("the nursery has ended")
            born = Adopted(int(answer))
            self._has_borne.set()
            with program.log.open("ab") as log:
                socket.send_fds(ours, [errand[:1]], [log.fileno()])
            await loop.sock_sendall(ours, errand[1:])
            return born


class Adopted:
    """A child of ours that somebody else has started: to be waited for, and signalled, as one of asyncio's."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._file = os.pidfd_open(pid)

    async def wait(self) -> int:
        """Wait until it ends; its exit code, negative for a signal."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._file, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._file)
        _, status = os.waitpid(self.pid, 0)  # noqa: ASYNC222  # It has ended: this only asks how.
        os.close(self._file)
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.returncode is None:
            signal.pidfd_send_signal(self._file, number)


def can_adopt() -> bool:
    """Whether this system knows how: Linux since 5.3, where nothing forbids it."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that what a nursery starts is a child of ours."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
