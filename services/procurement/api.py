"""Procurement's calls: each translates a request, calls a handler, and shows what it returned."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints
from sqlmodel import Session

from services.procurement import handlers
from services.procurement.model import Acceptance, Amendment, Contract, Document, InspectedItem, Item, Supplier, Terms
from services.procurement.store import Store
from shared import pages
from shared.access import Caller, require
from shared.events.procurement import Method
from shared.fields import LIST_MAX, Amount, AmountOrZero, Body, Day, Id, LooseText, Moment, Name, Quantity, Text
from shared.idempotency import Answer
from shared.identity import new_id
from shared.money import yuan
from shared.pages import Cursor, Limit
from shared.problems import NotFound
from shared.service import Service

Buyer = Annotated[Caller, Depends(require("contracts:write"))]
Inspector = Annotated[Caller, Depends(require("acceptances:write"))]
Reader = Annotated[Caller, Depends(require("procurement:read"))]
# Eighteen digits and capitals without I, O, S, V, Z (GB 32100). The check digit is not enforced: a code copied wrongly
# by its holder must not stop a contract.
CreditCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SupplierBody(Body):
    name: Name
    credit_code: CreditCode
    small_business: bool


class ItemBody(Body):
    item: Id
    name: Name
    unit: Name
    quantity: Quantity


Items = Annotated[list[ItemBody], Field(min_length=1, max_length=LIST_MAX)]


class ContractBody(Body):
    contract: Id
    project: Id
    line: Id
    purchase: Id | None = None
    supplier: Id
    amount: Amount
    method: Method
    government_procurement: bool
    signed_on: Day
    starts_on: Day
    ends_on: Day
    items: Items
    advance_amount: AmountOrZero = 0
    payment_days: Annotated[int, Field(ge=0, le=365)] = 30
    signed_by: Name


class AmendmentBody(Body):
    reason: Text
    amount: Amount | None = None
    ends_on: Day | None = None
    items: Items | None = None
    occurred_at: Moment | None = None


class TerminationBody(Body):
    reason: Text
    terminated_on: Day


class InspectedItemBody(Body):
    item: Id
    inspected: Quantity
    passed: Quantity


class DocumentBody(Body):
    name: Name
    sha256: Sha256


class AcceptanceBody(Body):
    accepted_on: Day
    items: Annotated[list[InspectedItemBody], Field(min_length=1, max_length=LIST_MAX)]
    conclusion: Literal["passed", "failed"]
    inspectors: Annotated[list[Name], Field(min_length=1, max_length=100)]
    remarks: LooseText = ""
    documents: Annotated[list[DocumentBody], Field(max_length=LIST_MAX)] = Field(default_factory=list)


def router(service: Service) -> APIRouter:
    """The calls of procurement."""
    routes = APIRouter(route_class=service.route_class)
    _add_suppliers(routes, service)
    _add_contracts(routes, service)
    _add_changes(routes, service)
    return routes


def _store(session: Session, service: Service, request: Request) -> Store:
    return Store(session, service.publisher(session, request.state.trace))


def _add_suppliers(routes: APIRouter, service: Service) -> None:
    @routes.put("/suppliers/{supplier}", tags=["suppliers"], status_code=201)
    async def register_supplier(supplier: Id, body: SupplierBody, request: Request, caller: Buyer) -> Response:
        """Register a supplier: 201 the first time, 200 after."""
        registered = Supplier(supplier=supplier, **dict(body))

        def work(session: Session) -> Answer:
            is_new = handlers.register_supplier(registered, _store(session, service, request))
            return Answer(status=201 if is_new else 200, body=show_supplier(registered))

        return await service.once.answer(request, work)

    @routes.get("/suppliers/{supplier}", tags=["suppliers"])
    async def supplier(supplier: Id, caller: Reader) -> dict[str, Any]:
        """One supplier."""
        found = await service.database.read(lambda session: Store(session).supplier(supplier))
        if found is None:
            raise NotFound(f"there is no supplier {supplier}", supplier=supplier)
        return show_supplier(found)


def _add_contracts(routes: APIRouter, service: Service) -> None:
    @routes.post("/contracts", tags=["contracts"], status_code=201)
    async def sign_contract(body: ContractBody, request: Request, caller: Buyer) -> Response:
        """Put a signed contract on record."""
        caller.require_project(body.project)
        terms = Terms(**dict(body) | {"items": _items(body.items)})

        def work(session: Session) -> Answer:
            contract, is_new = handlers.sign_contract(terms, _store(session, service, request))
            location = f"/contracts/{terms.contract}"
            return Answer(status=201 if is_new else 200, body=show_contract(contract), location=location)

        return await service.once.answer(request, work)

    @routes.get("/contracts", tags=["contracts"])
    async def contracts(
        caller: Reader, project: Id | None = None, limit: Limit = pages.LIMIT_DEFAULT, cursor: Cursor = None
    ) -> dict[str, Any]:
        """Contracts, oldest first."""
        if project is not None:
            caller.require_project(project)
        projects = [project] if project is not None else None if caller.projects is None else sorted(caller.projects)
        after = pages.number(cursor)
        rows = await service.database.read(
            lambda session: Store(session).contracts(projects=projects, after=after, limit=limit + 1)
        )
        return pages.page(rows, limit, lambda row: show_contract(row[1]), lambda row: row[0])

    @routes.get("/contracts/{contract}", tags=["contracts"])
    async def contract(contract: Id, caller: Reader) -> dict[str, Any]:
        """One contract with its items and acceptances."""
        found = await service.database.read(lambda session: Store(session).contract(contract))
        return show_contract(_visible(found, contract, caller))


def _add_changes(routes: APIRouter, service: Service) -> None:
    async def change(
        contract: str, request: Request, caller: Caller, make: Callable[[Contract, Store], Answer]
    ) -> Response:
        def work(session: Session) -> Answer:
            store = _store(session, service, request)
            return make(_visible(store.contract(contract), contract, caller), store)

        return await service.once.answer(request, work)

    @routes.post("/contracts/{contract}/amendments", tags=["contracts"], status_code=201)
    async def amend_contract(contract: Id, body: AmendmentBody, request: Request, caller: Buyer) -> Response:
        """Change a contract's amount, end or items."""
        items = None if body.items is None else _items(body.items)
        amendment = Amendment(reason=body.reason, amount=body.amount, ends_on=body.ends_on, items=items)
        at = body.occurred_at or service.clock.now()

        def make(known: Contract, store: Store) -> Answer:
            amended = handlers.amend_contract(known, amendment, store, at=at, by=caller.subject)
            return Answer(status=201, body=show_contract(amended), location=f"/contracts/{contract}")

        return await change(contract, request, caller, make)

    @routes.post("/contracts/{contract}/termination", tags=["contracts"], status_code=201)
    async def terminate_contract(contract: Id, body: TerminationBody, request: Request, caller: Buyer) -> Response:
        """End a contract before its term."""

        def make(known: Contract, store: Store) -> Answer:
            terminated = handlers.terminate_contract(known, body.terminated_on, body.reason, store)
            return Answer(status=201, body=show_contract(terminated), location=f"/contracts/{contract}")

        return await change(contract, request, caller, make)

    @routes.post("/contracts/{contract}/acceptances", tags=["contracts"], status_code=201)
    async def record_acceptance(contract: Id, body: AcceptanceBody, request: Request, caller: Inspector) -> Response:
        """Put an acceptance on record, passed or failed; partial ones add up."""
        acceptance = _acceptance(contract, body)

        def make(known: Contract, store: Store) -> Answer:
            handlers.record_acceptance(known, acceptance, store, by=caller.subject)
            return Answer(status=201, body=show_acceptance(acceptance), location=f"/contracts/{contract}")

        return await change(contract, request, caller, make)


