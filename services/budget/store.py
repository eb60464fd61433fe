"""Budget's tables and queries; nobody else reads them. Amounts are fen."""

from collections.abc import Sequence
from dataclasses import asdict, replace
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
from shared.columns import Counter, Moment
from shared.events.base import EventData
from shared.lookups import Expected, Lookup
from shared.service import Publish
from shared.statements import Statement, fields_of, inserting, table_of


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


# What a payment needs, made ready once: a finance system posts many at a time.
_projects = table_of(ProjectRow)
_lines = table_of(LineRow)
_payments = table_of(PaymentRow)
_receipts = table_of(ReceiptRow)
_contracts = table_of(ContractRow)
_project: sa.BindParameter[str] = sa.bindparam("in_project")
_amount: sa.BindParameter[int] = sa.bindparam("moved")
_PROJECT = Lookup(select(_projects), _projects.c.project)
_LINES = Lookup(
    select(_lines.c.line, _lines.c.name, _lines.c.initial, _lines.c.amount, _lines.c.paid, _lines.c.project).order_by(
        _lines.c.place
    ),
    _lines.c.project,
)
_PAYMENT = Lookup(select(_payments), _payments.c.payment)
_CONTRACT = Lookup(select(_contracts), _contracts.c.contract)
_INSERT_PAYMENT = inserting(_payments, but=["number"])
_INSERT_RECEIPT = inserting(_receipts)
_RECEIVE = Statement(
    sa.update(_projects).where(_projects.c.project == _project).values(received=_projects.c.received + _amount)
)
_MOVE_LINE = Statement(
    sa.update(_lines)
    .where(_lines.c.project == _project, _lines.c.line == sa.bindparam("named"))
    .values(paid=_lines.c.paid + _amount)
)
_MOVE_CONTRACT = Statement(
    sa.update(_contracts).where(_contracts.c.contract == sa.bindparam("named")).values(paid=_contracts.c.paid + _amount)
)
_NOT_REVERSED = {"reversed_at": None, "reversal_reason": None, "reversed_by": None}


def expected_of(order: PaymentOrder) -> Expected:
    """What posting a payment will look up."""
    expected = [(_PAYMENT, (order.payment,)), (_PROJECT, (order.project,)), (_LINES, (order.project,))]
    return expected if order.contract is None else [*expected, (_CONTRACT, (order.contract,))]


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
        row = _PROJECT.first(self._session, project)
        if row is None:
            return None
        fields = fields_of(ProjectRow, row)
        sources: dict[str, int] = {origin: fields.pop(origin) for origin in ORIGINS}
        lines = tuple(
            Line(
                line=line, name=name, initial=initial, amount=amount, paid=paid + self._moved(_MOVE_LINE, project, line)
            )
            for line, name, initial, amount, paid, _ in _LINES.rows(self._session, project)
        )
        return Project(**fields, sources=sources, lines=lines)

    def save_project(self, project: Project) -> None:
        fields = asdict(project) | project.sources
        self._session.merge(ProjectRow(**{name: fields[name] for name in ProjectRow.model_fields}))
        for place, line in enumerate(project.lines):
            self._session.merge(LineRow(project=project.project, place=place, **asdict(line)))

    def save_adjustment(self, project: str, reason: str, occurred_at: datetime, by: str) -> None:
        self._session.add(AdjustmentRow(project=project, reason=reason, occurred_at=occurred_at, adjusted_by=by))

    def save_receipt(self, receipt: Receipt, by: str) -> None:
        _RECEIVE.run(self._session, in_project=receipt.project, moved=receipt.amount)
        _INSERT_RECEIPT.run(self._session, **asdict(receipt), recorded_by=by)

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
        fields = {name: getattr(order, name) for name in PaymentOrder.__dataclass_fields__}
        _PAYMENT.forget(self._session, order.payment)
        _INSERT_PAYMENT.later(
            self._session,
            **fields,
            posted_by=payment.posted_by,
            recorded_at=payment.recorded_at,
            **_NOT_REVERSED,
        )
        self._move(order, order.amount)

    def save_reversal(self, payment: Payment, reason: str, occurred_at: datetime, by: str) -> Payment:
        row = self._row(payment.order.payment)
        assert row is not None
        row.reversed_at, row.reversal_reason, row.reversed_by = occurred_at, reason, by
        self._session.add(row)
        self._move(payment.order, -payment.order.amount)
        return _payment(row)

    def _move(self, order: PaymentOrder, amount: int) -> None:
        place = order.project, order.line
        moved = self._moved(_MOVE_LINE, *place) + amount
        _MOVE_LINE.last(self._session, place, in_project=order.project, named=order.line, moved=moved)
        if order.contract is not None:
            moved = self._moved(_MOVE_CONTRACT, order.contract) + amount
            _MOVE_CONTRACT.last(self._session, (order.contract,), named=order.contract, moved=moved)

    def _moved(self, statement: Statement, *place: str) -> int:
        """What payments of this transaction come to that are not written yet."""
        pending = statement.pending(self._session, place)
        return 0 if pending is None else int(pending["moved"])

    def payment(self, payment: str) -> Payment | None:
        row = _PAYMENT.first(self._session, payment)
        return None if row is None else _payment(PaymentRow(**fields_of(PaymentRow, row)))

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
        row = _CONTRACT.first(self._session, contract)
        if row is None:
            return None
        known = Contract(**fields_of(ContractRow, row))
        return replace(known, paid=known.paid + self._moved(_MOVE_CONTRACT, contract))

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
