import asyncio
import os
import signal
import stat
from pathlib import Path

from cli.embedded import Bus, answers, bus_program, prepare_bus
from cli.folder import make_folder
from cli.supervisor import Keeper
from cli.voice import SilentVoice


async def nothing() -> None:
    pass


async def until_it_answers(bus: Bus) -> None:
    async with asyncio.timeout(60):
        while not await answers(bus):
            await asyncio.sleep(0.01)


def test_the_bus_answers_to_its_password_only_and_is_found_again_after_a_kill(tmp_path: Path) -> None:
    async def story() -> None:
        folder = make_folder(tmp_path / "data")
        bus = prepare_bus(folder)
        keeper = Keeper(bus_program(bus, folder), SilentVoice(), nothing)
        keeper.start()
        try:
            await until_it_answers(bus)
            assert not await answers(Bus(port=bus.port, password="wrong"))

            assert keeper.pid is not None
            os.kill(keeper.pid, signal.SIGKILL)

            await until_it_answers(bus)
        finally:
            await keeper.stop()
        assert not await answers(bus)

    asyncio.run(story())


def test_port_and_password_are_remembered(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")

    first = prepare_bus(folder)

    assert prepare_bus(folder) == first
    assert first.url == f"redis://:{first.password}@127.0.0.1:{first.port}/0"


def test_the_configuration_holds_the_password_and_is_private(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")

    bus_program(prepare_bus(folder), folder)

    config = folder.valkey / "valkey.conf"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert 'save ""' in config.read_text()
    assert "bind 127.0.0.1" in config.read_text()
