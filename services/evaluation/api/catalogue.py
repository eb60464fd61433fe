"""The catalogue: indicators found by words, and free texts matched to them."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import Field

from services.evaluation.api.callers import Viewer
from services.evaluation.model import Target
from services.evaluation.parts import Parts
from services.evaluation.rules.catalogue import Candidate, Entry
from shared import pages
from shared.events.evaluation import Aspect, Dimension
from shared.fields import LIST_MAX, Body, Name
from shared.pages import Cursor, Limit

CANDIDATES_MAX: Final = 20
CANDIDATES_DEFAULT: Final = 3
CONFIDENCE_DIGITS: Final = 2


class MatchBody(Body):
    """Free texts, each of at most 200 characters, and how many candidates are wanted for each."""

    texts: Annotated[list[Name], Field(min_length=1, max_length=LIST_MAX)]
    limit: Annotated[int, Field(ge=1, le=CANDIDATES_MAX)] = CANDIDATES_DEFAULT


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the calls to *routes*."""
    catalogue = parts.catalogue

    @routes.get("/catalogue", tags=["catalogue"])
    async def search(
        caller: Viewer,
        q: Annotated[
            str,
            Query(max_length=200, description="Chinese words or parts of them, pinyin, initials, English, or a code."),
        ] = "",
        dimension: Dimension | None = None,
        aspect: Aspect | None = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """Indicators to choose from: the best finds first, or all of them where nothing is asked."""
        first = pages.number(cursor)
        found = catalogue.index.search(q, dimension=dimension, aspect=aspect)
        rows = list(enumerate(found))[first : first + limit + 1]
        return pages.page(rows, limit, lambda row: _show(row[1]), lambda row: row[0] + 1)

    @routes.post("/catalogue/match", tags=["catalogue"])
    async def match(body: MatchBody, caller: Viewer) -> dict[str, Any]:
        """The indicators that each text may mean, best first, with the target that the text states."""

        def work() -> list[list[Candidate]]:
            return [catalogue.matcher.match(text, body.limit) for text in body.texts]

        found = await asyncio.to_thread(work)  # A thousand texts take a second; others are answered meanwhile.
        return {
            "matches": [
                {"text": text, "candidates": [_show_candidate(candidate) for candidate in candidates]}
                for text, candidates in zip(body.texts, found, strict=True)
            ]
        }


def _show(entry: Entry) -> dict[str, Any]:
    return {
        **_show_head(entry),
        "synonyms": entry.synonyms,
        "synonyms_en": entry.synonyms_en,
        "direction": entry.direction,
        "target": _show_target(entry.target),
        "collect": {"zh": entry.collect, "en": entry.collect_en},
        "source": {"zh": entry.source.zh, "en": entry.source.en},
        "certainty": entry.certainty,
    }


def _show_candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        **_show_head(candidate.entry),
        "target": _show_target(candidate.target),
        "confidence": f"{candidate.confidence:.{CONFIDENCE_DIGITS}f}",
    }


def _show_head(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "name": entry.name,
        "name_en": entry.name_en,
        "dimension": entry.dimension,
        "aspect": entry.aspect,
        "unit": entry.unit,
        "measure": entry.measure,
        "with": dict(entry.arguments),
    }


def _show_target(target: Target | None) -> dict[str, Any] | None:
    return None if target is None else {"op": target.op, "value": target.value}
