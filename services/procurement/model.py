"""The nouns of procurement: frozen values. Amounts are fen, quantities exact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.events.procurement import Method

Conclusion = Literal["passed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """A supplier (供应商)."""

    supplier: str
    name: str
    credit_code: str  # 统一社会信用代码
    small_business: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What procurement has learned of a project from budget."""

    project: str
    time_zone: str
    fiscal_year: int
    lines: Mapping[str, int]  # The limit of each, after adjustment.


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something a contract buys (标的)."""

    item: str
    name: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedItem:
    """How much of an item was inspected and how much of that passed."""

    item: str
    inspected: Decimal
    passed: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A paper that backs an acceptance, by its hash."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An inspection of what was delivered (验收); one that failed adds no quantity."""

    acceptance: str
    contract: str
    accepted_on: date
    items: tuple[InspectedItem, ...]
    conclusion: Conclusion
    inspectors: tuple[str, ...]
    remarks: str
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is agreed in a contract (合同), as it stands now."""

    contract: str
    project: str
    line: str
    purchase: str | None
    supplier: str
    amount: int
    method: Method
    government_procurement: bool
    signed_on: date
    starts_on: date
    ends_on: date
    items: tuple[Item, ...]
    advance_amount: int  # May be paid before acceptance.
    payment_days: int  # From acceptance.
    signed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract on record: its terms, what was accepted, and when it ended early."""

    terms: Terms
    acceptances: tuple[Acceptance, ...] = field(default=())
    terminated_on: date | None = None

    def accepted(self, item: str) -> Decimal:
        """How much of *item* has passed so far."""
        return sum(
            (
                inspected.passed
                for acceptance in self.acceptances
                if acceptance.conclusion == "passed"
                for inspected in acceptance.items
                if inspected.item == item
            ),
            Decimal(0),
        )

    @property
    def is_accepted(self) -> bool:
        """Whether anything of it has passed."""
        return any(acceptance.conclusion == "passed" for acceptance in self.acceptances)

    @property
    def status(self) -> str:
        return "terminated" if self.terminated_on else "accepted" if self.is_accepted else "signed"

    @property
    def committed(self) -> int:
        """
        What of the line's limit it takes: its amount as amended; of a terminated contract nothing, unless something of
        it was accepted, because that will be paid.

        An acceptance that is recorded after the termination, with a day before it, takes the amount again. It is a fact
        and passes even where the line is full by then; the next contract does not.
        """
        return self.terms.amount if self.terminated_on is None or self.is_accepted else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A change of a contract (合同变更); what is None stays."""

    reason: str
    amount: int | None
    ends_on: date | None
    items: tuple[Item, ...] | None
