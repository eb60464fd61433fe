"""
The intake: CloudEvents 1.0 over HTTP, structured, in batches, or binary.

The envelope is the CloudEvent's; what is in it is what the matching call would take as its body.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlmodel import Session

from services.monitoring.api.callers import Shown, writing
from services.monitoring.api.faults import FaultBody, ResolutionBody, ResponseBody, report_of
from services.monitoring.api.operation import ReadingBody, reading_of
from services.monitoring.handlers import intake as handlers
from services.monitoring.handlers.intake import Fact, Outcome, Sent
from services.monitoring.model import FaultResolution, FaultResponse, FaultStep
from shared.access import Caller, require
from shared.bodies import check_media_type, read_json
from shared.fields import LIST_MAX, Id, Moment
from shared.problems import Forbidden, Invalid, Malformed, Problem, UnsupportedMediaType
from shared.service import Service

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
BINARY: Final = "application/json"  # With the attributes in ce- headers.
ATTRIBUTE_PREFIX: Final = "ce-"
SOURCE_LENGTH_MAX: Final = 500
ID_LENGTH_MAX: Final = 255

Sender = Annotated[Caller, Depends(require("faults:write", "readings:write"))]
B = TypeVar("B", bound=BaseModel)

_JSON = re.compile(r"^application/([a-z0-9.-]+\+)?json *(;.*)?$", re.IGNORECASE)
_VERSION = re.compile(r"\.v1$")


class Attributes(BaseModel):
    """What every CloudEvent says of itself; extensions are welcome and not read."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    specversion: Literal["1.0"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=ID_LENGTH_MAX, pattern=r"^[^\x00-\x1f]*$")]
    source: Annotated[str, StringConstraints(min_length=1, max_length=SOURCE_LENGTH_MAX, pattern=r"^[^\x00-\x1f]*$")]
    type: Annotated[str, StringConstraints(min_length=1)]
    subject: str | None = None
    time: Moment | None = None
    datacontenttype: str | None = None


class RespondedData(ResponseBody):
    fault: Id
    project: Id | None = None


