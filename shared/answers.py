"""How problems are written out: one answer shape for everything that is not 2xx."""

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared.problems import Invalid, NotFound, Problem, Unavailable

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger()


def problem_response(problem: Problem) -> Response:
    """The HTTP answer for *problem*."""
    return Response(
        msgspec.json.encode(problem.document()),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers(),
    )


def plain_problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for an error of the framework: an unknown path, a method that is not allowed."""
    slug = "-".join(title.lower().split())
    body = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail}
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Make every non-2xx answer of *app* a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(Exception, _on_bug)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    # What is no id cannot be there; only a PUT may be about to make it.
    if request.method != "PUT" and any(fault["loc"][0] == "path" for fault in faults):
        return problem_response(NotFound("there is nothing by that name"))
    return problem_response(Invalid([_fault(fault) for fault in faults]))


def _fault(fault: Mapping[str, Any]) -> dict[str, str]:
    # The given value is left out on purpose: it may be a name or a phone number, and answers get logged elsewhere.
    place = [str(part) for part in fault["loc"] if part not in ("body", "query", "path", "header")]
    return {"field": ".".join(place), "code": str(fault["type"]), "message": str(fault["msg"])}


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    titles = {404: "Not found", 405: "Method not allowed", 400: "Malformed"}
    title = titles.get(error.status_code, "Refused")
    return plain_problem(error.status_code, title, str(error.detail), error.headers)


async def _on_database(request: Request, error: Exception) -> Response:
    log.error("statement_refused", method=request.method, path=request.url.path, error=type(error).__name__)
    return problem_response(Unavailable("the database did not take this; nothing was stored", retry_after=1))


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, error=type(error).__name__)
    return problem_response(Problem("the request could not be handled; the fault is in the service and is logged"))
