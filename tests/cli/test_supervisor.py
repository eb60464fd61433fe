import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cli.supervisor import (
    FAILURES_READY_MAX,
    HEALTHY_SECONDS,
    PAUSE_MAX_SECONDS,
    Keeper,
    Program,
    ending,
    failures_after,
    pause_seconds,
)
from cli.voice import SilentVoice
from tests.cli.waiting import until, wait_until

ROOT = Path(__file__).resolve().parents[2]

# Says that it runs, and how it ended; `stubborn` ones do not end when asked.
SERVICE = """
import os, pathlib, signal, sys
place, stubborn = pathlib.Path(sys.argv[1]), sys.argv[2] == "stubborn"
def end(*_):
    (place / "asked").write_text(str(os.getpid()))
    if not stubborn:
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
(place / f"running-{os.getpid()}").touch()
while True:
    signal.pause()
"""


class Notes:
    """A voice that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def tell(self, text: str, **facts: object) -> None:
        self.lines.append(text)


async def nothing() -> None:
    pass


def a_program(place: Path, name: str = "fake", manner: str = "polite", script: str = SERVICE) -> Program:
    place.mkdir(exist_ok=True)
    return Program(name=name, command=(sys.executable, "-c", script, str(place), manner), log=place / "log")


def running(place: Path) -> set[int]:
    return {int(path.name.removeprefix("running-")) for path in place.glob("running-*")}


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_program_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        notes = Notes()
        keeper = Keeper(a_program(tmp_path), notes, nothing)
        keeper.start()
        (first,) = await until(lambda: running(tmp_path), "the first start")

        os.kill(first, signal.SIGKILL)

        (second,) = await until(lambda: running(tmp_path) - {first}, "another start")
        assert keeper.pid == second
        assert any("SIGKILL" in line and "started again now" in line for line in notes.lines)
        await keeper.stop()

    asyncio.run(story())


def test_a_program_that_cannot_start_does_not_stop_the_others(tmp_path: Path) -> None:
    async def story() -> None:
        notes = Notes()
        broken = Keeper(a_program(tmp_path / "broken", script="raise SystemExit(3)"), notes, nothing)
        healthy = Keeper(a_program(tmp_path / "healthy"), notes, nothing)
        broken.start()
        healthy.start()

        (pid,) = await until(lambda: running(tmp_path / "healthy"), "the healthy one")
        await until(lambda: sum("exit code 3" in line for line in notes.lines) >= 2, "two failed starts")

        assert is_alive(pid)
        await asyncio.gather(broken.stop(), healthy.stop())

    asyncio.run(story())


def test_a_program_that_is_not_there_is_told_of_and_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        notes = Notes()
        keeper = Keeper(Program(name="fake", command=("/nowhere/at/all",), log=tmp_path / "log"), notes, nothing)
        keeper.start()

        await until(lambda: len(notes.lines) >= 2, "two attempts")

        await keeper.stop()

    asyncio.run(story())


def test_stopping_asks_first_and_starts_nothing_again(tmp_path: Path) -> None:
    async def story() -> None:
        keeper = Keeper(a_program(tmp_path), SilentVoice(), nothing)
        keeper.start()
        (pid,) = await until(lambda: running(tmp_path), "the start")

        await keeper.stop()

        assert (tmp_path / "asked").read_text() == str(pid)
        assert not is_alive(pid)
        assert keeper.pid is None
        assert running(tmp_path) == {pid}

    asyncio.run(story())


def test_who_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    async def story() -> None:
        notes = Notes()
        keeper = Keeper(a_program(tmp_path, manner="stubborn"), notes, nothing)
        keeper.start()
        (pid,) = await until(lambda: running(tmp_path), "the start")

        await keeper.stop(patience_seconds=0.2)

        assert (tmp_path / "asked").exists()
        assert not is_alive(pid)
        assert any("by force" in line for line in notes.lines)

    asyncio.run(story())


def test_stopping_while_waiting_to_start_again_ends_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        notes = Notes()
        keeper = Keeper(a_program(tmp_path, script="raise SystemExit(1)"), notes, nothing)
        keeper.start()
        await until(lambda: any("started again in" in line for line in notes.lines), "a pause")

        await keeper.stop()

        assert keeper.pid is None

    asyncio.run(story())


def test_the_probe_runs_beside_each_start(tmp_path: Path) -> None:
    async def story() -> None:
        probed: list[int] = []

        async def probe() -> None:
            probed.append(1)

        keeper = Keeper(a_program(tmp_path), SilentVoice(), probe)
        keeper.start()
        (first,) = await until(lambda: running(tmp_path), "the start")
        os.kill(first, signal.SIGKILL)
        await until(lambda: running(tmp_path) - {first}, "another start")

        assert await until(lambda: len(probed) == 2, "a probe for each")
        await keeper.stop()

    asyncio.run(story())


def test_a_program_that_was_ready_is_back_after_a_second_however_often_it_is_killed(tmp_path: Path) -> None:
    async def story() -> None:
        notes = Notes()
        keeper = Keeper(a_program(tmp_path), notes, nothing)
        keeper.start()
        for kills in range(1, 5):
            marks = await until(lambda: running(tmp_path) & {keeper.pid}, f"start {kills}")
            os.kill(marks.pop(), signal.SIGKILL)
            await until(lambda: len(notes.lines) == kills, f"end {kills}")  # noqa: B023  # Asked at once.

        pauses = [line.split("started again ")[1].split(",")[0] for line in notes.lines]
        assert pauses == ["now", "in 0.5 s", "in 1.0 s", "in 1.0 s"]
        await keeper.stop()

    asyncio.run(story())


KEEPS_ONE = """
import asyncio, pathlib, sys
from cli.supervisor import Keeper, Program
from cli.voice import SilentVoice
async def nothing(): pass
async def main():
    place = pathlib.Path(sys.argv[1])
    command = (sys.executable, "-c", sys.argv[2], str(place), "polite")
    Keeper(Program(name="fake", command=command, log=place / "log"), SilentVoice(), nothing).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_programs_end_when_their_keeper_is_killed(tmp_path: Path) -> None:
    keeper = subprocess.Popen([sys.executable, "-c", KEEPS_ONE, str(tmp_path), SERVICE], cwd=ROOT)
    try:
        (pid,) = wait_until(lambda: running(tmp_path), "the start")
    finally:
        keeper.kill()
        keeper.wait()

    wait_until(lambda: not is_alive(pid), "the end of the program")
    assert (tmp_path / "asked").exists()


