"""Procurement's tables and queries; nobody else reads them. Amounts are fen."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from services.procurement.model import (
    Acceptance,
    Amendment,
    Contract,
    Document,
    InspectedItem,
    Item,
    Project,
    Supplier,
    Terms,
)
from shared.columns import Counter, Moment
from shared.events.base import EventData
from shared.service import Publish


class Table(SQLModel, registry=registry()):
    """Procurement's own tables, apart from those of any other service in the same process."""


class SupplierRow(Table, table=True):
    __tablename__ = "supplier"
    supplier: str = Field(primary_key=True, max_length=64)
    name: str
    credit_code: str
    small_business: bool


class ContractRow(Table, table=True):
    __tablename__ = "contract"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)  # Order of signing, for pages.
    contract: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    line: str
    purchase: str | None = None
    supplier: str
    amount: int = Field(sa_type=sa.BigInteger)
    method: str
    government_procurement: bool
    signed_on: date
    starts_on: date
    ends_on: date
    items: str  # JSON.
    advance_amount: int = Field(sa_type=sa.BigInteger)
    payment_days: int
    signed_by: str
    signed_terms: str  # JSON of the terms as first signed: what the same request again is compared with.
    terminated_on: date | None = None
    termination_reason: str | None = None


class AmendmentRow(Table, table=True):
    __tablename__ = "amendment"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    contract: str = Field(index=True, max_length=64)
    reason: str
    occurred_at: datetime = Field(sa_type=Moment)
    amended_by: str


class AcceptanceRow(Table, table=True):
    __tablename__ = "acceptance"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    acceptance: str = Field(unique=True, max_length=64)
    contract: str = Field(index=True, max_length=64)
    accepted_on: date
    items: str  # JSON.
    conclusion: str
    inspectors: str  # JSON.
    remarks: str
    documents: str  # JSON.
    recorded_by: str


class ProjectRow(Table, table=True):
    """Learned from budget's events."""

    __tablename__ = "known_project"
    project: str = Field(primary_key=True, max_length=64)
    time_zone: str
    fiscal_year: int
    lines: str  # JSON: the limit of each line, in fen.


class Store:
    """Procurement's data in one transaction, and the log that goes with it."""

    def __init__(self, session: Session, publish: Publish | None = None) -> None:
        self._session = session
        self._publish = publish

    def publish(self, data: EventData, time: datetime) -> None:
        """Put *data* on record in this transaction."""
        assert self._publish is not None, "events are appended by writers only"
        self._publish(data, time)

    def supplier(self, supplier: str) -> Supplier | None:
        row = self._session.get(SupplierRow, supplier)
        return None if row is None else Supplier(**row.model_dump())

    def save_supplier(self, supplier: Supplier) -> None:
        self._session.merge(SupplierRow(**_fields(supplier)))

    def project(self, project: str) -> Project | None:
        row = self._session.get(ProjectRow, project)
        if row is None:
            return None
        return Project(
            project=row.project,
            time_zone=row.time_zone,
            fiscal_year=row.fiscal_year,
            lines=msgspec.json.decode(row.lines, type=dict[str, int]),
        )

    def save_project(self, project: Project) -> None:
        self._session.merge(ProjectRow(**_fields(project) | {"lines": _json(project.lines)}))

    def forget_project(self, project: str) -> None:
        self._session.execute(sa.delete(ProjectRow).where(sa.column("project") == project))

    def contract(self, contract: str) -> Contract | None:
        query = select(ContractRow).where(sa.column("contract") == contract)
        return next((found for _, found in self._contracts(query)), None)

    def signed_terms(self, contract: str) -> Terms | None:
        """The terms as they were first signed."""
        row = self._row(contract)
        return None if row is None else msgspec.json.decode(row.signed_terms, type=Terms)

    def contracts_of(self, project: str, line: str) -> list[Contract]:
        query = select(ContractRow).where(sa.column("project") == project, sa.column("line") == line)
        return [contract for _, contract in self._contracts(query)]

    def contracts(self, *, projects: Sequence[str] | None, after: int, limit: int) -> list[tuple[int, Contract]]:
        """At most *limit* contracts signed after number *after*, with their numbers; *projects* None means all."""
        query = select(ContractRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        return self._contracts(query.order_by(sa.column("number")).limit(limit))

    def add_contract(self, terms: Terms) -> None:
        fields = _fields(terms) | {"items": _json(terms.items), "signed_terms": _json(terms)}
        self._session.add(ContractRow(**fields))

    def save_amended(self, contract: Contract, amendment: Amendment, at: datetime, by: str) -> None:
        terms = contract.terms
        row = self._row(terms.contract)
        assert row is not None
        row.amount, row.ends_on, row.items = terms.amount, terms.ends_on, _json(terms.items)
        self._session.add(row)
        self._session.add(AmendmentRow(contract=terms.contract, reason=amendment.reason, occurred_at=at, amended_by=by))

    def save_terminated(self, contract: Contract, reason: str) -> None:
        row = self._row(contract.terms.contract)
        assert row is not None
        row.terminated_on, row.termination_reason = contract.terminated_on, reason
        self._session.add(row)

    def add_acceptance(self, acceptance: Acceptance, by: str) -> None:
        lists = {name: _json(getattr(acceptance, name)) for name in ("items", "inspectors", "documents")}
        self._session.add(AcceptanceRow(**_fields(acceptance) | lists, recorded_by=by))

    def _row(self, contract: str) -> ContractRow | None:
        return self._session.scalars(select(ContractRow).where(sa.column("contract") == contract)).first()

    def _contracts(self, query: sa.Select[ContractRow]) -> list[tuple[int, Contract]]:
        """The contracts of *query* with their numbers; two queries, however many there are."""
        rows = self._session.scalars(query).all()
        acceptances = self._acceptances([row.contract for row in rows])
        return [(row.number or 0, _contract(row, acceptances.get(row.contract, ()))) for row in rows]

    def _acceptances(self, contracts: Sequence[str]) -> dict[str, list[Acceptance]]:
        rows = self._session.scalars(
            select(AcceptanceRow).where(sa.column("contract").in_(contracts)).order_by(sa.column("number"))
        )
        found: dict[str, list[Acceptance]] = {}
        for row in rows:
            found.setdefault(row.contract, []).append(_acceptance(row))
        return found


def _contract(row: ContractRow, acceptances: Sequence[Acceptance]) -> Contract:
    left_out = {"number", "signed_terms", "terminated_on", "termination_reason", "items"}
    items = msgspec.json.decode(row.items, type=tuple[Item, ...])
    terms = Terms(**row.model_dump(exclude=left_out), items=items)
    return Contract(terms=terms, acceptances=tuple(acceptances), terminated_on=row.terminated_on)


def _acceptance(row: AcceptanceRow) -> Acceptance:
    return Acceptance(
        acceptance=row.acceptance,
        contract=row.contract,
        accepted_on=row.accepted_on,
        items=msgspec.json.decode(row.items, type=tuple[InspectedItem, ...]),
        conclusion="passed" if row.conclusion == "passed" else "failed",
        inspectors=msgspec.json.decode(row.inspectors, type=tuple[str, ...]),
        remarks=row.remarks,
        documents=msgspec.json.decode(row.documents, type=tuple[Document, ...]),
    )


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
