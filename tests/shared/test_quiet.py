"""A server that sleeps is awake as soon as it is told to end."""

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest
import uvicorn

from shared import quiet
from shared.quiet import QuietServer

ENDED_BY_SIGNAL = """
import asyncio, os, signal, uvloop, uvicorn
from shared import quiet
quiet.DATE_SECONDS = 3600
async def app(scope, receive, send): ...
class Server(quiet.QuietServer):
    async def on_tick(self, counter):
        if not self.should_exit:
            asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGTERM)
        return await super().on_tick(counter)
config = uvicorn.Config(app, port=0, lifespan="off", log_config=None)
signal.signal(signal.SIGTERM, lambda *_: print("told again"))  # As uvicorn does, once it has ended.
RUN(Server(config).serve())
"""


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    pass


def test_it_ends_when_another_thread_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "DATE_SECONDS", 3600.0)
    server = QuietServer(uvicorn.Config(nothing, port=0, lifespan="off", log_config=None))

    async def story() -> None:
        serving = asyncio.create_task(server.serve())
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0.01)
            threading.Thread(target=server.end).start()
            await serving

    asyncio.run(story())


@pytest.mark.parametrize("run", ["asyncio.run", "uvloop.run"])
def test_it_ends_when_it_gets_a_signal(run: str) -> None:
    code = ENDED_BY_SIGNAL.replace("RUN", run)

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert ended.stdout == "told again\n"
