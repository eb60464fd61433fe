"""Scoring policies: which there are, and each with its source and how sure each part is."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from services.evaluation import rules
from services.evaluation.api.callers import Viewer
from services.evaluation.parts import Parts
from shared import pages
from shared.pages import Cursor, Limit
from shared.problems import NotFound


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    known = sorted(parts.policies.values(), key=lambda policy: (policy.effective_from, policy.name))

    @routes.get("/policies", tags=["policies"])
    async def policies(caller: Viewer, limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None) -> dict[str, Any]:
        """Every scoring policy, the oldest first."""
        first = pages.number(cursor)
        found = list(enumerate(known))[first : first + limit + 1]
        return pages.page(found, limit, lambda row: rules.policy_line(row[1]), lambda row: row[0] + 1)

    @routes.get("/policies/{name}", tags=["policies"])
    async def policy(name: Annotated[str, Path(max_length=64)], caller: Viewer) -> dict[str, Any]:
        """One policy, whole: each part with how sure it is: V read in print, M known of, I inferred, D ours."""
        found = parts.policies.get(name)
        if found is None:
            raise NotFound(f"there is no policy {name}", policy=name)
        return rules.policy_document(found)