@given(st.integers(0, 10_000))
def test_pauses_grow_to_their_limit(failures: int) -> None:
    assert pause_seconds(failures) <= pause_seconds(failures + 1) <= PAUSE_MAX_SECONDS


def test_the_first_failure_costs_no_time() -> None:
    assert [pause_seconds(n) for n in (1, 2, 3, 4, 7)] == [0.0, 0.5, 1.0, 2.0, 10.0]


@given(st.integers(0, 10_000), st.floats(0, HEALTHY_SECONDS, exclude_max=True))
def test_who_was_ready_waits_no_longer_than_a_second_and_who_never_was_ever_longer(failures: int, ran: float) -> None:
    ready = failures_after(failures, ran_seconds=ran, was_ready=True)
    unready = failures_after(failures, ran_seconds=ran, was_ready=False)

    assert pause_seconds(ready) <= 1.0
    assert ready <= FAILURES_READY_MAX
    assert unready == failures + 1


def test_a_program_that_comes_to_fail_at_its_start_is_not_started_in_a_hurry() -> None:
    failures, pauses = 0, []
    for was_ready in (True, True, True, True, False, False, False, False):
        failures = failures_after(failures, ran_seconds=2.0, was_ready=was_ready)
        pauses.append(pause_seconds(failures))

    assert pauses == [0.0, 0.5, 1.0, 1.0, 2.0, 4.0, 8.0, 10.0]


def test_who_ran_for_a_minute_begins_anew() -> None:
    assert failures_after(7, ran_seconds=HEALTHY_SECONDS, was_ready=False) == 1


def test_an_end_is_told_by_code_or_signal() -> None:
    assert ending(3) == "ended with exit code 3"
    assert ending(-9) == "was ended by SIGKILL"
