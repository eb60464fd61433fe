"""Payment requests: asked for, approved and paid inside the platform, by three people."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from services.budget import handlers
from services.budget.api.callers import Approver, Cashier, Reader, Requester
from services.budget.api.showing import show_payment, show_request
from services.budget.model import PaymentRequest, RequestedPayment, RequestStatus
from services.budget.store import Store
from shared import pages
from shared.access import Caller
from shared.fields import Amount, Body, Day, Id, Name, Text
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.problems import NotFound
from shared.service import Service


class RequestBody(Body):
    payment_request: Id | None = None
    project: Id
    line: Id
    amount: Amount
    payee: Name
    purpose: Text
    contract: Id | None = None


class ApprovalBody(Body):
    """Nothing: who approves says so by approving."""


class RejectionBody(Body):
    reason: Text


class ExecutionBody(Body):
    payment: Id | None = None
    paid_on: Day


def add(routes: APIRouter, service: Service) -> None:
    """Add the calls to *routes*."""
    _add_request(routes, service)
    _add_decisions(routes, service)
    _add_payment(routes, service)
    _add_reads(routes, service)


def _store(session: Session, service: Service, request: Request) -> Store:
    return Store(session, service.publisher(session, request.state.trace))


def _add_request(routes: APIRouter, service: Service) -> None:
    @routes.post("/payment-requests", tags=["payment requests"], status_code=201)
    async def request_payment(body: RequestBody, request: Request, caller: Requester) -> Response:
        """Ask that a payment be made."""
        caller.require_project(body.project)
        name = body.payment_request or new_id()
        order = RequestedPayment(**{field: value for field, value in body if field != "payment_request"})

        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            asked, is_new = handlers.request_payment(name, order, store, now=service.clock.now(), by=caller.subject)
            location = f"/payment-requests/{asked.payment_request}"
            return Answer(status=201 if is_new else 200, body=show_request(asked), location=location)

        return await service.once.answer(request, work)


def _add_decisions(routes: APIRouter, service: Service) -> None:
    @routes.post("/payment-requests/{payment_request}/approval", tags=["payment requests"])
    async def approve(payment_request: Id, body: ApprovalBody, request: Request, caller: Approver) -> Response:
        """Approve it; not by who asked for it."""

        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            known = _visible(store.request(payment_request), payment_request, caller)
            approved = handlers.approve_request(known, store, now=service.clock.now(), by=caller.subject)
            return Answer(status=200, body=show_request(approved))

        return await service.once.answer(request, work)

    @routes.post("/payment-requests/{payment_request}/rejection", tags=["payment requests"])
    async def reject(payment_request: Id, body: RejectionBody, request: Request, caller: Approver) -> Response:
        """Reject it, with the reason."""

        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            known = _visible(store.request(payment_request), payment_request, caller)
            rejected = handlers.reject_request(known, body.reason, store, now=service.clock.now(), by=caller.subject)
            return Answer(status=200, body=show_request(rejected))

        return await service.once.answer(request, work)


def _add_payment(routes: APIRouter, service: Service) -> None:
    @routes.post("/payment-requests/{payment_request}/payment", tags=["payment requests"], status_code=201)
    async def pay(payment_request: Id, body: ExecutionBody, request: Request, caller: Cashier) -> Response:
        """Pay what is approved; by a third person. Judged like any payment. Needs an `Idempotency-Key`."""
        name = body.payment or new_id()

        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            known = _visible(store.request(payment_request), payment_request, caller)
            payment = handlers.pay_request(known, name, body.paid_on, store, now=service.clock.now(), by=caller.subject)
            return Answer(status=201, body=show_payment(payment), location=f"/payments/{payment.order.payment}")

        return await service.once.answer(request, work, key_required=True)


def _add_reads(routes: APIRouter, service: Service) -> None:
    @routes.get("/payment-requests", tags=["payment requests"])
    async def payment_requests(
        caller: Reader,
        project: Id | None = None,
        status: Annotated[RequestStatus | None, Query()] = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """Payment requests, oldest first."""
        if project is not None:
            caller.require_project(project)
        projects = [project] if project is not None else None if caller.projects is None else sorted(caller.projects)
        after = pages.number(cursor)
        rows = await service.database.read(
            lambda session: Store(session).requests(projects=projects, status=status, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, lambda row: show_request(row[1]), lambda row: row[0])

    @routes.get("/payment-requests/{payment_request}", tags=["payment requests"])
    async def payment_request(payment_request: Id, caller: Reader) -> dict[str, Any]:
        """One payment request."""
        found = await service.database.read(lambda session: Store(session).request(payment_request))
        return show_request(_visible(found, payment_request, caller))


def _visible(request: PaymentRequest | None, name: str, caller: Caller) -> PaymentRequest:
    if request is None or not caller.may_see(request.order.project):
        raise NotFound(f"there is no payment request {name}", payment_request=name)
    return request
