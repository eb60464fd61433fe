"""The OpenAPI document and its page, completed by what every call shares: the bearer token and the problem answers."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from starlette.types import Lifespan

from shared.answers import MEDIA_TYPE

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem details; further members are the facts of the refusal.",
    "properties": {
        "type": {"type": "string", "examples": ["/problems/line-exceeded"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status"],
}
OPEN_TAGS: Final = ("health", "documentation")


def application(
    title: str, description: str, lifespan: Lifespan[FastAPI], schemas: Mapping[str, dict[str, Any]]
) -> FastAPI:
    """An application whose ``/docs`` asks nothing of the internet; *schemas* are added to the document's own."""
    app = FastAPIOffline(
        "/docs", None, title=title, description=description, version="1", lifespan=lifespan, static_url="/docs/static"
    )
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not made:
            made.update(get_openapi(title=title, version="1", description=description, routes=app.routes))
            _complete(made, schemas)
        return made

    app.openapi = document  # type: ignore[method-assign]  # The framework's own way to complete the document.
    return app


def _complete(document: dict[str, Any], further: Mapping[str, dict[str, Any]]) -> None:
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    schemas.update(further)
    for framework_error in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework_error, None)
    answer = {
        "description": "Anything else is a problem.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for calls in document["paths"].values():
        for call in calls.values():
            call["responses"].pop("422", None)
            call["responses"]["default"] = answer
            if not set(call.get("tags", ())) & set(OPEN_TAGS):
                call["security"] = [{"token": []}]
