"""The nouns of budget: frozen values. All amounts are fen."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Origin = Literal["fiscal", "self_raised", "carry_over", "other"]
ORIGINS: tuple[Origin, ...] = ("fiscal", "self_raised", "carry_over", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A budget line (预算科目): as first declared, as adjusted since, and what was paid from it."""

    line: str
    name: str
    initial: int
    amount: int  # After adjustment: the limit.
    paid: int = 0

    @property
    def remaining(self) -> int:
        return self.amount - self.paid


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project (项目) with its lines and the money it received."""

    project: str
    name: str
    unit: str
    department: str
    fiscal_year: int
    nature: Literal["continuing", "new"]
    starts_on: date
    ends_on: date
    time_zone: str
    sources: dict[str, int]
    lines: tuple[Line, ...]
    received: int = 0

    @property
    def initial(self) -> int:
        return sum(line.initial for line in self.lines)

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def paid(self) -> int:
        return sum(line.paid for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a planner declares: a project's description and the amounts its lines shall have."""

    project: str
    name: str
    unit: str
    department: str
    fiscal_year: int
    nature: Literal["continuing", "new"]
    starts_on: date
    ends_on: date
    time_zone: str
    sources: dict[str, int]
    lines: tuple[tuple[str, str, int], ...]  # Id, name, amount.
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What budget has learned of a contract from procurement."""

    contract: str
    project: str
    supplier: str
    supplier_name: str
    amount: int
    advance_amount: int  # May be paid before acceptance.
    paid: int = 0
    is_accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that arrived (到位资金)."""

    receipt: str
    project: str
    amount: int
    source: Origin
    received_on: date
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """A payment (支付) as finance posts it: already executed."""

    payment: str
    project: str
    line: str
    amount: int
    paid_on: date
    payee: str
    purpose: str
    contract: str | None
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment on record; reversed or not, it stays."""

    order: PaymentOrder
    posted_by: str
    recorded_at: datetime
    reversed_at: datetime | None = None
    reversal_reason: str | None = None

    @property
    def status(self) -> str:
        return "paid" if self.reversed_at is None else "reversed"


RequestStatus = Literal["requested", "approved", "rejected", "paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedPayment:
    """What a payment request (支付申请) asks to be paid."""

    project: str
    line: str
    amount: int
    payee: str
    purpose: str
    contract: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """A payment asked for inside the platform: requested, decided and paid by three different people."""

    payment_request: str
    order: RequestedPayment
    requested_by: str
    requested_at: datetime
    status: RequestStatus = "requested"
    decided_by: str | None = None
    decided_at: datetime | None = None
    rejection_reason: str | None = None
    payment: str | None = None  # Once it is paid.


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a payment is judged by: the project's money, the line, and the contract it names if that is known."""

    fiscal_year: int
    received: int
    paid: int
    line: Line
    contract: Contract | None
