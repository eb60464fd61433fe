"""Budget's calls: each translates a request, calls a handler, and shows what it returned."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlmodel import Session

from services.budget import handlers
from services.budget.api import requests
from services.budget.api.callers import Planner, Poster, Reader, Receiver
from services.budget.api.showing import show_budget, show_payment, show_receipt
from services.budget.model import Declaration, Origin, Payment, PaymentOrder, Receipt
from services.budget.store import Store, expected_of
from shared import pages
from shared.access import Caller
from shared.fields import LIST_MAX, Amount, AmountOrZero, Body, Day, Id, Moment, Name, Text, Year, ZoneName
from shared.idempotency import Answer
from shared.identity import new_id
from shared.pages import Cursor, Limit
from shared.problems import NotFound
from shared.service import Service


class LineBody(Body):
    line: Id
    name: Name
    amount: AmountOrZero


class SourcesBody(Body):
    """Where the money comes from; the sum equals the sum of the lines."""

    fiscal: AmountOrZero = 0
    self_raised: AmountOrZero = 0
    carry_over: AmountOrZero = 0
    other: AmountOrZero = 0


class ProjectBody(Body):
    name: Name
    unit: Name
    department: Name
    fiscal_year: Year
    nature: Literal["continuing", "new"]
    starts_on: Day
    ends_on: Day
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=LIST_MAX)]
    sources: SourcesBody
    time_zone: ZoneName | None = None  # The platform's, unless given.
    reason: Text | None = None  # Why amounts change; needed when they do.
    occurred_at: Moment | None = None  # When they changed; now, unless given.


class ReceiptBody(Body):
    amount: Amount
    source: Origin
    received_on: Day
    reference: Name


class PaymentBody(Body):
    payment: Id | None = None
    project: Id
    line: Id
    amount: Amount
    paid_on: Day
    payee: Name
    purpose: Text
    contract: Id | None = None
    approved_by: Name


class ReversalBody(Body):
    reason: Text
    occurred_at: Moment | None = None


def router(service: Service) -> APIRouter:
    """The calls of budget."""
    routes = APIRouter(route_class=service.route_class)
    _add_projects(routes, service)
    _add_payments(routes, service)
    requests.add(routes, service)
    return routes


def _store(session: Session, service: Service, request: Request) -> Store:
    return Store(session, service.publisher(session, request.state.trace))


def _add_projects(routes: APIRouter, service: Service) -> None:
    @routes.put("/projects/{project}", tags=["projects"], status_code=201)
    async def declare_project(project: Id, body: ProjectBody, request: Request, caller: Planner) -> Response:
        """Declare a project, or adjust it: 201 the first time, 200 after."""
        caller.require_project(project)
        declaration = _declaration(project, body, service.settings.time_zone)
        at = body.occurred_at or service.clock.now()

        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            declared, is_new = handlers.declare_project(declaration, store, at=at, by=caller.subject)
            return Answer(status=201 if is_new else 200, body=show_budget(declared))

        return await service.once.answer(request, work)

    @routes.post("/projects/{project}/receipts", tags=["projects"], status_code=201)
    async def record_receipt(project: Id, body: ReceiptBody, request: Request, caller: Receiver) -> Response:
        """Record money that arrived."""
        caller.require_project(project)
        receipt = Receipt(receipt=new_id(), project=project, **dict(body))

        def work(session: Session) -> Answer:
            recorded = handlers.record_receipt(receipt, _store(session, service, request), by=caller.subject)
            return Answer(status=201, body=show_receipt(recorded), location=f"/projects/{project}/budget")

        return await service.once.answer(request, work)

    @routes.get("/projects/{project}/budget", tags=["projects"])
    async def budget(project: Id, caller: Reader) -> dict[str, Any]:
        """The lines with what is paid and what remains, the totals, what was received and what is left over."""
        caller.require_project(project)
        found = await service.database.read(lambda session: Store(session).project(project))
        if found is None:
            raise NotFound(f"there is no project {project}", project=project)
        return show_budget(found)


def _add_payments(routes: APIRouter, service: Service) -> None:
    @routes.post("/payments", tags=["payments"], status_code=201)
    async def post_payment(body: PaymentBody, request: Request, caller: Poster) -> Response:
        """Put a payment on record that the finance system has executed. Needs an `Idempotency-Key`."""
        caller.require_project(body.project)
        order = PaymentOrder(**dict(body) | {"payment": body.payment or new_id()})

        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            payment, is_new = handlers.post_payment(order, store, now=service.clock.now(), by=caller.subject)
            location = f"/payments/{payment.order.payment}"
            return Answer(status=201 if is_new else 200, body=show_payment(payment), location=location)

        return await service.once.answer(request, work, key_required=True, expects=expected_of(order))

    @routes.post("/payments/{payment}/reversal", tags=["payments"], status_code=201)
    async def reverse_payment(payment: Id, body: ReversalBody, request: Request, caller: Poster) -> Response:
        """Undo a payment by a reversing entry; the payment stays on record."""
        at = body.occurred_at or service.clock.now()

        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            known = _visible(store.payment(payment), payment, caller)
            return Answer(
                status=201,
                body=show_payment(handlers.reverse_payment(known, body.reason, store, at=at, by=caller.subject)),
                location=f"/payments/{payment}",
            )

        return await service.once.answer(request, work)

    @routes.get("/payments", tags=["payments"])
    async def payments(
        caller: Reader,
        project: Id | None = None,
        line: Id | None = None,
        contract: Id | None = None,
        limit: Limit = pages.LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """Payments, oldest first."""
        if project is not None:
            caller.require_project(project)
        projects = [project] if project is not None else None if caller.projects is None else sorted(caller.projects)
        after = pages.number(cursor)
        rows = await service.database.read(
            lambda session: Store(session).payments(
                projects=projects, line=line, contract=contract, after=after, limit=limit + 1
            )
        )
        return pages.page(rows, limit, lambda row: show_payment(row[1]), lambda row: row[0])

    @routes.get("/payments/{payment}", tags=["payments"])
    async def payment(payment: Id, caller: Reader) -> dict[str, Any]:
        """One payment."""
        found = await service.database.read(lambda session: Store(session).payment(payment))
        return show_payment(_visible(found, payment, caller))


def _visible(payment: Payment | None, name: str, caller: Caller) -> Payment:
    if payment is None or not caller.may_see(payment.order.project):
        raise NotFound(f"there is no payment {name}", payment=name)
    return payment


def _declaration(project: str, body: ProjectBody, time_zone: str) -> Declaration:
    return Declaration(
        project=project,
        name=body.name,
        unit=body.unit,
        department=body.department,
        fiscal_year=body.fiscal_year,
        nature=body.nature,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        time_zone=body.time_zone or time_zone,
        sources=dict(body.sources),
        lines=tuple((line.line, line.name, line.amount) for line in body.lines),
        reason=body.reason,
    )
