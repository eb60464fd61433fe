"""What a nursery starts is a program like any other: ours to keep, with settings of its own, and gone when we are."""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

import cli.nursery
from cli.folder import make_folder
from cli.nursery import PR_SET_CHILD_SUBREAPER, Nursery, can_adopt
from cli.programs import nursery_program
from cli.supervisor import Keeper, Program
from tests.cli.nursling import CODE
from tests.cli.test_supervisor import ROOT, Notes, is_alive, nothing, running
from tests.cli.waiting import until, wait_until

pytestmark = pytest.mark.skipif(not can_adopt(), reason="this system has no nursery")

ROOM: Final = ("json",) * 60  # On the nursery's command line, for the longer ones of tests.
LIGHT: Final = ("-m", "shared.nursery", "tests.cli.nursling", *ROOM)


@pytest.fixture(autouse=True)
def no_orphans_for_other_tests() -> Iterator[None]:
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class Nurse:
    """A nursery and what is started from it, each with its keeper."""

    def __init__(self, place: Path, words: Sequence[str] = LIGHT) -> None:
        self.place = place
        self.notes = Notes()
        self.nursery = Nursery()
        program = Program(name="nursery", command=(sys.executable, *words), log=place / "nursery.log")
        self.keeper = Keeper(program, self.notes, self.nursery.is_of_use, self.nursery.spawn_itself)
        self.keepers = [self.keeper]
        self.keeper.start()

    def keep(self, name: str, **environment: str) -> Keeper:
        (self.place / name).mkdir()
        command = (sys.executable, "-m", "tests.cli.nursling", str(self.place / name))
        program = Program(name=name, command=command, log=self.place / f"{name}.log", environment=environment)
        keeper = Keeper(program, self.notes, nothing, self.nursery.spawn)
        self.keepers.append(keeper)
        keeper.start()
        return keeper

    async def note(self, name: str, but: int = 0) -> tuple[int, dict[str, Any]]:
        """The process that runs under that name, not the one before, and what it noted."""
        (pid,) = await until(lambda: running(self.place / name) - {but}, f"a start of {name}")
        return pid, json.loads((self.place / name / f"running-{pid}").read_text())

    async def stop(self) -> None:
        await asyncio.gather(*(keeper.stop() for keeper in self.keepers))
        self.nursery.close()


def play(story: Callable[[Nurse], Coroutine[Any, Any, None]], place: Path, words: Sequence[str] = LIGHT) -> None:
    async def run() -> None:
        nurse = Nurse(place, words)
        try:
            await story(nurse)
        finally:
            await nurse.stop()

    asyncio.run(run())


def test_a_program_is_our_child_with_session_settings_files_and_name_of_its_own(tmp_path: Path) -> None:
    async def story(nurse: Nurse) -> None:
        one = nurse.keep("one", SECRET="of one")
        nurse.keep("other", OTHER="of other")

        pid, note = await nurse.note("one")
        _, others = await nurse.note("other")

        assert note["is_from_nursery"]
        assert pid == one.pid
        assert (note["parent"], note["session"]) == (os.getpid(), pid)
        assert note["line"] == list(one.program.command)
        assert note["environment"] == {"SECRET": "of one"}
        assert others["environment"] == {"OTHER": "of other"}
        assert note["files"] == [0, 1, 2]
        assert one.program.log.read_text() == f"hello from {tmp_path / 'one'}\n"

    play(story, tmp_path)


def test_it_is_started_again_when_it_was_killed_and_ends_with_its_own_code_when_it_is_told_to(tmp_path: Path) -> None:
    async def story(nurse: Nurse) -> None:
        keeper = nurse.keep("one")
        first, _ = await nurse.note("one")

        os.kill(first, signal.SIGKILL)
        second, note = await nurse.note("one", but=first)
        os.kill(second, signal.SIGTERM)
        await until(lambda: len(nurse.notes.lines) == 2, "two ends")

        assert note["is_from_nursery"]
        assert "was ended by SIGKILL; started again now" in nurse.notes.lines[0]
        assert f"ended with exit code {CODE}" in nurse.notes.lines[1]
        await keeper.stop()
        assert keeper.pid is None

    play(story, tmp_path)


