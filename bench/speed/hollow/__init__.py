"""
The services' own routes with nothing behind them: door, limits, token, check of the body and answer, but no database.

It is what durable posts are measured against. Only the handler and the keeping of answers are replaced; whatever else a
route does, it does here, too.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import Request, Response

from shared import idempotency
from shared.lookups import Expected
from shared.service import Service


def hollow_out(service: Service) -> None:
    """Let *service* answer without storing that it has."""

    async def answer(
        request: Request, work: Callable[[Any], Any], *, key_required: bool = False, expects: Expected = ()
    ) -> Response:
        if idempotency.key_of(request) is None and key_required:
            raise idempotency.KeyMissing("send an Idempotency-Key")
        made = work(None)
        headers = {"Location": made.location} if made.location else {}
        body = msgspec.json.encode(made.body)
        return Response(body, status_code=made.status, media_type="application/json", headers=headers)

    service.once.answer = answer  # type: ignore[method-assign]
