"""Evaluation's calls: each translates a request, calls a handler, and shows what it returned."""

from fastapi import APIRouter

from services.evaluation import workbooks
from services.evaluation.api import (
    archives,
    audits,
    bundles,
    catalogue,
    closures,
    documents,
    forms,
    history,
    plans,
    policies,
    rebuilds,
    reports,
    scores,
    stream,
)
from services.evaluation.parts import Parts

SCHEMAS = plans.PLAN_SCHEMAS
LARGER_BODIES = {
    (audits.PATH, workbooks.MEDIA_TYPE): workbooks.FILE_BYTES_MAX,
    **dict.fromkeys(((documents.PATH, media_type) for media_type in documents.SENT_AS), documents.BYTES_MAX),
}


def router(parts: Parts) -> APIRouter:
    """The calls of evaluation."""
    routes = APIRouter(route_class=parts.service.route_class)
    plans.add(routes, parts)
    scores.add(routes, parts)
    policies.add(routes, parts)
    forms.add(routes, parts)
    reports.add(routes, parts)
    bundles.add(routes, parts)
    closures.add(routes, parts)
    archives.add(routes, parts)
    documents.add(routes, parts)
    history.add(routes, parts)
    rebuilds.add(routes, parts)
    stream.add(routes, parts)
    catalogue.add(routes, parts)
    audits.add(routes, parts)
    return routes
