"""What procurement publishes: contracts and their acceptances."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from shared.events.base import EventData, Figure, Id, Yuan

Method = Literal[
    "open_tender",
    "invited_tender",
    "competitive_negotiation",
    "competitive_consultation",
    "inquiry",
    "single_source",
    "framework",
    "designated_supplier",
]


class ContractItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something a contract buys, and how much of it."""

    item: Id
    name: str
    unit: str
    quantity: Figure


class AcceptedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What an acceptance found: how much was inspected and how much of it passed."""

    item: Id
    inspected: Figure
    passed: Figure


class ContractSigned(EventData, frozen=True, kw_only=True):
    """A contract was signed with a supplier."""

    type: ClassVar[str] = "contract.signed"
    source: ClassVar[str] = "procurement"

    contract: Id
    line: Id
    supplier: Id
    supplier_name: str
    amount: Yuan
    method: Method
    government_procurement: bool
    signed_on: date
    starts_on: date
    ends_on: date
    items: tuple[ContractItem, ...]
    advance_amount: Yuan  # May be paid before acceptance.
    payment_days: Annotated[int, Meta(ge=0, le=365)]  # Days from acceptance within which payment is due.


class ContractAmended(EventData, frozen=True, kw_only=True):
    """A contract's amount, end or items were changed; the values are absolute, those after the change."""

    type: ClassVar[str] = "contract.amended"
    source: ClassVar[str] = "procurement"

    contract: Id
    amount: Yuan
    ends_on: date
    items: tuple[ContractItem, ...]


class ContractTerminated(EventData, frozen=True, kw_only=True):
    """A contract ended before its term."""

    type: ClassVar[str] = "contract.terminated"
    source: ClassVar[str] = "procurement"

    contract: Id
    terminated_on: date


class ContractAccepted(EventData, frozen=True, kw_only=True):
    """An acceptance passed; several partial ones add up."""

    type: ClassVar[str] = "contract.accepted"
    source: ClassVar[str] = "procurement"

    acceptance: Id
    contract: Id
    accepted_on: date
    items: tuple[AcceptedItem, ...]


class ContractRejected(EventData, frozen=True, kw_only=True):
    """An acceptance failed."""

    type: ClassVar[str] = "contract.rejected"
    source: ClassVar[str] = "procurement"

    acceptance: Id
    contract: Id
    accepted_on: date  # The day of the inspection.
    items: tuple[AcceptedItem, ...]


EVENTS = (ContractSigned, ContractAmended, ContractTerminated, ContractAccepted, ContractRejected)
