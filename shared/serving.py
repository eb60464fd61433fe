"""Runs one service: ``python -m shared.serving services.budget.app``."""

import importlib
import sys

import shared.spare  # noqa: F401  # Before whatever it spares us.

# isort: split
import uvicorn
import uvloop

from shared.logging import configure
from shared.memory import settle
from shared.quiet import QuietServer
from shared.service import Service

HEADERS_BYTES_MAX = 16 * 1024
# Between two threads that compute: the event loop and the database's writer wait for one another at every statement.
SWITCH_SECONDS = 0.0005


class Server(QuietServer):
    """A server that ends open streams first when told to stop; uvicorn alone would wait for them."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self.has_given_up = False
        service.give_up = self._give_up

    def _give_up(self) -> None:
        self.has_given_up = True
        self.end()

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        settle()

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._service.stop()
        await super().shutdown(sockets)  # type: ignore[arg-type]


def serve(module_name: str) -> None:
    """Serve the ``app`` of a module until SIGTERM or SIGINT; open streams end at once, requests within seconds."""
    sys.setswitchinterval(SWITCH_SECONDS)
    app = importlib.import_module(module_name).app
    service: Service = app.state.service
    settings = service.settings
    configure(service.name, settings.log_level)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.stop_seconds,
        h11_max_incomplete_event_size=HEADERS_BYTES_MAX,
    )
    server = Server(config, service)
    uvloop.run(server.serve())
    if server.has_given_up:  # A supervisor that starts again only what has failed must start us again.
        sys.exit(1)


def main() -> None:
    """Serve the module that the command line names."""
    serve(sys.argv[1])


if __name__ == "__main__":
    main()
