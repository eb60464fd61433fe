"""The AsyncAPI 3 document of a service: what it publishes and what it listens to."""

from functools import cache
from typing import Any

from fastapi import APIRouter
from faststream.redis import RedisBroker
from faststream.specification import AsyncAPI


def router(name: str, broker: RedisBroker) -> APIRouter:
    """The call ``GET /asyncapi.json``."""
    routes = APIRouter(tags=["documentation"])

    @cache
    def document() -> dict[str, Any]:
        return describe(name, broker)

    @routes.get("/asyncapi.json")
    async def asyncapi() -> dict[str, Any]:
        """AsyncAPI 3 of this service's streams."""
        return document()

    return routes


def describe(name: str, broker: RedisBroker) -> dict[str, Any]:
    """FastStream's document of *broker*, completed by what the relay sends and by the contracts' schemas."""
    specification = AsyncAPI(broker, title=f"Scorebus {name}", version="1", schema_version="3.0.0")
    found: dict[str, Any] = specification.to_specification().to_jsonable()
    return found
