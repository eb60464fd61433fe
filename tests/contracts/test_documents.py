"""OpenAPI and AsyncAPI: generated from the code, and complete."""

import pytest

from shared.asyncapi import describe
from shared.bus import Bus
from shared.events import PUBLISHERS

LISTENS = {
    "budget": ["procurement"],
    "procurement": ["budget"],
    "monitoring": ["budget"],
    "evaluation": ["budget", "procurement", "monitoring"],
}


async def ignore(_: object) -> None:
    """A subscriber that does nothing."""


@pytest.mark.parametrize("service", LISTENS)
def test_asyncapi_names_every_stream_and_every_event_with_its_schema(service: str) -> None:
    bus = Bus("redis://somewhere-secret:1/0")
    for source in LISTENS[service]:
        bus.subscribe(source, 0, ignore)
        bus.follow_heads(source, 0, ignore)

    made = describe(service, bus.broker)

    assert made["asyncapi"].startswith("3.")
    places = {f"send-{service}-0", *(f"receive-{source}-0" for source in LISTENS[service])}
    assert set(made["operations"]) == places | {place.replace("-", "-heads-", 1) for place in places}
    expected = {event.versioned_type() for name in (service, *LISTENS[service]) for event in PUBLISHERS[name]}
    assert set(made["components"]["messages"]) == expected | {"head"}
    assert {channel["title"] for channel in made["channels"].values()} == {
        f"{kind}:{{{name}:0}}" for kind in ("events", "heads") for name in (service, *LISTENS[service])
    }
    for message in made["components"]["messages"].values():
        schema = message["payload"]["$ref"].removeprefix("#/components/schemas/")
        assert made["components"]["schemas"][schema]["type"] == "object"
    assert "somewhere-secret" not in str(made)
