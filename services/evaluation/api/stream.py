"""The score stream."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from starlette.types import Receive, Scope, Send

from services.evaluation.api.callers import Viewer
from services.evaluation.parts import Parts
from services.evaluation.stream import Subscriber
from shared.fields import LIST_MAX, Id
from shared.problems import Unavailable


class _Streaming(Response):
    """An answer that is a `Subscriber`."""

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__()
        self._subscriber = subscriber

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._subscriber(scope, receive, send)


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the call to *routes*."""

    @routes.get("/scores/stream", tags=["scores"], response_class=Response)
    async def stream(
        caller: Viewer,
        project: Annotated[Sequence[Id] | None, Query(max_length=LIST_MAX)] = None,
        last_event_id: Annotated[str | None, Header(max_length=200)] = None,
        last_event_id_query: Annotated[str | None, Query(alias="lastEventID", max_length=200)] = None,
    ) -> Response:
        """Server-Sent Events: a snapshot, then every change of a score; `Last-Event-ID` resumes without loss."""
        for name in project or ():
            caller.require_project(name)
        if parts.hub.streams >= parts.settings.streams_max:
            raise Unavailable("too many score streams are open", retry_after=5)
        subscriber = Subscriber(
            parts.hub,
            parts.service.database,
            parts.settings,
            parts.service.stopping,
            caller,
            frozenset(project) if project else None,
            last_event_id or last_event_id_query,
        )
        return _Streaming(subscriber)
