"""What budget publishes: projects, their money, and payments."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from shared.events.base import EventData, Id, Yuan


class BudgetLine(msgspec.Struct, frozen=True, kw_only=True):
    """A budget line with its amount as first declared and as adjusted since."""

    line: Id
    name: str
    initial: Yuan
    amount: Yuan  # After adjustment: the limit of payments.


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where a project's money comes from; the sum is its budget."""

    fiscal: Yuan
    self_raised: Yuan
    carry_over: Yuan
    other: Yuan


class ProjectDeclared(EventData, frozen=True, kw_only=True):
    """A project was declared, or its description corrected. Amounts change only by ``budget.adjusted``."""

    type: ClassVar[str] = "project.declared"
    source: ClassVar[str] = "budget"

    name: str
    unit: str
    department: str
    fiscal_year: int
    nature: Literal["continuing", "new"]
    starts_on: date
    ends_on: date
    time_zone: str  # IANA name: draws the borders of days and of the fiscal year.
    lines: tuple[BudgetLine, ...]
    sources: Sources
    amount: Yuan  # The whole budget as it stands: the sum of the lines.


class BudgetAdjusted(EventData, frozen=True, kw_only=True):
    """The lines of a project got other amounts; the initial ones stay beside them."""

    type: ClassVar[str] = "budget.adjusted"
    source: ClassVar[str] = "budget"

    lines: tuple[BudgetLine, ...]
    sources: Sources
    amount: Yuan  # The whole budget after the adjustment.


class FundsReceived(EventData, frozen=True, kw_only=True):
    """Money arrived from a funding source."""

    type: ClassVar[str] = "funds.received"
    source: ClassVar[str] = "budget"

    receipt: Id
    amount: Yuan
    origin: Literal["fiscal", "self_raised", "carry_over", "other"]
    received_on: date


class PaymentMade(EventData, frozen=True, kw_only=True):
    """A payment was executed. It stays for ever; a mistake is undone by ``payment.reversed``."""

    type: ClassVar[str] = "payment.made"
    source: ClassVar[str] = "budget"

    payment: Id
    line: Id
    amount: Yuan
    paid_on: date
    contract: Id | None = None


class PaymentReversed(EventData, frozen=True, kw_only=True):
    """A payment was undone by a reversing entry of the same amount."""

    type: ClassVar[str] = "payment.reversed"
    source: ClassVar[str] = "budget"

    payment: Id
    line: Id
    amount: Yuan
    contract: Id | None = None


EVENTS = (ProjectDeclared, BudgetAdjusted, FundsReceived, PaymentMade, PaymentReversed)
