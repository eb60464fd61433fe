"""The console, wired: ``python -m services.console.app``."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import shared.spare  # noqa: F401  # Before whatever it spares us.

# isort: split
import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from services.console import downloads, failures, login, pages
from services.console.door import Door
from services.console.parts import Parts, wire
from services.console.settings import Settings
from shared.logging import configure
from shared.memory import settle
from shared.quiet import QuietServer

STATIC: Final = Path(__file__).with_name("static")
REGISTER_SECONDS: Final = 2.0  # How soon somebody who was removed is logged out.
RESTART_SECONDS: Final = 1.0

log = structlog.get_logger()


def application(settings: Settings) -> FastAPI:
    """The ASGI application."""
    parts = wire(settings)
    app = FastAPI(title="Scorebus console", openapi_url=None, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.parts = parts
    _add_health(app, parts)
    app.include_router(login.router(parts))
    app.include_router(downloads.router(parts))
    app.mount("/static", StaticFiles(directory=STATIC))
    pages.add(parts)
    failures.add(nicegui_app, parts)
    nicegui_app.on_exception(_note)
    ui.run_with(
        app,
        title="Scorebus",
        favicon=STATIC / "mark.svg",
        language=None,
        tailwind=False,
        reconnect_timeout=settings.reconnect_seconds,
        binding_refresh_interval=None,
        gzip_middleware_factory=None,  # The door has to read the pages that it sends on.
        show_welcome_message=False,
    )
    app.add_middleware(Door, parts=parts)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    return app


def _add_health(app: FastAPI, parts: Parts) -> None:
    @app.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive", "service": "console"}

    @app.get("/readyz")
    @app.get("/healthz")
    async def readyz() -> Response:
        """Whether scores arrive."""
        if parts.board.is_connected:
            return JSONResponse({"status": "ready", "service": "console"})
        problem = {"type": "/problems/not-ready", "title": "The service is not ready", "status": 503}
        detail = {"detail": "not ready: no line to evaluation's score stream"}
        return JSONResponse(problem | detail, status_code=503, media_type="application/problem+json")

    @app.get("/metrics")
    async def metrics() -> Response:
        """Counters and gauges for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    tasks = [asyncio.create_task(_kept_going(work)) for work in (parts.board.run, lambda: _watch_register(parts))]
    log.info("console_started", port=parts.settings.port)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.platform.close()
        log.info("console_stopped")


async def _kept_going(work: Any) -> None:
    """Run *work*, and again when it fails: a board that has silently stopped looks like a quiet day."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001  # Whatever it is, it is told, and the work goes on.
            log.error("background_work_failed", alarm=True, error=repr(error)[:500])
        await asyncio.sleep(RESTART_SECONDS)


async def _watch_register(parts: Parts) -> None:
    while True:
        parts.register.check()
        await asyncio.sleep(REGISTER_SECONDS)


def _note(error: Exception) -> None:
    log.error("page_failed", error=repr(error)[:500])


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = Settings()
    configure("console", settings.log_level)
    config = uvicorn.Config(
        application(settings),
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="websockets-sansio",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    settle()
    uvloop.run(QuietServer(config).serve())


if __name__ == "__main__":
    main()
