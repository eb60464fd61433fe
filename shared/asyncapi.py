"""The AsyncAPI 3 document of a service: FastStream's own, completed by the relay's streams and the contracts."""

from functools import cache
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from faststream.redis import RedisBroker
from faststream.specification import AsyncAPI

from shared.events import PUBLISHERS
from shared.events.base import EventData
from shared.log import PARTITIONS
from shared.relay import stream_name

ENTRY_HEADERS: Final = "CloudEvents 1.0 JSON in the field `event`; its HMAC-SHA-256, lower-case hex, in `mac`."


def router(name: str, broker: RedisBroker) -> APIRouter:
    """The call ``GET /asyncapi.json``."""
    routes = APIRouter(tags=["documentation"])

    @cache
    def document() -> dict[str, Any]:
        return describe(name, broker)

    @routes.get("/asyncapi.json")
    async def asyncapi() -> dict[str, Any]:
        """AsyncAPI 3 of this service's streams: what it publishes and what it listens to."""
        return document()

    return routes


def describe(name: str, broker: RedisBroker) -> dict[str, Any]:
    """
    The document of one service.

    FastStream knows the subscribers and the binding; that the payload is one of the contracts, and what the relay
    sends, is added here. A channel is named ``budget-0``; its address is the stream, whose braces are no parameter.
    """
    made: dict[str, Any] = AsyncAPI(broker, title=f"Scorebus {name}", version="1").to_specification().to_jsonable()
    bindings = {_source(channel["address"]): channel.get("bindings", {}) for channel in made["channels"].values()}
    sources = [(place, "receive") for place in bindings]
    sources += [(f"{name}-{partition}", "send") for partition in range(PARTITIONS)]
    made["servers"] = {"bus": {"host": "redis", "protocol": "redis", "description": "Redis or Valkey, streams."}}
    made["channels"] = {place: _channel(place, bindings.get(place, {})) for place, _ in sources}
    made["operations"] = {f"{action}-{place}": _operation(place, action) for place, action in sources}
    events = [event for place, _ in sources for event in PUBLISHERS[place.rpartition("-")[0]]]
    made["components"] = {
        "messages": {event.versioned_type(): _message(event) for event in events},
        "schemas": msgspec.json.schema_components(events, ref_template="#/components/schemas/{name}")[1],
    }
    return made


def _source(address: str) -> str:
    source, _, partition = address.removeprefix("events:{").removesuffix("}").rpartition(":")
    return f"{source}-{partition}"


def _channel(place: str, bindings: dict[str, Any]) -> dict[str, Any]:
    source, _, partition = place.rpartition("-")
    messages = {
        event.versioned_type(): {"$ref": f"#/components/messages/{event.versioned_type()}"}
        for event in PUBLISHERS[source]
    }
    return {
        "address": None,
        "title": stream_name(source, int(partition)),
        "description": f"The Redis stream `{stream_name(source, int(partition))}`. {ENTRY_HEADERS}",
        "servers": [{"$ref": "#/servers/bus"}],
        "messages": messages,
        "bindings": bindings,
    }


def _operation(place: str, action: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{place}"}}


def _message(event: type[EventData]) -> dict[str, Any]:
    return {
        "name": event.versioned_type(),
        "title": event.type,
        "summary": (event.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/cloudevents+json",
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
    }
