"""Audits of finished self-evaluation tables. Nothing of them is kept."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from services.evaluation import rules, workbooks
from services.evaluation.api.callers import Viewer
from services.evaluation.parts import Parts
from shared.bodies import JSON_TYPES, check_media_type
from shared.problems import Invalid

PATH: Final = "/audits"
AT_ONCE: Final = 2  # Audits that run beside the event loop; more of them would only take its time.
_TEXT: Final = {"anyOf": [{"type": "string", "maxLength": 2_000}, {"type": "number"}, {"type": "null"}]}
_ROW: Final = {
    "type": "object",
    "properties": dict.fromkeys(
        ("level1", "level2", "name", "target_printed", "actual_printed", "weight", "score", "deviation_reason_printed"),
        _TEXT,
    )
    | {"direction": {"enum": [">=", "<=", "=", ">", "<", "between", "by", "level", "qualitative", None]}},
}
TABLE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["indicators"],
    "properties": {
        "year": {"anyOf": [{"type": "integer", "minimum": 1950, "maximum": 2199}, {"type": "null"}]},
        "complete": {"type": ["boolean", "null"]},
        "funds": {"type": ["object", "null"], "properties": dict.fromkeys(("initial", "annual", "executed"), _TEXT)},
        "execution": {
            "type": ["object", "null"],
            "properties": dict.fromkeys(("rate_printed", "weight", "score"), _TEXT),
        },
        "indicators": {"type": "array", "minItems": 1, "maxItems": rules.AUDITED_ROWS_MAX, "items": _ROW},
        "total_printed": _TEXT,
        "full_printed": _TEXT,
        "grade_printed": _TEXT,
    },
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "content": {
            "application/json": {"schema": TABLE},
            workbooks.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        },
        "required": True,
    }
}


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the call to *routes*."""
    turns = asyncio.Semaphore(AT_ONCE)

    @routes.post(PATH, tags=["audits"], openapi_extra=BODY)
    async def audit(
        request: Request, caller: Viewer, policy: Annotated[str | None, Query(max_length=64)] = None
    ) -> dict[str, Any]:
        """Audit a finished self-evaluation table, JSON or xlsx, under a policy or else the best-fitting one."""
        media_type = check_media_type(request, (*JSON_TYPES, workbooks.MEDIA_TYPE))
        content = await request.body() if media_type == workbooks.MEDIA_TYPE else await request.json()
        async with turns:
            return await asyncio.to_thread(_audited, content, parts, policy)


def _audited(content: Any, parts: Parts, policy: str | None) -> dict[str, Any]:
    table = rules.read_table(_first_table(content) if isinstance(content, bytes) else content)
    return rules.audit_document(rules.audit(table, parts.policies, policy), table)


def _first_table(content: bytes) -> dict[str, Any]:
    for sheet in workbooks.read_sheets(content):
        found = rules.table_of(sheet)
        if found is not None:
            return found
    raise Invalid.field(
        "", "layout", "no sheet has the headings of a self-evaluation table: 三级指标, 年度指标值, 实际完成值, 得分"
    )
