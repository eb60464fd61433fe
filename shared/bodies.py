"""
Request bodies: what may be read as JSON at all, before any model sees it.

Numbers keep the digits they were written with, so that an amount sent as ``60000.10`` is exact.
"""

import json
import re
from collections.abc import Callable, Coroutine
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared.problems import Malformed, UnsupportedMediaType

DEPTH_MAX: Final = 32
NUMBER_LENGTH_MAX: Final = 64  # Characters of one number; longer ones are refused before they cost anything.
# One without an end takes the rest: else each of its quotes would be tried as a beginning.
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\Z|\\\Z)', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")
JSON_TYPES: Final = ("application/json",)


def read_json(raw: bytes) -> Any:
    """
    Parse *raw* strictly.

    Raises:
        Malformed: If it is not UTF-8, not JSON, nested deeper than 32, or has NaN, an infinity, a repeated name or a
            number of more than 64 characters.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8") from None
    if text.count("[") + text.count("{") > DEPTH_MAX:
        _check_depth(text)
    try:
        value = json.loads(
            text,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    if "\\u" in text:
        _check_escapes(value)
    return value


def _check_escapes(value: Any) -> None:
    # Half a surrogate pair is no character: it could be neither stored nor sent on.
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise Malformed("the body escapes half a character") from None


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEPTH_MAX:
            raise Malformed(f"the body is nested deeper than {DEPTH_MAX}")


def _decimal(text: str) -> Decimal:
    if len(text) > NUMBER_LENGTH_MAX:
        raise Malformed(f"a number has more than {NUMBER_LENGTH_MAX} characters")
    try:
        return Decimal(text)
    except InvalidOperation:  # An exponent beyond what even a Decimal holds.
        raise Malformed("a number is beyond any measure") from None


def _integer(text: str) -> int:
    if len(text) > NUMBER_LENGTH_MAX:
        raise Malformed(f"a number has more than {NUMBER_LENGTH_MAX} characters")
    return int(text)


def _no_constant(text: str) -> None:
    raise Malformed(f"{text} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("an object repeats a name")
    return found


class StrictRequest(Request):
    """A request whose JSON is read by `read_json`."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            check_media_type(self, JSON_TYPES)
            self._json = read_json(await self.body())
        return self._json


def check_media_type(request: Request, allowed: tuple[str, ...]) -> str:
    """
    The media type of the body, without parameters.

    Raises:
        UnsupportedMediaType: If it is none of *allowed*, or a charset other than UTF-8 is named.
    """
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if media_type not in allowed or ("charset=" in charset and "charset=utf-8" not in charset):
        raise UnsupportedMediaType(f"send {' or '.join(allowed)} in UTF-8", supported=list(allowed))
    return media_type


class StrictRoute(APIRoute):
    """A route that reads its body strictly, before FastAPI does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if self.body_field is not None and (self.body_field.field_info.is_required() or await request.body()):
                await request.json()
            return await handle(request)

        return strict
