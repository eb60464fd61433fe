"""Monitoring's calls: each translates a request, calls a handler, and shows what it returned."""

from fastapi import APIRouter

from services.monitoring.api import faults, feedback, inspections, intake, operation
from shared.service import Service


def router(service: Service) -> APIRouter:
    """The calls of monitoring."""
    routes = APIRouter(route_class=service.route_class)
    operation.add(routes, service)
    faults.add(routes, service)
    feedback.add(routes, service)
    inspections.add(routes, service)
    intake.add(routes, service)
    return routes