def _visible(contract: Contract | None, name: str, caller: Caller) -> Contract:
    if contract is None or not caller.may_see(contract.terms.project):
        raise NotFound(f"there is no contract {name}", contract=name)
    return contract


def _items(bodies: list[ItemBody]) -> tuple[Item, ...]:
    return tuple(Item(**dict(body)) for body in bodies)


def _acceptance(contract: str, body: AcceptanceBody) -> Acceptance:
    return Acceptance(
        acceptance=new_id(),
        contract=contract,
        accepted_on=body.accepted_on,
        items=tuple(InspectedItem(**dict(item)) for item in body.items),
        conclusion=body.conclusion,
        inspectors=tuple(body.inspectors),
        remarks=body.remarks,
        documents=tuple(Document(**dict(document)) for document in body.documents),
    )


def show_supplier(supplier: Supplier) -> dict[str, Any]:
    """A supplier."""
    return {
        "supplier": supplier.supplier,
        "name": supplier.name,
        "credit_code": supplier.credit_code,
        "small_business": supplier.small_business,
    }


def show_contract(contract: Contract) -> dict[str, Any]:
    """A contract with its status: ``signed``, ``accepted`` or ``terminated``."""
    terms = contract.terms
    return {
        "contract": terms.contract,
        "project": terms.project,
        "line": terms.line,
        "purchase": terms.purchase,
        "supplier": terms.supplier,
        "amount": yuan(terms.amount),
        "status": contract.status,
        "method": terms.method,
        "government_procurement": terms.government_procurement,
        "signed_on": terms.signed_on.isoformat(),
        "starts_on": terms.starts_on.isoformat(),
        "ends_on": terms.ends_on.isoformat(),
        "terminated_on": None if contract.terminated_on is None else contract.terminated_on.isoformat(),
        "items": [
            {
                "item": item.item,
                "name": item.name,
                "unit": item.unit,
                "quantity": format(item.quantity, "f"),
                "accepted": format(contract.accepted(item.item), "f"),
            }
            for item in terms.items
        ],
        "advance_amount": yuan(terms.advance_amount),
        "payment_days": terms.payment_days,
        "signed_by": terms.signed_by,
        "acceptances": [show_acceptance(acceptance) for acceptance in contract.acceptances],
    }


def show_acceptance(acceptance: Acceptance) -> dict[str, Any]:
    """An acceptance with its conclusion."""
    return {
        "acceptance": acceptance.acceptance,
        "contract": acceptance.contract,
        "accepted_on": acceptance.accepted_on.isoformat(),
        "conclusion": acceptance.conclusion,
        "items": [
            {"item": item.item, "inspected": format(item.inspected, "f"), "passed": format(item.passed, "f")}
            for item in acceptance.items
        ],
        "inspectors": list(acceptance.inspectors),
        "remarks": acceptance.remarks,
        "documents": [{"name": document.name, "sha256": document.sha256} for document in acceptance.documents],
    }
