"""
The ledgers, added up from budget's events in the order of its log.

Amounts are yuan as exact decimals. What may never have happened is found on the way: a line exceeded at the time, money
spent before it arrived, a payment reversed twice.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from cli.verify.events import Told
from cli.verify.findings import Findings

ZERO: Final = Decimal("0.00")
RATE_STEP: Final = Decimal("0.000001")


@dataclass(slots=True)
class Line:
    """A budget line."""

    initial: Decimal
    limit: Decimal
    paid: Decimal = ZERO


@dataclass(slots=True)
class Account:
    """A project's money."""

    fiscal_year: int
    zone: str
    lines: dict[str, Line]
    received: Decimal = ZERO

    @property
    def paid(self) -> Decimal:
        return sum((line.paid for line in self.lines.values()), ZERO)


@dataclass(slots=True)
class Payment:
    """A payment and, if there is one, the moment of its reversal."""

    project: str
    line: str
    amount: Decimal
    paid_on: str
    contract: str | None
    reversed_at: datetime | None = None

    def answer(self) -> dict[str, Any]:
        """What budget must say of it."""
        return {
            "project": self.project,
            "line": self.line,
            "amount": self.amount,
            "paid_on": self.paid_on,
            "contract": self.contract,
            "status": "paid" if self.reversed_at is None else "reversed",
        }


@dataclass(slots=True)
class Ledger:
    """Every project's money. `take` is the only way in."""

    findings: Findings
    accounts: dict[str, Account] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    receipts: set[str] = field(default_factory=set)
    by_contract: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))

    def take(self, event: Told) -> None:
        """Enter one event of budget."""
        where = f"budget {event.type} {event.seq}"
        match event.type:
            case "project.declared":
                self._declare(event)
            case "budget.adjusted":
                self._adjust(event, where)
            case "funds.received":
                self._receive(event, where)
            case "payment.made":
                self._pay(event, where)
            case "payment.reversed":
                self._reverse(event, where)

    def answer(self, project: str) -> dict[str, Any]:
        """What budget must say of a project's money."""
        account = self.accounts[project]
        lines = {name: _figures(line.initial, line.limit, line.paid) for name, line in account.lines.items()}
        initial = sum((line.initial for line in account.lines.values()), ZERO)
        limit = sum((line.limit for line in account.lines.values()), ZERO)
        return {
            "fiscal_year": account.fiscal_year,
            "time_zone": account.zone,
            "lines": lines,
            "totals": _figures(initial, limit, account.paid),
            "received": account.received,
            "surplus": limit - account.paid,
        }

    def _declare(self, event: Told) -> None:
        says = event.says
        if says["project"] in self.accounts:  # A later declaration corrects words; amounts change by adjustment.
            self.accounts[says["project"]].zone = says["time_zone"]
            return
        lines = {each["line"]: Line(Decimal(each["initial"]), Decimal(each["amount"])) for each in says["lines"]}
        self.accounts[says["project"]] = Account(says["fiscal_year"], says["time_zone"], lines)

    def _adjust(self, event: Told, where: str) -> None:
        account = self._account(event, where)
        if account is None:
            return
        told = {each["line"]: (Decimal(each["initial"]), Decimal(each["amount"])) for each in event.says["lines"]}
        if sum((amount for _, amount in told.values()), ZERO) != Decimal(event.says["amount"]):
            total = sum((amount for _, amount in told.values()), ZERO)
            self.findings.add("adjustment-sum", where, expected=total, found=event.says["amount"])
        for name, line in account.lines.items():
            initial, limit = told.get(name, (line.initial, ZERO))
            if initial != line.initial:
                self.findings.add("initial-changed", f"{where} {name}", expected=line.initial, found=initial)
            if limit < line.paid:
                self.findings.add("line-below-paid", f"{where} {name}", expected=f"at least {line.paid}", found=limit)
            line.limit = limit
        for name in told.keys() - account.lines.keys():
            account.lines[name] = Line(*told[name])

    def _receive(self, event: Told, where: str) -> None:
        account = self._account(event, where)
        if event.says["receipt"] in self.receipts:
            self.findings.add("receipt-twice", where, expected="one receipt", found=event.says["receipt"])
        self.receipts.add(event.says["receipt"])
        if account is not None:
            account.received += Decimal(event.says["amount"])

    def _pay(self, event: Told, where: str) -> None:
        says, account = event.says, self._account(event, where)
        amount = Decimal(says["amount"])
        if says["payment"] in self.payments:
            self.findings.add("payment-twice", where, expected="one payment", found=says["payment"])
            return
        self.payments[says["payment"]] = Payment(
            says["project"], says["line"], amount, says["paid_on"], says.get("contract")
        )
        if says.get("contract") is not None:
            self.by_contract[says["contract"]] += amount
        if account is not None:
            self._spend(account, says, amount, where)

    def _spend(self, account: Account, says: dict[str, Any], amount: Decimal, where: str) -> None:
        line = account.lines.get(says["line"])
        if line is None:
            self.findings.add("line-unknown", where, expected="a declared line", found=says["line"])
            return
        line.paid += amount
        if line.paid > line.limit:
            self.findings.add("line-exceeded", where, expected=f"at most {line.limit}", found=line.paid)
        if account.paid > account.received:
            self.findings.add("funds-not-received", where, expected=f"at most {account.received}", found=account.paid)
        if not says["paid_on"].startswith(f"{account.fiscal_year:04d}-"):
            self.findings.add("outside-fiscal-year", where, expected=account.fiscal_year, found=says["paid_on"])

    def _reverse(self, event: Told, where: str) -> None:
        says, payment = event.says, self.payments.get(event.says["payment"])
        if payment is None:
            self.findings.add("payment-unknown", where, expected="a payment that was made", found=says["payment"])
            return
        if payment.reversed_at is not None:
            self.findings.add("already-reversed", where, expected="one reversal", found=says["payment"])
            return
        for name, expected, found in (
            ("amount", payment.amount, Decimal(says["amount"])),
            ("line", payment.line, says["line"]),
            ("contract", payment.contract, says.get("contract")),
        ):
            if expected != found:
                self.findings.add("reversal-wrong", f"{where} {name}", expected=expected, found=found)
        payment.reversed_at = event.time
        if payment.contract is not None:
            self.by_contract[payment.contract] -= payment.amount
        account = self.accounts.get(payment.project)
        if account is not None and payment.line in account.lines:
            account.lines[payment.line].paid -= payment.amount

    def _account(self, event: Told, where: str) -> Account | None:
        account = self.accounts.get(event.says["project"])
        if account is None:
            self.findings.add("project-unknown", where, expected="a declared project", found=event.says["project"])
        return account

    def totals(self) -> Iterator[tuple[str, str, Decimal]]:
        """What was paid by project and line, less reversals, where anything was."""
        for project, account in sorted(self.accounts.items()):
            for name, line in sorted(account.lines.items()):
                if line.paid:
                    yield project, name, line.paid

    def day_of(self, moment: datetime, project: str) -> str:
        """The day of *moment* where the project is."""
        return moment.astimezone(ZoneInfo(self.accounts[project].zone)).date().isoformat()


def _figures(initial: Decimal, limit: Decimal, paid: Decimal) -> dict[str, Any]:
    rate = paid / limit if limit else Decimal(0)
    return {
        "initial": initial,
        "adjusted": limit,
        "paid": paid,
        "remaining": limit - paid,
        "execution_rate": str(rate.quantize(RATE_STEP, ROUND_HALF_UP)),
    }
