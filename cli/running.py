"""Everything of a platform at once: bus, services, renewal of their token, the example; and the end of it in order."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cli.embedded import Bus, answers, bus_program
from cli.keys import renew_service_token
from cli.nursery import Nursery, can_adopt
from cli.ports import HOST
from cli.programs import CONSOLE, Wiring, console_program, nursery_program, service_programs
from cli.readiness import Readiness, look_at
from cli.supervisor import Keeper, Program, spawn
from cli.voice import Voice

if TYPE_CHECKING:
    from cli.playing import Playing

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RENEWAL_SECONDS: Final = 24 * 3600.0
RENEWAL_RETRY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run."""

    wiring: Wiring
    bus: Bus | None  # None: somebody else's.
    playing: "Playing | None"
    demo_password: str | None = None  # Of the console's first users, while they are the demo's.


def has_own_issuer() -> bool:
    """Whether tokens are signed with the folder's key, not by an OpenID Connect issuer."""
    return "SCOREBUS_JWKS_URL" not in os.environ


async def run_platform(plan: Plan, voice: Voice) -> None:
    """Run until told to stop: services first, then the bus. A second signal ends everything at once."""
    bus, settled_bus = _bus_keeper(plan, voice)
    console = console_program(plan.wiring)
    programs = [*service_programs(plan.wiring), *([console] if console else [])]
    nursery = Nursery() if can_adopt() else None
    services = [_service_keeper(plan, program, voice, nursery) for program in programs]
    nurses = _nursery_keepers(plan, nursery, voice)
    keepers = [*nurses, *(keeper for keeper, _ in services)]
    async with _told_to_stop(partial(_kill, [*keepers, *([bus] if bus else [])])) as stop:
        for keeper in nurses:
            keeper.start()  # It loads what services share while the bus comes up.
        helpers = [_helper(_renew(plan, voice), voice)]
        if bus is not None and settled_bus is not None:
            bus.start()
            await _either(settled_bus.settled, stop)
        if not stop.is_set():
            for keeper, _ in services:
                keeper.start()
            helpers.append(_helper(_show(plan, [readiness for _, readiness in services], voice), voice))
        await stop.wait()
        await _end(plan, helpers, keepers, bus, voice)
        if nursery is not None:
            nursery.close()


def _bus_keeper(plan: Plan, voice: Voice) -> tuple[Keeper | None, Readiness | None]:
    bus = plan.bus
    if bus is None:
        return None, None
    readiness = Readiness("valkey", f"{HOST}:{bus.port}", voice)

    async def alive() -> str | None:
        return None if await answers(bus) else "not answering"

    return Keeper(bus_program(bus, plan.wiring.folder), voice, partial(readiness.wait, alive, alive)), readiness


def _nursery_keepers(plan: Plan, nursery: Nursery | None, voice: Voice) -> list[Keeper]:
    """Of the nursery, if there is one; nobody need know when it is ready."""
    if nursery is None:
        return []
    return [Keeper(nursery_program(plan.wiring.folder), voice, nursery.is_of_use, nursery.spawn_itself)]


def _service_keeper(plan: Plan, program: Program, voice: Voice, nursery: Nursery | None) -> tuple[Keeper, Readiness]:
    url = _address(plan, program.name)
    readiness = Readiness(program.name, url, voice)
    probe = partial(readiness.wait, look_at(url, "/livez"), look_at(url, "/readyz"))
    return Keeper(program, voice, probe, spawn if nursery is None else nursery.spawn), readiness


def _address(plan: Plan, name: str) -> str:
    return f"http://{HOST}:{plan.wiring.console_port}" if name == CONSOLE else plan.wiring.addresses.of(name)


@contextlib.asynccontextmanager
async def _told_to_stop(hurry: Callable[[], object]) -> AsyncIterator[asyncio.Event]:
    """An event that the first signal sets; the second one calls *hurry*."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def told() -> None:
        if stop.is_set():
            hurry()
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, told)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def _kill(keepers: list[Keeper]) -> None:
    for keeper in keepers:
        keeper.kill()


def _helper(work: Coroutine[Any, Any, None], voice: Voice) -> asyncio.Task[None]:
    """A task beside the programs; a bug in it is told and takes nothing else down."""

    def report(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            voice.tell(f"this should not have happened: {error!r}", state="bug")

    task = asyncio.create_task(work)
    task.add_done_callback(report)
    return task


async def _either(*events: asyncio.Event) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def _show(plan: Plan, services: list[Readiness], voice: Voice) -> None:
    """Once everything answers, say where to look, and play."""
    for service in services:
        await service.settled.wait()
    if plan.wiring.console_port is not None:
        _show_console(plan, voice)
    evaluation = plan.wiring.addresses.of("evaluation")
    voice.tell(f"Calls       {evaluation}/docs", address=f"{evaluation}/docs")
    if plan.playing is not None:
        project = plan.playing.example.project_file.project
        voice.tell(
            f"Score       {evaluation}/projects/{project}/score", address=f"{evaluation}/projects/{project}/score"
        )
    voice.tell(f"Live        scorebus watch --data {plan.wiring.folder.path}")
    if plan.playing is not None:
        await asyncio.to_thread(plan.playing.run, plan.wiring.addresses, voice)


def _show_console(plan: Plan, voice: Voice) -> None:
    address = _address(plan, CONSOLE)
    login = "" if plan.demo_password is None else f"   log in as demo, password {plan.demo_password}"
    voice.tell(f"Console     {address}{login}", address=address)


async def _renew(plan: Plan, voice: Voice) -> None:
    """Keep the services' token fresh: it lives for thirty days and is renewed every day."""
    pause = RENEWAL_SECONDS
    while has_own_issuer():
        await asyncio.sleep(pause)
        try:
            renew_service_token(plan.wiring.folder)
            pause = RENEWAL_SECONDS
        except OSError as error:
            voice.tell(f"cannot renew the services' token: {error}; trying again", state="renewal-failed")
            pause = RENEWAL_RETRY_SECONDS


async def _end(
    plan: Plan, helpers: list[asyncio.Task[None]], keepers: list[Keeper], bus: Keeper | None, voice: Voice
) -> None:
    voice.tell("Stopping …", state="stopping")
    if plan.playing is not None:
        plan.playing.stopping.set()
    await asyncio.gather(*(keeper.stop() for keeper in keepers))
    if bus is not None:
        await bus.stop()
    for helper in helpers:
        helper.cancel()
    await asyncio.gather(*helpers, return_exceptions=True)
    voice.tell("Stopped", state="stopped")