def test_programs_outlive_the_nursery_and_another_one_takes_its_place(tmp_path: Path) -> None:
    async def story(nurse: Nurse) -> None:
        nurse.keep("one")
        pid, _ = await nurse.note("one")
        before = nurse.keeper.pid
        assert before is not None

        os.kill(before, signal.SIGKILL)
        await until(lambda: nurse.keeper.pid not in (None, before), "another nursery")

        assert is_alive(pid)
        nurse.keep("two")
        _, note = await nurse.note("two")
        assert note["is_from_nursery"]
        assert note["parent"] == os.getpid()

    play(story, tmp_path)


@pytest.mark.parametrize("broken", [("-c", "raise SystemExit(1)"), ("-c", "import sys; sys.stdin.buffer.raw.read(1)")])
def test_without_a_nursery_that_works_programs_are_started_by_themselves(
    tmp_path: Path, broken: tuple[str, ...]
) -> None:
    async def story(nurse: Nurse) -> None:
        nurse.keep("one", SECRET="of one")

        _, note = await nurse.note("one")

        assert not note["is_from_nursery"]
        assert note["environment"]["SECRET"] == "of one"

    play(story, tmp_path, broken)


def test_a_nursery_that_no_longer_answers_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.nursery, "ANSWER_SECONDS", 0.05)

    async def story(nurse: Nurse) -> None:
        nurse.keep("one")
        await nurse.note("one")
        assert nurse.keeper.pid is not None
        os.kill(nurse.keeper.pid, signal.SIGSTOP)

        nurse.keep("two")

        _, note = await nurse.note("two")
        assert not note["is_from_nursery"]
        nurse.keeper.kill()

    play(story, tmp_path)


def test_the_nursery_of_a_platform_knows_no_setting_and_loads_what_makes_tables_for_a_new_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOREBUS_LOG_LEVEL", "debug")
    folder = make_folder(tmp_path / "data")
    new = nursery_program(folder)

    folder.database("budget").touch()
    used = nursery_program(folder)

    assert not any(name.startswith("SCOREBUS_") for name in new.environment)
    assert set(new.command) - set(used.command) == {"shared.migrations.upgrading"}


def test_stopping_does_not_wait_for_a_nursery_that_is_still_loading(tmp_path: Path) -> None:
    async def story(nurse: Nurse) -> None:
        keeper = nurse.keep("one")
        await until(lambda: nurse.keeper.pid, "the nursery")

        await nurse.stop()

        assert keeper.pid is None
        assert not any("by force" in line for line in nurse.notes.lines)

    play(story, tmp_path, ("-c", "import signal; signal.pause()"))


KEEPS_ONE: Final = """
import asyncio, pathlib, sys
from tests.cli.test_nursery import Nurse
async def main():
    Nurse(pathlib.Path(sys.argv[1])).keep("one")
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_the_nursery_and_its_programs_end_when_their_keeper_is_killed(tmp_path: Path) -> None:
    keeper = subprocess.Popen([sys.executable, "-c", KEEPS_ONE, str(tmp_path)], cwd=ROOT)
    try:
        (pid,) = wait_until(lambda: running(tmp_path / "one"), "the start")
        nursery = next(child for child in children_of(keeper.pid) if child != pid)
    finally:
        keeper.kill()
        keeper.wait()

    wait_until(lambda: not is_alive(pid) and not is_alive(nursery), "the end of both")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


THREADED: Final = """
import sys, threading
from shared.nursery import settle
threading.Thread(target=threading.Event().wait, daemon=True).start()
settle()
"""


def test_a_nursery_with_a_second_thread_is_none() -> None:
    found = subprocess.run([sys.executable, "-c", THREADED], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "one thread" in found.stderr
