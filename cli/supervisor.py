"""Keeps programs running: each a process of its own, started again when it dies, stopped when asked."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cli.voice import Voice

LAUNCHER = Path(__file__).with_name("launch.py")
PAUSE_FIRST_SECONDS = 0.5
PAUSE_MAX_SECONDS = 10.0
HEALTHY_SECONDS = 60.0  # A program that ran so long starts with a clean slate.
FAILURES_READY_MAX = (
    3  # What ends after it was ready counts as no more: it can start, and is to be back within seconds.
)
STOP_SECONDS = 10.0
NAME_WIDTH = 12

Probe = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to keep running."""

    name: str
    command: Sequence[str]  # The first word is an absolute path.
    log: Path  # Gets what it prints.
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


class Process(Protocol):
    """A process that was started, as far as it is kept: one of asyncio's is one."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None:
        """None until it has ended."""
        ...

    async def wait(self) -> int: ...

    def send_signal(self, signal: int) -> None: ...


Spawn = Callable[[Program], Coroutine[Any, Any, Process]]


async def spawn(program: Program, stdin: int = asyncio.subprocess.DEVNULL) -> Process:
    """
    Start *program* as the leader of a session of its own: Ctrl-C in the terminal must reach `up` alone.

    Raises:
        OSError: If it cannot be started.
    """
    with program.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *_tied(program.command),
            stdin=stdin,
            stdout=log,
            stderr=log,
            env=dict(program.environment),
            start_new_session=True,
        )


def failures_after(failures: int, *, ran_seconds: float, was_ready: bool) -> int:
    """
    How many failures count after another end, *failures* before it.

    A program that cannot start waits ever longer. One that was ready, however often it is killed, waits no longer than
    the pause of `FAILURES_READY_MAX` failures: its own start is pause enough to keep the machine free.
    """
    if ran_seconds >= HEALTHY_SECONDS:
        return 1
    return min(failures + 1, FAILURES_READY_MAX) if was_ready else failures + 1


def pause_seconds(failures: int) -> float:
    """How long to wait before starting again: not at all first, then ever longer."""
    if failures <= 1:
        return 0.0
    return float(min(PAUSE_FIRST_SECONDS * 2 ** min(failures - 2, 20), PAUSE_MAX_SECONDS))


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def spoken(name: str, text: str) -> str:
    """A line about a program, in columns."""
    return f"{name:<{NAME_WIDTH}}{text}"


class Keeper:
    """
    Keeps one program running until told to stop. *probe* runs beside the process and returns once it is ready.

    What *spawn* starts is a child of ours, leads a session of its own, and ends when we do.
    """

    def __init__(self, program: Program, voice: Voice, probe: Probe, spawn: Spawn = spawn) -> None:
        self.program = program
        self._voice = voice
        self._probe = probe
        self._spawn = spawn
        self._stopping = asyncio.Event()
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    def start(self) -> None:
        """Start it, and again whenever it ends."""
        self._task = asyncio.create_task(self._run(), name=f"keeper-{self.program.name}")

    async def stop(self, patience_seconds: float = STOP_SECONDS) -> None:
        """End it: politely first, by force when the patience is over."""
        self._stopping.set()
        if self._watching is not None:
            self._watching.cancel()
        self._signal(signal.SIGTERM)
        if self._task is None:
            return
        try:
            await asyncio.wait_for(asyncio.shield(self._task), patience_seconds)
        except TimeoutError:
            self._voice.tell(
                spoken(self.program.name, f"did not stop within {patience_seconds:.0f} s and is ended by force"),
                service=self.program.name,
                state="killed",
            )
            self.kill()
            await self._task

    def kill(self) -> None:
        """End it and what it started at once."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)  # It leads a session of its own.

    async def _run(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            how, was_ready = await self._run_once()
            if self._stopping.is_set():
                return
            failures = failures_after(failures, ran_seconds=loop.time() - began, was_ready=was_ready)
            await self._rest(how, pause_seconds(failures))

    async def _run_once(self) -> tuple[str, bool]:
        """Run the program until it ends; how it ended, and whether it had been ready."""
        try:
            process = await self._spawn(self.program)
        except OSError as error:
            return f"cannot be started: {error.strerror}", False
        self._process = process
        if self._stopping.is_set():  # Told so while it was being started.
            self._signal(signal.SIGTERM)
        watching = self._watching = asyncio.create_task(self._probe())
        try:
            code = await process.wait()
            was_ready = watching.done() and not watching.cancelled() and watching.exception() is None
            return ending(code), was_ready
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _rest(self, how: str, seconds: float) -> None:
        when = "now" if seconds == 0 else f"in {seconds:.1f} s"
        self._voice.tell(
            spoken(self.program.name, f"{how}; started again {when}, see {self.program.log}"),
            service=self.program.name,
            state="ended",
            how=how,
            pause_seconds=seconds,
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), max(seconds, 0.001))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


def _tied(command: Sequence[str]) -> list[str]:
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *command]
