"""Budget's tables and queries; nobody else reads them. Amounts are fen."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from services.budget.model import (
    ORIGINS,
    Account,
    Contract,
    Line,
    Payment,
    PaymentOrder,
    PaymentRequest,
    Project,
    Receipt,
    RequestedPayment,
)
from shared.database import Counter, Moment
from shared.events.base import EventData
from shared.service import Publish


class Table(SQLModel, registry=registry()):
    """Budget's own tables, apart from those of any other service in the same process."""


class ProjectRow(Table, table=True):
    __tablename__ = "project"
    project: str = Field(primary_key=True, max_length=64)
    name: str
    unit: str
    department: str
    fiscal_year: int
    nature: str
    starts_on: date
    ends_on: date
    time_zone: str
    fiscal: int = Field(sa_type=sa.BigInteger)
    self_raised: int = Field(sa_type=sa.BigInteger)
    carry_over: int = Field(sa_type=sa.BigInteger)
    other: int = Field(sa_type=sa.BigInteger)
    received: int = Field(default=0, sa_type=sa.BigInteger)  # Running sum of the receipts.


class LineRow(Table, table=True):
    __tablename__ = "budget_line"
    project: str = Field(primary_key=True, max_length=64)
    line: str = Field(primary_key=True, max_length=64)
    place: int  # Order within the project.
    name: str
    initial: int = Field(sa_type=sa.BigInteger)
    amount: int = Field(sa_type=sa.BigInteger)
    paid: int = Field(default=0, sa_type=sa.BigInteger)  # Running sum of payments less reversals.


class AdjustmentRow(Table, table=True):
    __tablename__ = "adjustment"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    project: str = Field(index=True, max_length=64)
    reason: str
    occurred_at: datetime = Field(sa_type=Moment)
    adjusted_by: str


class ReceiptRow(Table, table=True):
    __tablename__ = "receipt"
    receipt: str = Field(primary_key=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    amount: int = Field(sa_type=sa.BigInteger)
    source: str
    received_on: date
    reference: str
    recorded_by: str


class PaymentRow(Table, table=True):
    __tablename__ = "payment"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)  # Order of posting, for pages.
    payment: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    line: str
    amount: int = Field(sa_type=sa.BigInteger)
    paid_on: date
    payee: str
    purpose: str
    contract: str | None = Field(default=None, index=True)
    approved_by: str
    posted_by: str
    recorded_at: datetime = Field(sa_type=Moment)
    reversed_at: datetime | None = Field(default=None, sa_type=Moment)
    reversal_reason: str | None = None
    reversed_by: str | None = None


class PaymentRequestRow(Table, table=True):
    __tablename__ = "payment_request"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)  # Order of asking, for pages.
    payment_request: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    line: str
    amount: int = Field(sa_type=sa.BigInteger)
    payee: str
    purpose: str
    contract: str | None = None
    requested_by: str
    requested_at: datetime = Field(sa_type=Moment)
    status: str = Field(index=True, max_length=16)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=Moment)
    rejection_reason: str | None = None
    payment: str | None = None


class ContractRow(Table, table=True):
    """Learned from procurement's events."""

    __tablename__ = "known_contract"
    contract: str = Field(primary_key=True, max_length=64)
    project: str
    supplier: str
    supplier_name: str
    amount: int = Field(sa_type=sa.BigInteger)
    advance_amount: int = Field(sa_type=sa.BigInteger)
    paid: int = Field(default=0, sa_type=sa.BigInteger)
    is_accepted: bool = False


