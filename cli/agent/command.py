"""``scorebus agent``."""

import signal
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.addresses import Addresses, derived_addresses, read_addresses
from cli.agent.buffer import Buffer
from cli.agent.containers import Assets, Change, Opened, Place
from cli.agent.engine import Engine, Gone
from cli.agent.sender import Sender
from cli.bearers import KeptBearer, bearers_for
from cli.folder import DataFolder
from cli.options import DATA_DEFAULT, Data, Json, Token, Url
from cli.voice import Voice, voice_of
from shared.identity import new_id

app = typer.Typer(help="The bundled monitoring agent.", no_args_is_help=True)

LOOK_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 2.0  # Between attempts to send, while the platform is away.
SOURCE: Final = "/agents/docker"


@app.callback()
def agent() -> None:
    """The bundled monitoring agent."""


@app.command("docker")
def watch_containers(
    project: Annotated[
        str | None, typer.Option(help="The project of containers whose label scorebus.project names none.")
    ] = None,
    buffer: Annotated[
        Path | None, typer.Option(help="The file that keeps what the platform has not taken; else in the data folder.")
    ] = None,
    data: Data = DATA_DEFAULT,
    url: Url = None,
    monitoring_url: Annotated[
        str | None, typer.Option(help="Monitoring's address alone; the agent asks nobody else.")
    ] = None,
    token: Token = None,
    token_file: Annotated[
        Path | None, typer.Option(help="The file of a bearer token that somebody renews, as keep-token does.")
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Watch the containers of a Docker engine that carry the label scorebus.asset.

    A fault is opened when an asset's last container stops, runs out of memory, becomes unhealthy or restarts again and
    again, and resolved when one is up again. The engine is the one of DOCKER_HOST.
    """
    folder = DataFolder(data.absolute())
    addresses = _addresses(folder, url, monitoring_url)
    is_elsewhere = url is not None or monitoring_url is not None
    bearers = KeptBearer(token_file) if token_file else bearers_for(folder, token, is_elsewhere=is_elsewhere)
    voice = voice_of(as_json)
    kept = Buffer(buffer or folder.path / "agent" / "docker.db")
    sender = Sender(kept, addresses, bearers, lambda text: voice.tell(text, state="sending"))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        Watch(kept, sender, Engine(project or None), voice).run(stop)
    finally:
        sender.close()
        kept.close()


def _addresses(folder: DataFolder, url: str | None, monitoring_url: str | None) -> Addresses:
    if monitoring_url is not None:
        return Addresses({"monitoring": monitoring_url.rstrip("/")})
    return read_addresses(folder) if url is None else derived_addresses(url)


class Watch:
    """Engine, buffer and platform, tied together."""

    def __init__(self, buffer: Buffer, sender: Sender, engine: Engine, voice: Voice) -> None:
        self._buffer = buffer
        self._sender = sender
        self._engine = engine
        self._voice = voice
        known = {Place(project=project, asset=asset): fault for (project, asset), fault in buffer.open_faults().items()}
        self._assets = Assets(known)
        self._retry_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop; what is seen is on disk before anything else."""
        self._engine.start(self._buffer.cursor())
        self._voice.tell("watching containers", state="watching")
        is_gone = False
        try:
            while not stop.is_set():
                found = self._engine.next(LOOK_SECONDS)
                if isinstance(found, Gone):
                    if not is_gone:
                        self._voice.tell(f"the Docker engine does not answer: {found}", state="blind")
                    is_gone = True
                    continue
                if found is not None:
                    is_gone = False
                    seen, cursor = found
                    self._keep(self._assets.see(seen), cursor)
                self._keep(self._assets.look(datetime.now(UTC)), None)
                self._send()
        finally:
            self._engine.stop()

    def _keep(self, changes: list[Change], cursor: str | None) -> None:
        if not changes and cursor is None:
            return
        opened = {
            (change.place.project, change.place.asset): change.fault if isinstance(change, Opened) else None
            for change in changes
        }
        self._buffer.add([(change.place.asset, _event(change)) for change in changes], opened=opened, cursor=cursor)
        for change in changes:
            state = "opened" if isinstance(change, Opened) else "resolved"
            text = change.title if isinstance(change, Opened) else change.remedy
            self._voice.tell(f"{change.place.asset}: {text}", state=state, asset=change.place.asset, fault=change.fault)

    def _send(self) -> None:
        if time.monotonic() < self._retry_at or not self._buffer.count():
            return
        if not self._sender.send() or self._buffer.count():
            self._retry_at = time.monotonic() + RETRY_SECONDS


def _event(change: Change) -> Mapping[str, Any]:
    data: dict[str, Any] = {"fault": change.fault, "project": change.place.project}
    if isinstance(change, Opened):
        data |= {
            "asset": change.place.asset,
            "severity": "critical",
            "title": change.title,
            "occurred_at": change.at.isoformat(),
            "service_down": True,
        }
    else:
        data |= {"resolved_at": change.at.isoformat(), "cause": change.cause, "remedy": change.remedy}
    return {
        "specversion": "1.0",
        "id": new_id(),
        "source": SOURCE,
        "type": "fault.opened" if isinstance(change, Opened) else "fault.resolved",
        "subject": change.place.project,
        "datacontenttype": "application/json",
        "data": data,
    }