class ResolvedData(ResolutionBody):
    fault: Id
    project: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of event that is taken: who may send it, when it happens, and the fact it states."""

    scope: str
    moment: str  # The member of `data` that the event's `time` may stand for.
    read: Callable[[Any, Caller], Fact]


def _opened(data: Any, caller: Caller) -> Fact:
    body = _checked(FaultBody, data, "data")
    caller.require_project(body.project)
    return report_of(body)


def _responded(data: Any, caller: Caller) -> Fact:
    body = _checked(RespondedData, data, "data")
    step = FaultResponse(responded_at=body.responded_at, responder=body.responder, by=caller.subject)
    return FaultStep(fault=body.fault, project=body.project, step=step)


def _resolved(data: Any, caller: Caller) -> Fact:
    body = _checked(ResolvedData, data, "data")
    step = FaultResolution(resolved_at=body.resolved_at, cause=body.cause, remedy=body.remedy, by=caller.subject)
    return FaultStep(fault=body.fault, project=body.project, step=step)


def _recorded(data: Any, caller: Caller) -> Fact:
    body = _checked(ReadingBody, data, "data")
    caller.require_project(body.project)
    return reading_of(body)


KINDS: Final[Mapping[str, Kind]] = {
    "fault.opened": Kind(scope="faults:write", moment="occurred_at", read=_opened),
    "fault.responded": Kind(scope="faults:write", moment="responded_at", read=_responded),
    "fault.resolved": Kind(scope="faults:write", moment="resolved_at", read=_resolved),
    "reading.recorded": Kind(scope="readings:write", moment="measured_at", read=_recorded),
}

_EVENT_SCHEMA: Final = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": ID_LENGTH_MAX},
        "source": {"type": "string", "minLength": 1, "maxLength": SOURCE_LENGTH_MAX},
        "type": {"enum": [name + version for name in KINDS for version in ("", ".v1")]},
        "subject": {"type": "string", "description": "The project, where data does not name it."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened, where data does not say."},
        "data": {"type": "object", "description": "What the matching call takes as its body."},
    },
}
_REQUEST_BODY: Final = {
    "required": True,
    "content": {
        STRUCTURED: {"schema": _EVENT_SCHEMA},
        BATCH: {"schema": {"type": "array", "maxItems": LIST_MAX, "items": _EVENT_SCHEMA}},
        BINARY: {"schema": {"type": "object", "description": "The data; the attributes are ce- headers."}},
    },
}


def add(routes: APIRouter, service: Service) -> None:
    """Add the intake to *routes*."""

    # No Idempotency-Key: an event's source and id are one.
    @routes.post("/events", tags=["intake"], status_code=202, openapi_extra={"requestBody": _REQUEST_BODY})
    async def take_in(request: Request, caller: Sender) -> Shown:
        """Take CloudEvents in: 202 with an outcome for each, whatever becomes of the others."""
        batch = [_sent(event, caller) for event in await _events(request)]

        def work(session: Session) -> list[Outcome]:
            store = writing(session, service, request)
            return handlers.take_in(batch, store, may_see=caller.may_see, now=service.clock.now(), by=caller.subject)

        return {"outcomes": [_show(outcome) for outcome in await service.database.write(work)]}


async def _events(request: Request) -> list[Any]:
    media_type = check_media_type(request, (STRUCTURED, BATCH, BINARY))
    attributes = {
        name.removeprefix(ATTRIBUTE_PREFIX): value
        for name, value in request.headers.items()
        if name.startswith(ATTRIBUTE_PREFIX)
    }
    if media_type == BINARY and not attributes:
        raise UnsupportedMediaType(
            f"send {STRUCTURED} or {BATCH}, or the attributes in {ATTRIBUTE_PREFIX} headers",
            supported=[STRUCTURED, BATCH, BINARY],
        )
    body = read_json(await request.body())
    if media_type == BINARY:
        return [{name: _decoded(value) for name, value in attributes.items()} | {"data": body}]
    if media_type == STRUCTURED:
        return [body]
    if not isinstance(body, list):
        raise Invalid.field("", "list_type", "a batch is a list of events")
    if len(body) > LIST_MAX:
        raise Invalid.field("", "too_long", f"a batch has at most {LIST_MAX} events")
    return body


def _decoded(value: str) -> str:
    # CloudEvents HTTP binding, 3.1.3.2: quotes may stand around a value, then percent-encoded UTF-8.
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Malformed("a header is not percent-encoded UTF-8") from None


def _sent(event: Any, caller: Caller) -> Sent | Outcome:
    """What an event states, or why it cannot be taken."""
    try:
        attributes = _checked(Attributes, event)
        kind = KINDS.get(_VERSION.sub("", attributes.type))
        if kind is None:
            raise Invalid.field("type", "unknown", f"is none of {', '.join(KINDS)}")
        if kind.scope not in caller.scopes:
            raise Forbidden(f"this needs the scope {kind.scope}", scopes=[kind.scope])
        fact = kind.read(_data(event, attributes, kind.moment), caller)
    except Problem as problem:
        return Outcome(id=_id_of(event), outcome="refused", problem=problem)
    return Sent(source=attributes.source, id=attributes.id, fact=fact)


def _id_of(event: Any) -> str | None:
    name = event.get("id") if isinstance(event, dict) else None
    return name[:ID_LENGTH_MAX] if isinstance(name, str) else None


def _data(event: Mapping[str, Any], attributes: Attributes, moment: str) -> Any:
    """The event's data, with what it leaves to the attributes."""
    if not _JSON.match(attributes.datacontenttype or BINARY) or "data_base64" in event:
        raise Invalid.field("datacontenttype", "not_json", "data must be JSON")
    data = event.get("data")
    if not isinstance(data, dict):
        return data
    left = {}
    if attributes.subject is not None:
        if data.get("project") not in (None, attributes.subject):
            raise Invalid.field("subject", "mismatch", "is another project than data names")
        left["project"] = attributes.subject
    if attributes.time is not None and data.get(moment) is None:
        left[moment] = event["time"]
    return data | left


def _checked(model: type[B], value: Any, *place: str) -> B:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # As everywhere, the given value is left out.
        raise Invalid(
            [
                {
                    "field": ".".join([*place, *(str(part) for part in fault["loc"])]),
                    "code": fault["type"],
                    "message": fault["msg"],
                }
                for fault in error.errors(include_url=False, include_context=False, include_input=False)
            ]
        ) from None


def _show(outcome: Outcome) -> Shown:
    problem = None if outcome.problem is None else outcome.problem.document()
    return {"id": outcome.id, "outcome": outcome.outcome, "problem": problem}