class Store:
    """Budget's data in one transaction, and the log that goes with it."""

    def __init__(self, session: Session, publish: Publish | None = None) -> None:
        self._session = session
        self._publish = publish

    def publish(self, data: EventData, time: datetime) -> None:
        """Put *data* on record in this transaction."""
        assert self._publish is not None, "events are appended by writers only"
        self._publish(data, time)

    def project(self, project: str) -> Project | None:
        row = self._session.get(ProjectRow, project)
        if row is None:
            return None
        fields = row.model_dump(exclude=set[str](ORIGINS))
        return Project(**fields, sources={origin: getattr(row, origin) for origin in ORIGINS}, lines=self._lines(row))

    def _lines(self, row: ProjectRow) -> tuple[Line, ...]:
        found = self._session.scalars(
            select(LineRow).where(sa.column("project") == row.project).order_by(sa.column("place"))
        )
        return tuple(Line(line=x.line, name=x.name, initial=x.initial, amount=x.amount, paid=x.paid) for x in found)

    def save_project(self, project: Project) -> None:
        fields = asdict(project) | project.sources
        self._session.merge(ProjectRow(**{name: fields[name] for name in ProjectRow.model_fields}))
        for place, line in enumerate(project.lines):
            self._session.merge(LineRow(project=project.project, place=place, **asdict(line)))

    def save_adjustment(self, project: str, reason: str, occurred_at: datetime, by: str) -> None:
        self._session.add(AdjustmentRow(project=project, reason=reason, occurred_at=occurred_at, adjusted_by=by))

    def save_receipt(self, receipt: Receipt, by: str) -> None:
        row = self._session.get_one(ProjectRow, receipt.project)
        row.received += receipt.amount
        self._session.add(row)
        self._session.add(ReceiptRow(**asdict(receipt), recorded_by=by))

    def account(self, project: Project, line: Line, contract: str | None) -> Account:
        """What a payment from *line* is judged by."""
        return Account(
            fiscal_year=project.fiscal_year,
            received=project.received,
            paid=project.paid,
            line=line,
            contract=None if contract is None else self.contract(contract),
        )

    def save_payment(self, payment: Payment) -> None:
        order = payment.order
        self._session.add(PaymentRow(**asdict(order), posted_by=payment.posted_by, recorded_at=payment.recorded_at))
        self._move(order, order.amount)

    def save_reversal(self, payment: Payment, reason: str, occurred_at: datetime, by: str) -> Payment:
        row = self._row(payment.order.payment)
        assert row is not None
        row.reversed_at, row.reversal_reason, row.reversed_by = occurred_at, reason, by
        self._session.add(row)
        self._move(payment.order, -payment.order.amount)
        return _payment(row)

    def _move(self, order: PaymentOrder, amount: int) -> None:
        line = self._session.get_one(LineRow, (order.project, order.line))
        line.paid += amount
        self._session.add(line)
        if order.contract is not None:
            contract = self._session.get_one(ContractRow, order.contract)
            contract.paid += amount
            self._session.add(contract)

    def payment(self, payment: str) -> Payment | None:
        row = self._row(payment)
        return None if row is None else _payment(row)

    def _row(self, payment: str) -> PaymentRow | None:
        return self._session.scalars(select(PaymentRow).where(sa.column("payment") == payment)).first()

    def payments(
        self, *, projects: Sequence[str] | None, line: str | None, contract: str | None, after: int, limit: int
    ) -> list[tuple[int, Payment]]:
        """At most *limit* payments posted after number *after*, with their numbers; *projects* None means all."""
        query = select(PaymentRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        if line is not None:
            query = query.where(sa.column("line") == line)
        if contract is not None:
            query = query.where(sa.column("contract") == contract)
        rows = self._session.scalars(query.order_by(sa.column("number")).limit(limit))
        return [(row.number or 0, _payment(row)) for row in rows]

    def request(self, payment_request: str) -> PaymentRequest | None:
        row = self._request_row(payment_request)
        return None if row is None else _request(row)

    def _request_row(self, payment_request: str) -> PaymentRequestRow | None:
        query = select(PaymentRequestRow).where(sa.column("payment_request") == payment_request)
        return self._session.scalars(query).first()

    def save_request(self, request: PaymentRequest) -> None:
        known = self._request_row(request.payment_request)
        fields = asdict(request)
        fields |= fields.pop("order")
        self._session.merge(PaymentRequestRow(number=None if known is None else known.number, **fields))

    def requests(
        self, *, projects: Sequence[str] | None, status: str | None, after: int, limit: int
    ) -> list[tuple[int, PaymentRequest]]:
        """At most *limit* requests asked after number *after*, with their numbers; *projects* None means all."""
        query = select(PaymentRequestRow).where(sa.column("number") > after)
        if projects is not None:
            query = query.where(sa.column("project").in_(projects))
        if status is not None:
            query = query.where(sa.column("status") == status)
        rows = self._session.scalars(query.order_by(sa.column("number")).limit(limit))
        return [(row.number or 0, _request(row)) for row in rows]

    def contract(self, contract: str) -> Contract | None:
        row = self._session.get(ContractRow, contract)
        return None if row is None else Contract(**row.model_dump())

    def paid_against(self, contract: str) -> int:
        """What the own payments against *contract*, less reversals, come to."""
        standing = select(PaymentRow).where(sa.column("contract") == contract, sa.column("reversed_at").is_(None))
        return sum(row.amount for row in self._session.scalars(standing))

    def forget_contracts(self, project: str) -> None:
        self._session.execute(sa.delete(ContractRow).where(sa.column("project") == project))

    def save_contract(self, contract: Contract) -> None:
        self._session.merge(ContractRow(**asdict(contract)))


def _request(row: PaymentRequestRow) -> PaymentRequest:
    order = {name: getattr(row, name) for name in RequestedPayment.__dataclass_fields__}
    fields = row.model_dump(exclude={"number", *order})
    return PaymentRequest(order=RequestedPayment(**order), **fields)


def _payment(row: PaymentRow) -> Payment:
    fields = row.model_dump(
        exclude={"number", "posted_by", "recorded_at", "reversed_at", "reversal_reason", "reversed_by"}
    )
    return Payment(
        order=PaymentOrder(**fields),
        posted_by=row.posted_by,
        recorded_at=row.recorded_at,
        reversed_at=row.reversed_at,
        reversal_reason=row.reversal_reason,
    )
