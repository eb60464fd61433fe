"""How budget shows what it has: amounts as yuan, moments in UTC."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.budget.model import Line, Payment, PaymentRequest, Project, Receipt
from shared.money import yuan


def show_budget(project: Project) -> dict[str, Any]:
    """The budget view."""
    return {
        "project": project.project,
        "name": project.name,
        "unit": project.unit,
        "department": project.department,
        "fiscal_year": project.fiscal_year,
        "nature": project.nature,
        "starts_on": project.starts_on.isoformat(),
        "ends_on": project.ends_on.isoformat(),
        "time_zone": project.time_zone,
        "sources": {origin: yuan(amount) for origin, amount in project.sources.items()},
        "lines": [{"line": line.line, "name": line.name} | _figures(line) for line in project.lines],
        "totals": _figures(Line(line="", name="", initial=project.initial, amount=project.amount, paid=project.paid)),
        "received": yuan(project.received),
        "surplus": yuan(project.amount - project.paid),
    }


def _figures(line: Line) -> dict[str, str]:
    rate = Decimal(line.paid) / line.amount if line.amount else Decimal(0)
    return {
        "initial": yuan(line.initial),
        "adjusted": yuan(line.amount),
        "paid": yuan(line.paid),
        "remaining": yuan(line.remaining),
        "execution_rate": str(rate.quantize(Decimal("0.000001"), ROUND_HALF_UP)),
    }


def show_receipt(receipt: Receipt) -> dict[str, Any]:
    """A receipt."""
    return {
        "receipt": receipt.receipt,
        "project": receipt.project,
        "amount": yuan(receipt.amount),
        "source": receipt.source,
        "received_on": receipt.received_on.isoformat(),
        "reference": receipt.reference,
    }


def show_payment(payment: Payment) -> dict[str, Any]:
    """A payment with its status, ``paid`` or ``reversed``."""
    order = payment.order
    return {
        "payment": order.payment,
        "project": order.project,
        "line": order.line,
        "amount": yuan(order.amount),
        "status": payment.status,
        "paid_on": order.paid_on.isoformat(),
        "payee": order.payee,
        "purpose": order.purpose,
        "contract": order.contract,
        "approved_by": order.approved_by,
        "posted_by": payment.posted_by,
        "recorded_at": _moment(payment.recorded_at),
        "reversed_at": None if payment.reversed_at is None else _moment(payment.reversed_at),
        "reversal_reason": payment.reversal_reason,
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def show_request(request: PaymentRequest) -> dict[str, Any]:
    """A payment request with its status: ``requested``, ``approved``, ``rejected`` or ``paid``."""
    order = request.order
    return {
        "payment_request": request.payment_request,
        "project": order.project,
        "line": order.line,
        "amount": yuan(order.amount),
        "payee": order.payee,
        "purpose": order.purpose,
        "contract": order.contract,
        "status": request.status,
        "requested_by": request.requested_by,
        "requested_at": _moment(request.requested_at),
        "decided_by": request.decided_by,
        "decided_at": None if request.decided_at is None else _moment(request.decided_at),
        "rejection_reason": request.rejection_reason,
        "payment": request.payment,
    }
