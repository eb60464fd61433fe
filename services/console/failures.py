"""What is shown where there is no page, or where one could not be built: in the visitor's language, without script."""

from html import escape
from typing import Final

import structlog
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from services.console.parts import APPEARANCE_COOKIE, Parts, words_of

NOTICE: Final = """<!doctype html>
<html lang="{tag}" data-appearance="{appearance}">
<head><meta charset="utf-8"><title>{title} · Scorebus</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/static/mark.svg" type="image/svg+xml"><link rel="stylesheet" href="/static/console.css"></head>
<body class="entrance"><main class="entrance-card">
<img src="/static/mark.svg" alt="" width="44" height="44">
<h1>{title}</h1><p class="quiet">{text}</p><p><a href="/">{back}</a></p>
</main></body></html>"""

log = structlog.get_logger()


def add(app: FastAPI, parts: Parts) -> None:
    """Have *app*, which builds the pages, show these."""

    async def missing(request: Request, _: Exception) -> Response:
        if request.url.path.startswith("/_nicegui"):
            return PlainTextResponse("not found", status_code=404)
        return _notice(request, parts, "missing", 404)

    async def broken(request: Request, error: Exception) -> Response:
        log.error("page_failed", path=request.url.path, error=repr(error)[:500])
        return _notice(request, parts, "broken", 500)

    app.add_exception_handler(404, missing)
    app.add_exception_handler(Exception, broken)


def _notice(request: Request, parts: Parts, what: str, status: int) -> HTMLResponse:
    words = words_of(request, parts.settings)
    page = NOTICE.format(
        tag=words.tag,
        appearance=escape(request.cookies.get(APPEARANCE_COOKIE, "auto")),
        title=words(f"failure.{what}"),
        text=words(f"failure.{what}_text"),
        back=words("failure.back"),
    )
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})
