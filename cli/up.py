"""``scorebus up``."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from cli.addresses import local_addresses, write_addresses
from cli.embedded import prepare_bus
from cli.errors import CommandError
from cli.folder import DataFolder, Lock, make_folder
from cli.keys import SERVICE_TOKEN, ensure_keys, renew_service_token
from cli.options import DATA_DEFAULT, Data, Json
from cli.pace import SPEED_DEFAULT, Pace, Speed
from cli.ports import CONSOLE_OFFSET, PORT_BASE_MAX, ports_of, require_free
from cli.programs import CONSOLE, Wiring
from cli.running import Plan, has_own_issuer, run_platform
from cli.users import ensure_demo
from cli.voice import Voice, voice_of

if TYPE_CHECKING:
    from cli.example import Example
    from cli.playing import Playing

LEFTOVER_SECONDS = 10.0  # Services of an `up` that was killed stop on their own within this time.


def up(
    data: Data = DATA_DEFAULT,
    port_base: Annotated[int, typer.Option(help="Evaluation's port; budget, procurement, monitoring follow.")] = 8000,
    no_console: Annotated[bool, typer.Option("--no-console", help="Without the dashboard.")] = False,
    wall_screen: Annotated[
        bool, typer.Option("--wall-screen", help="Let the console show the overview under /wall without login.")
    ] = False,
    redis: Annotated[str | None, typer.Option(help="A Redis or Valkey server, in place of the embedded one.")] = None,
    database_url_budget: Annotated[str | None, typer.Option(help="Budget's database, in place of a file.")] = None,
    database_url_procurement: Annotated[str | None, typer.Option(help="Procurement's database.")] = None,
    database_url_monitoring: Annotated[str | None, typer.Option(help="Monitoring's database.")] = None,
    database_url_evaluation: Annotated[str | None, typer.Option(help="Evaluation's database.")] = None,
    play: Annotated[str | None, typer.Option(help="An example to play once, if the data folder is new.")] = None,
    speed: Speed = SPEED_DEFAULT,
    as_json: Json = False,
) -> None:
    """
    Start everything and keep it running.

    Ctrl-C or SIGTERM stops it cleanly. A service that dies is started again; its log is in the data folder.
    """
    databases = {
        "budget": database_url_budget,
        "procurement": database_url_procurement,
        "monitoring": database_url_monitoring,
        "evaluation": database_url_evaluation,
    }
    if not 1 <= port_base <= PORT_BASE_MAX:
        raise CommandError(f"--port-base must be 1 to {PORT_BASE_MAX}")
    pace = Pace.read(speed)
    example = None if play is None else _read(play)
    voice = voice_of(as_json)
    folder = make_folder(data)
    with Lock(folder) as lock:
        playing = None if example is None else _plan(folder, example, pace, voice)
        plan = _prepare(
            folder,
            port_base,
            redis,
            {name: url for name, url in databases.items() if url},
            playing,
            console_port=None if no_console or not has_own_issuer() else port_base + CONSOLE_OFFSET,
            wall_screen=wall_screen,
            patience_seconds=LEFTOVER_SECONDS if lock.was_killed else 0.0,
        )
        _run(plan, voice)


def _read(name: str) -> "Example":
    from cli.example import read_example  # noqa: PLC0415  # As below: HTTP's client, of which only a player has need.

    return read_example(name)


def _plan(folder: DataFolder, example: "Example", pace: Pace, voice: Voice) -> "Playing | None":
    from cli.playing import plan_playing  # noqa: PLC0415

    return plan_playing(folder, example, pace, voice)


def _prepare(
    folder: DataFolder,
    port_base: int,
    redis: str | None,
    databases: dict[str, str],
    playing: "Playing | None",
    *,
    console_port: int | None,
    wall_screen: bool,
    patience_seconds: float,
) -> Plan:
    ports = ports_of(port_base)
    wanted = ports | ({} if console_port is None else {CONSOLE: console_port})
    require_free(wanted, patience_seconds=patience_seconds)
    ensure_keys(folder)
    if has_own_issuer():
        renew_service_token(folder)
    elif not (folder.keys / SERVICE_TOKEN).exists():
        raise CommandError(
            f"SCOREBUS_JWKS_URL names another issuer: put its token with the scope events:read into "
            f"{folder.keys / SERVICE_TOKEN}"
        )
    bus = prepare_bus(folder) if redis is None else None
    redis_url = redis or (bus.url if bus else "")
    addresses = local_addresses(ports)
    write_addresses(folder, addresses, redis_url)
    wiring = Wiring(
        folder=folder,
        addresses=addresses,
        ports=ports,
        redis_url=redis_url,
        database_urls=databases,
        console_port=console_port,
        wall_screen=wall_screen,
    )
    demo_password = None if console_port is None else ensure_demo(folder)
    return Plan(wiring=wiring, bus=bus, playing=playing, demo_password=demo_password)


def _run(plan: Plan, voice: Voice) -> None:
    voice.tell(f"Scorebus in {plan.wiring.folder.path}", state="starting", data=str(plan.wiring.folder.path))
    with contextlib.suppress(KeyboardInterrupt):  # One that came before the handlers stood.
        asyncio.run(run_platform(plan, voice))
