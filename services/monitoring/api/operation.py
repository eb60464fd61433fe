"""The calls about assets, readings and maintenance windows."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from sqlmodel import Session

from services.monitoring.api.callers import (
    FaultWriter,
    Reader,
    ReadingWriter,
    Shown,
    one,
    projects_of,
    shown,
    writing,
)
from services.monitoring.handlers import operation as handlers
from services.monitoring.model import Asset, AssetKind, MaintenanceWindow, Reading
from services.monitoring.store import Store
from shared import pages
from shared.fields import LIST_MAX, Body, Figure, Id, Moment, Name, Text
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.service import Service

URL_LENGTH_MAX = 2_000
UNIT_LENGTH_MAX = 32


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # A bad port, a bad bracket.
        valid = False
    if not valid or not value.isprintable() or " " in value:
        raise ValueError("must be an address that begins with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry a user or a password")
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be printable")
    return value


WebAddress = Annotated[str, StringConstraints(max_length=URL_LENGTH_MAX), AfterValidator(_web_address)]
# A unit is published with its reading: short, so that it stays a unit.
Unit = Annotated[str, StringConstraints(min_length=1, max_length=UNIT_LENGTH_MAX), AfterValidator(_printable)]


class AssetBody(Body):
    project: Id
    name: Name
    kind: AssetKind
    url: WebAddress | None = None


class ReadingBody(Body):
    project: Id
    asset: Id | None = None
    metric: Id
    value: Figure
    unit: Unit
    measured_at: Moment


class WindowBody(Body):
    project: Id
    asset: Id | None = None  # Without one, the window excuses the whole project.
    starts_at: Moment = Field(alias="from")
    ends_at: Moment = Field(alias="to")
    reason: Text


_Readings = Annotated[list[ReadingBody], Field(min_length=1, max_length=LIST_MAX)]
_one_reading: TypeAdapter[ReadingBody] = TypeAdapter(ReadingBody)
_many_readings: TypeAdapter[list[ReadingBody]] = TypeAdapter(_Readings)


def _one_or_many(value: Any, _: ValidatorFunctionWrapHandler) -> ReadingBody | list[ReadingBody]:
    # Of a union every member's faults would be told, under names that nobody sent.
    return _many_readings.validate_python(value) if isinstance(value, list) else _one_reading.validate_python(value)


ReadingsBody = Annotated[ReadingBody | _Readings, WrapValidator(_one_or_many)]


def add(routes: APIRouter, service: Service) -> None:
    """Add the calls about assets, readings and maintenance windows to *routes*."""
    _add_assets(routes, service)
    _add_readings(routes, service)
    _add_windows(routes, service)


def _add_assets(routes: APIRouter, service: Service) -> None:
    @routes.put("/assets/{asset}", tags=["assets"], status_code=201)
    async def describe_asset(asset: Id, body: AssetBody, request: Request, caller: FaultWriter) -> Response:
        """Describe an asset: 201 the first time, 200 after."""
        caller.require_project(body.project)
        described = Asset(asset=asset, **dict(body))

        def work(session: Session) -> Answer:
            is_new = handlers.describe_asset(described, writing(session, service, request))
            return Answer(status=201 if is_new else 200, body=show_asset(described))

        return await service.once.answer(request, work)

    @routes.get("/assets", tags=["assets"])
    async def assets(
        caller: Reader, project: Id | None = None, limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Shown:
        """Assets, oldest first."""
        projects, after = projects_of(caller, project), pages.number(cursor)
        rows = await service.database.read(
            lambda session: Store(session).assets(projects=projects, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, lambda row: show_asset(row[1]), lambda row: row[0])


def reading_of(body: ReadingBody) -> Reading:
    """The reading that a body makes."""
    return Reading(reading=new_id(), **dict(body))


def _add_readings(routes: APIRouter, service: Service) -> None:
    @routes.post("/readings", tags=["readings"], status_code=201)
    async def record_readings(body: ReadingsBody, request: Request, caller: ReadingWriter) -> Response:
        """Record one measured value or a list of them: all, or none if one is refused."""
        bodies = body if isinstance(body, list) else [body]
        for each in bodies:
            caller.require_project(each.project)
        readings = [reading_of(each) for each in bodies]

        def work(session: Session) -> Answer:
            store, now, by = writing(session, service, request), service.clock.now(), caller.subject
            if isinstance(body, list):
                handlers.record_readings(readings, store, now=now, by=by)
                return Answer(status=201, body={"items": [show_reading(reading) for reading in readings]})
            reading = readings[0]
            handlers.record_reading(reading, store, now=now, by=by)
            return Answer(status=201, body=show_reading(reading), location=f"/readings/{reading.reading}")

        return await service.once.answer(request, work)

    @routes.get("/readings/{reading}", tags=["readings"])
    async def reading(reading: Id, caller: Reader) -> Shown:
        """One measured value."""
        return show_reading(await one(service, caller, "reading", reading, lambda store: store.reading(reading)))


def _add_windows(routes: APIRouter, service: Service) -> None:
    @routes.post("/maintenance-windows", tags=["maintenance"], status_code=201)
    async def schedule_maintenance(body: WindowBody, request: Request, caller: FaultWriter) -> Response:
        """Announce downtime, of an asset or of the whole project; inside the window it does not count."""
        caller.require_project(body.project)
        window = MaintenanceWindow(window=new_id(), **dict(body))

        def work(session: Session) -> Answer:
            handlers.schedule_maintenance(window, writing(session, service, request), by=caller.subject)
            return Answer(status=201, body=show_window(window), location=f"/maintenance-windows/{window.window}")

        return await service.once.answer(request, work)

    @routes.get("/maintenance-windows/{window}", tags=["maintenance"])
    async def window(window: Id, caller: Reader) -> Shown:
        """One maintenance window."""
        return show_window(await one(service, caller, "window", window, lambda store: store.window(window)))


def show_asset(asset: Asset) -> Shown:
    """An asset."""
    return {
        "asset": asset.asset,
        "project": asset.project,
        "name": asset.name,
        "kind": asset.kind,
        "url": asset.url,
    }


def show_reading(reading: Reading) -> Shown:
    """A measured value."""
    return {
        "reading": reading.reading,
        "project": reading.project,
        "asset": reading.asset,
        "metric": reading.metric,
        "value": format(reading.value, "f"),
        "unit": reading.unit,
        "measured_at": shown(reading.measured_at),
    }


def show_window(window: MaintenanceWindow) -> Shown:
    """A maintenance window."""
    return {
        "window": window.window,
        "project": window.project,
        "asset": window.asset,
        "from": shown(window.starts_at),
        "to": shown(window.ends_at),
        "reason": window.reason,
    }
