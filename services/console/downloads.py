"""Papers on their way from evaluation to a visitor's disk: passed on piece by piece, with the visitor's own token."""

from collections.abc import AsyncIterator
from typing import Final

import httpx
from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from services.console.parts import Parts, words_of

SCOPE: Final = "forms:read"
PAPERS: Final = (  # As they are offered: the name of the words, the call, its kinds.
    ("self_evaluation", "form", ("xlsx", "docx", "pdf")),
    ("report", "report", ("docx", "pdf")),
    ("monitoring", "monitoring-form", ("xlsx", "docx", "pdf")),
)
CALLS: Final = frozenset(f"{call}.{kind}" for _, call, kinds in PAPERS for kind in kinds)
PROGRAMS: Final = {"xlsx": "Excel", "docx": "Word", "pdf": "PDF"}  # Names that are the same in every language.
QUERY: Final = ("as_of", "lang", "layout", "month")
PASSED_ON: Final = ("content-type", "content-disposition", "etag")
PATIENCE_SECONDS: Final = 60.0  # A report of three years is typeset within seconds.


def router(parts: Parts) -> APIRouter:
    """The call that hands out papers; the door has let in nobody without a session."""
    routes = APIRouter()

    @routes.get("/papers/{project}/{paper}")
    async def paper(request: Request, project: str, paper: str) -> Response:
        """A paper of a project, to be saved."""
        visitor, words = request.state.visitor, words_of(request, parts.settings)
        is_known = paper in CALLS and project in parts.board.standings
        if not is_known or not visitor.may_see(project) or not visitor.may(SCOPE):
            return PlainTextResponse(words("problem.not-found"), status_code=404)
        url = parts.platform.url("evaluation", f"/projects/{project}/{paper}")
        headers = {"Authorization": f"Bearer {parts.visitors.token(visitor)}"}
        asked = parts.platform.http.build_request(
            "GET", url, params=_query(request.query_params), headers=headers, timeout=PATIENCE_SECONDS
        )
        try:
            answer = await parts.platform.http.send(asked, stream=True)
        except httpx.HTTPError:
            return PlainTextResponse(words("problem.unreachable"), status_code=503)
        if not answer.is_success:
            await answer.aclose()
            return PlainTextResponse(words("papers.refused"), status_code=answer.status_code)
        passed = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
        return StreamingResponse(_pieces(answer), headers=passed)

    return routes


def _query(params: QueryParams) -> dict[str, str]:
    return {name: params[name] for name in QUERY if name in params}


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_bytes():
            yield piece
    finally:
        await answer.aclose()
