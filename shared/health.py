"""Health, for machines: `/livez` says restart me, `/readyz` says route to me, and which part is wrong."""

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.events import ALL
from shared.problems import NotFound, Problem, Unavailable

if TYPE_CHECKING:
    from shared.service import Service

WATERMARK_AGE_MAX: Final = 30.0  # Seconds since a source was last known to hold nothing new.


class NotReady(Problem):
    """A part the service leans on does not answer."""

    slug, title, status = "not-ready", "The service is not ready", 503


def router(service: "Service") -> APIRouter:
    """The calls that need no token."""
    routes = APIRouter(tags=["health"])

    @routes.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive", "service": service.name}

    @routes.get("/readyz")
    @routes.get("/healthz")
    async def readyz() -> dict[str, Any]:
        """Database, bus and watermarks; 503 names what is wrong, or says that this process stands by."""
        if not service.is_active:
            raise NotReady("standby: another process is active, or the database is not reachable", role="standby")
        checks = await _checks(service)
        wrong = sorted(name for name, state in checks.items() if state != "ok")
        if wrong:
            raise NotReady(f"not ready: {', '.join(wrong)}", checks=checks, **_rests_on(service))
        return {"status": "ready", "service": service.name, "checks": checks} | _rests_on(service)

    @routes.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Counters and gauges for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/schemas/{event_type}")
    async def schema(event_type: str) -> dict[str, Any]:
        """The JSON Schema of an event's data."""
        found = ALL.schema(event_type)
        if found is None:
            raise NotFound("there is no event type by that name")
        return found

    return routes


def _rests_on(service: "Service") -> dict[str, Any]:
    """Versions, and the settings that an answer 2xx being on disk rests on."""
    versions = {"program": version("scorebus"), "schema": service.schema, "bus": service.bus.server or "not reached"}
    return {"versions": versions, "store": service.database.durability}


async def _checks(service: "Service") -> dict[str, str]:
    checks = {"database": "ok", "bus": "ok" if service.bus.is_up else "down; events are pulled instead"}
    try:
        await service.database_answers()
    except Unavailable as problem:
        checks["database"] = problem.detail
    if service.database.role != "active" and checks["database"] == "ok":
        checks["database"] = "read, but not written: the writer is cut off"
    now = asyncio.get_running_loop().time()
    for subscription in service.subscriptions:
        name = f"watermark.{subscription.source}.{subscription.partition}"
        mark = subscription.mark
        if mark is not None and mark.diverged is not None:
            checks[name] = f"diverged: {mark.diverged}"
        elif subscription.level_at is None:
            checks[name] = "not reached since the start"
        elif now - subscription.level_at > WATERMARK_AGE_MAX:
            checks[name] = f"not level for {now - subscription.level_at:.0f} s"
        else:
            checks[name] = "ok"
    return checks
