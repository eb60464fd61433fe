"""Evaluation's calls: each translates a request, calls a handler, and shows what it returned."""

from fastapi import APIRouter

from services.evaluation.api import history, plans, scores, stream
from services.evaluation.parts import Parts

SCHEMAS = plans.PLAN_SCHEMAS


def router(parts: Parts) -> APIRouter:
    """The calls of evaluation."""
    routes = APIRouter(route_class=parts.service.route_class)
    plans.add(routes, parts)
    scores.add(routes, parts)
    history.add(routes, parts)
    stream.add(routes, parts)
    return routes
