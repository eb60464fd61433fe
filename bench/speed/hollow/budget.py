"""Budget whose payments go nowhere: ``python -m shared.serving bench.speed.hollow.budget``."""

from datetime import datetime
from typing import Any

from bench.speed.hollow import hollow_out
from services.budget import handlers
from services.budget.app import app, service
from services.budget.model import Payment, PaymentOrder

__all__ = ["app"]


def _post_payment(order: PaymentOrder, store: Any, *, now: datetime, by: str) -> tuple[Payment, bool]:
    return Payment(order=order, posted_by=by, recorded_at=now), True


handlers.post_payment = _post_payment
hollow_out(service)
