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
from shared.relay import Heartbeat, heads_name, stream_name

ENTRY_HEADERS: Final = "CloudEvents 1.0 JSON in the field `event`; its HMAC-SHA-256, lower-case hex, in `mac`."

HEADS: Final = "heads-"
HEAD_ENTRY: Final = "Where the log ends, as JSON in the field `head`; its HMAC-SHA-256, lower-case hex, in `mac`."
HEAD: Final = {
    "name": "head",
    "title": "head",
    "summary": "Where a log ends, told while nothing happens.",
    "contentType": "application/json",
    "payload": {"$ref": "#/components/schemas/Heartbeat"},
}


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
    bindings = {channel["address"]: channel.get("bindings", {}) for channel in made["channels"].values()}
    followed = [(_place(address), "receive") for address in bindings]
    sent = [(f"{kind}{name}-{partition}", "send") for partition in range(PARTITIONS) for kind in ("", HEADS)]
    places = [*followed, *sent]
    by_place = {_place(address): found for address, found in bindings.items()}
    made["servers"] = {"bus": {"host": "redis", "protocol": "redis", "description": "Redis or Valkey, streams."}}
    made["channels"] = {place: _channel(place, by_place.get(place, {})) for place, _ in places}
    made["operations"] = {f"{action}-{place}": _operation(place, action) for place, action in places}
    sources = dict.fromkeys(_source(place) for place, _ in places)
    events = [event for source in sources for event in PUBLISHERS[source]]
    made["components"] = {
        "messages": {event.versioned_type(): _message(event) for event in events} | {"head": HEAD},
        "schemas": msgspec.json.schema_components([*events, Heartbeat], ref_template="#/components/schemas/{name}")[1],
    }
    return made


def _place(address: str) -> str:
    """``events:{budget:0}`` as ``budget-0``, ``heads:{budget:0}`` as ``heads-budget-0``."""
    kind, _, rest = address.partition(":{")
    place = rest.removesuffix("}").replace(":", "-")
    return place if kind == "events" else HEADS + place


def _source(place: str) -> str:
    return place.removeprefix(HEADS).rpartition("-")[0]


def _channel(place: str, bindings: dict[str, Any]) -> dict[str, Any]:
    source, partition = _source(place), int(place.rpartition("-")[2])
    if place.startswith(HEADS):
        title, entry, names = heads_name(source, partition), HEAD_ENTRY, ["head"]
    else:
        title, entry = stream_name(source, partition), ENTRY_HEADERS
        names = [event.versioned_type() for event in PUBLISHERS[source]]
    return {
        "address": None,
        "title": title,
        "description": f"The Redis stream `{title}`. {entry}",
        "servers": [{"$ref": "#/servers/bus"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
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
