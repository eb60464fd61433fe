"""``Idempotency-Key``: the same request with the same key is done once and answered the same for ever."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from fastapi import Request, Response
from sqlalchemy import select
from sqlmodel import Session

from shared.access import caller_of
from shared.clock import Clock
from shared.columns import Moment
from shared.database import Database
from shared.lookups import Expected, Lookup
from shared.problems import Problem
from shared.statements import inserting

KEY_LENGTH_MAX: Final = 255

metadata = sa.MetaData()

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("key", sa.String(KEY_LENGTH_MAX), primary_key=True),
    sa.Column("request_hash", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("location", sa.String(255)),
    sa.Column("response", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)

_KEEP = inserting(idempotency)
_FIND = Lookup(
    select(
        idempotency.c.request_hash, idempotency.c.status, idempotency.c.location, idempotency.c.response
    ).add_columns(idempotency.c.subject, idempotency.c.key),
    idempotency.c.subject,
    idempotency.c.key,
    ignores_gathered=True,  # Two requests with one key never run at once; see `Once.answer`.
)

Answered = tuple[int, str | None, bytes]  # Status, location and body of what was answered.

_QUOTED = re.compile(r'^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$')
_BARE = re.compile(r"^[\x21\x23-\x7e][\x20-\x7e]*$")


class KeyMissing(Problem):
    """A call that must not be repeated by accident came without a key."""

    slug, title, status = "idempotency-key-missing", "An Idempotency-Key is needed", 400


class KeyMalformed(Problem):
    """The key is not a string of 1 to 255 characters."""

    slug, title, status = "idempotency-key-malformed", "The Idempotency-Key cannot be read", 400


class KeyReused(Problem):
    """The key was used for another request."""

    slug, title, status = "idempotency-key-reused", "The Idempotency-Key belongs to another request", 422


class StillRunning(Problem):
    """The first request with this key is not answered yet."""

    slug, title, status = "idempotency-in-progress", "The first request still runs", 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call answers: a status 2xx, a JSON body, and where the new thing is found."""

    status: int
    body: Mapping[str, Any]
    location: str | None = None


class Once:
    """Runs a call's work in one durable transaction together with the record of its answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._running: set[tuple[str, str]] = set()

    async def answer(
        self,
        request: Request,
        work: Callable[[Session], Answer],
        *,
        key_required: bool = False,
        expects: Expected = (),
    ) -> Response:
        """
        Do *work*, unless the request's key says that it is done; see `Database.write` for what it *expects*.

        Only what was stored is remembered: a refusal may succeed later, so it is not.

        Raises:
            KeyMissing, KeyMalformed, KeyReused, StillRunning: See each.
            Problem: Whatever *work* refuses with.
        """
        key = key_of(request)
        if key is None:
            if key_required:
                raise KeyMissing("send an Idempotency-Key, the same when you repeat the request")
            return _response(await self._database.write(work, expects))
        place = (caller_of(request).subject, key)
        if place in self._running:
            raise StillRunning("the first request with this key still runs", retry_after=1)
        self._running.add(place)
        try:
            return await self._once(place, await _request_hash(request), work, expects)
        finally:
            self._running.discard(place)

    async def _once(
        self, place: tuple[str, str], request_hash: str, work: Callable[[Session], Answer], expects: Expected
    ) -> Response:
        now = self._clock.now()

        def recorded(session: Session) -> Response:
            found = _find(session, place)
            if found is not None:
                return _replay(found, request_hash)
            answer = work(session)
            response = _response(answer)
            _KEEP.later(
                session,
                subject=place[0],
                key=place[1],
                request_hash=request_hash,
                status=answer.status,
                location=answer.location,
                response=response.body,
                created_at=now,
            )
            return response

        return await self._database.write(recorded, ((_FIND, place), *expects))


def key_of(request: Request) -> str | None:
    """
    The request's key, quoted (a structured-field string) or bare; None without one.

    Raises:
        KeyMalformed: If it is empty, too long, or neither form.
    """
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    given = given.strip()
    quoted = _QUOTED.match(given)
    if quoted:
        key = re.sub(r'\\(["\\])', r"\1", quoted.group(1))
    elif _BARE.match(given):
        key = given
    else:
        raise KeyMalformed("a key is a string of printable ASCII, in quotes or bare")
    if not 1 <= len(key) <= KEY_LENGTH_MAX:
        raise KeyMalformed(f"a key has 1 to {KEY_LENGTH_MAX} characters")
    return key


async def _request_hash(request: Request) -> str:
    value = _canonical(await request.json()) if await request.body() else None
    text = msgspec.json.encode([request.method, request.scope["path"], value], order="sorted")
    return hashlib.sha256(text).hexdigest()


def _canonical(value: Any) -> Any:
    # 60000, 60000.0 and 6e4 are one JSON value; "60000" is another. Objects are wrapped, or one could pose as a number.
    match value:
        case bool() | str() | None:
            return value
        case int() | Decimal():
            return {"number": _digits(Decimal(value))}
        case list():
            return [_canonical(item) for item in value]
        case _:
            return {"members": {name: _canonical(member) for name, member in value.items()}}


def _digits(number: Decimal) -> str:
    # By hand: arithmetic would round to 28 digits, and 1e999999 must not be written out.
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    shown = text.rstrip("0")
    return f"{'-' * sign}{shown}e{int(exponent) + len(text) - len(shown)}" if shown else "0"


def _find(session: Session, place: tuple[str, str]) -> tuple[str, Answered] | None:
    row = _FIND.first(session, *place)
    return None if row is None else (row[0], (row[1], row[2], row[3]))


def _replay(found: tuple[str, Answered], request_hash: str) -> Response:
    known_hash, (status, location, body) = found
    if known_hash != request_hash:
        raise KeyReused("this key was used for a request with other content")
    headers = {"Idempotency-Replayed": "true"} | ({"Location": location} if location else {})
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def _response(answer: Answer) -> Response:
    headers = {"Location": answer.location} if answer.location else {}
    body = msgspec.json.encode(answer.body)
    return Response(body, status_code=answer.status, media_type="application/json", headers=headers)
