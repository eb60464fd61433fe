"""Monitoring whose faults go nowhere: ``python -m shared.serving bench.speed.hollow.monitoring``."""

from datetime import datetime
from typing import Any

from bench.speed.hollow import hollow_out
from services.monitoring.app import app, service
from services.monitoring.handlers import faults
from services.monitoring.model import Fault, FaultReport
from services.monitoring.rules import faults as rules

__all__ = ["app"]


def _open_fault(report: FaultReport, store: Any, *, now: datetime, by: str) -> tuple[Fault, bool]:
    return rules.open_fault(report, now=now, by=by), True


faults.open_fault = _open_fault
hollow_out(service)
