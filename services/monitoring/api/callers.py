"""Who calls, what they may see, and the store of their request."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Request
from sqlmodel import Session

from services.monitoring.store import Store
from shared.access import Caller, require
from shared.problems import NotFound
from shared.service import Service

FaultWriter = Annotated[Caller, Depends(require("faults:write"))]
ReadingWriter = Annotated[Caller, Depends(require("readings:write"))]
FeedbackWriter = Annotated[Caller, Depends(require("feedback:write"))]
Inspector = Annotated[Caller, Depends(require("inspections:write"))]
Reader = Annotated[Caller, Depends(require("monitoring:read"))]


class Placed(Protocol):
    """Something that belongs to a project."""

    @property
    def project(self) -> str: ...


P = TypeVar("P", bound=Placed)


def writing(session: Session, service: Service, request: Request) -> Store:
    """The store of a request that may publish."""
    return Store(session, service.publisher(session, request.state.trace))


def visible(found: P | None, kind: str, name: str, caller: Caller) -> P:
    """
    What was found, if the caller may see it.

    Raises:
        NotFound: If it is not there, or a foreign project's; which of the two is not told.
    """
    if found is None or not caller.may_see(found.project):
        facts: dict[str, Any] = {kind: name}
        raise NotFound(f"there is no {kind.replace('_', ' ')} {name}", **facts)
    return found


async def one(service: Service, caller: Caller, kind: str, name: str, find: Callable[[Store], P | None]) -> P:
    """The thing that *find* finds, for a caller who may see it."""
    found = await service.database.read(lambda session: find(Store(session)))
    return visible(found, kind, name, caller)


def projects_of(caller: Caller, project: str | None) -> list[str] | None:
    """The projects a list is about: *project*, or else all that the caller may see; None means all there are."""
    if project is not None:
        caller.require_project(project)
        return [project]
    return None if caller.projects is None else sorted(caller.projects)


def shown(moment: datetime | None) -> str | None:
    """A moment as answers have it, in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Shown = dict[str, Any]
