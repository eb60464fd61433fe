"""What procurement and monitoring must say of contracts and faults, from their events in the order of their logs."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from cli.verify.events import Told
from cli.verify.findings import Findings


@dataclass(slots=True)
class Contract:
    """A contract as it was signed and changed."""

    signed: dict[str, Any]
    amount: Decimal
    amount_max: Decimal  # The largest it ever had: what was paid by then stays paid.
    ends_on: str
    items: list[dict[str, Any]]
    terminated_on: str | None = None
    acceptances: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_accepted(self) -> bool:
        return any(each["conclusion"] == "passed" for each in self.acceptances)

    def answer(self) -> dict[str, Any]:
        """What procurement must say of it."""
        kept = ("project", "line", "supplier", "method", "government_procurement", "signed_on", "starts_on")
        return {
            **{name: self.signed[name] for name in kept},
            "amount": self.amount,
            "status": "terminated" if self.terminated_on else "accepted" if self.is_accepted else "signed",
            "ends_on": self.ends_on,
            "terminated_on": self.terminated_on,
            "items": [
                {
                    "item": each["item"],
                    "quantity": Decimal(each["quantity"]),
                    "accepted": self._accepted(each["item"]),
                }
                for each in self.items
            ],
            "advance_amount": Decimal(self.signed["advance_amount"]),
            "payment_days": self.signed["payment_days"],
            "acceptances": self.acceptances,
        }

    def _accepted(self, item: str) -> Decimal:
        return sum(
            (
                each["passed"]
                for acceptance in self.acceptances
                if acceptance["conclusion"] == "passed"
                for each in acceptance["items"]
                if each["item"] == item
            ),
            Decimal(0),
        )


@dataclass(slots=True)
class Contracts:
    """Every contract by its id."""

    findings: Findings
    by_id: dict[str, Contract] = field(default_factory=dict)

    def take(self, event: Told) -> None:
        """Enter one event of procurement."""
        says, where = event.says, f"procurement {event.type} {event.seq}"
        if not event.type.startswith("contract."):
            return
        contract = self.by_id.get(says["contract"])
        if event.type == "contract.signed":
            if contract is not None:
                self.findings.add("contract-twice", where, expected="one contract", found=says["contract"])
                return
            amount = Decimal(says["amount"])
            self.by_id[says["contract"]] = Contract(says, amount, amount, says["ends_on"], says["items"])
        elif contract is None:
            self.findings.add("contract-unknown", where, expected="a signed contract", found=says["contract"])
        else:
            self._change(contract, event, where)

    def _change(self, contract: Contract, event: Told, where: str) -> None:
        says = event.says
        match event.type:
            case "contract.amended":
                contract.amount, contract.ends_on, contract.items = (
                    Decimal(says["amount"]),
                    says["ends_on"],
                    says["items"],
                )
                contract.amount_max = max(contract.amount_max, contract.amount)
            case "contract.terminated":
                if contract.terminated_on is not None:
                    self.findings.add("terminated-twice", where, expected="one end", found=says["contract"])
                contract.terminated_on = says["terminated_on"]
            case "contract.accepted" | "contract.rejected":
                contract.acceptances.append(_acceptance(event))


def _acceptance(event: Told) -> dict[str, Any]:
    says = event.says
    return {
        "acceptance": says["acceptance"],
        "accepted_on": says["accepted_on"],
        "conclusion": "passed" if event.type == "contract.accepted" else "failed",
        "items": [
            {"item": each["item"], "inspected": Decimal(each["inspected"]), "passed": Decimal(each["passed"])}
            for each in says["items"]
        ],
    }


@dataclass(slots=True)
class Fault:
    """A fault: its report, its first response, and what holds now."""

    opened: dict[str, Any]
    status: str = "open"
    responded_at: datetime | None = None
    resolved_at: datetime | None = None

    def answer(self) -> dict[str, Any]:
        """What monitoring must say of it."""
        return {
            "project": self.opened["project"],
            "asset": self.opened.get("asset"),
            "severity": self.opened["severity"],
            "service_down": self.opened["service_down"],
            "occurred_at": datetime.fromisoformat(self.opened["occurred_at"]),
            "status": self.status,
            "responded_at": self.responded_at,
            "resolved_at": self.resolved_at,
        }


@dataclass(slots=True)
class Faults:
    """Every fault by its id."""

    findings: Findings
    by_id: dict[str, Fault] = field(default_factory=dict)

    def take(self, event: Told) -> None:
        """Enter one event of monitoring."""
        says, where = event.says, f"monitoring {event.type} {event.seq}"
        if not event.type.startswith("fault."):
            return
        fault = self.by_id.get(says["fault"])
        if event.type == "fault.opened":
            if fault is not None:
                self.findings.add("fault-twice", where, expected="one fault", found=says["fault"])
                return
            self.by_id[says["fault"]] = Fault(says)
        elif fault is None:
            self.findings.add("fault-unknown", where, expected="an opened fault", found=says["fault"])
        else:
            _step(fault, event)


def _step(fault: Fault, event: Told) -> None:
    match event.type:
        case "fault.responded":
            if fault.responded_at is None:
                fault.responded_at = datetime.fromisoformat(event.says["responded_at"])
            fault.status = "responded"
        case "fault.resolved":
            fault.status, fault.resolved_at = "resolved", datetime.fromisoformat(event.says["resolved_at"])
        case "fault.reopened":
            fault.status, fault.resolved_at = "open", None
