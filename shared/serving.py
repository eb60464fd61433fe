"""Runs one service: ``python -m shared.serving services.budget.app``."""

import importlib
import sys

import uvicorn
import uvloop

from shared.logging import configure
from shared.service import Service

HEADERS_BYTES_MAX = 16 * 1024


class Server(uvicorn.Server):
    """A server that ends open streams first when told to stop; uvicorn alone would wait for them."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._service.stop()
        await super().shutdown(sockets)  # type: ignore[arg-type]


def serve(module_name: str) -> None:
    """Serve the ``app`` of a module until SIGTERM or SIGINT; open streams end at once, requests within seconds."""
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
    uvloop.run(Server(config, service).serve())


if __name__ == "__main__":
    serve(sys.argv[1])
