"""
The decisions of budget: pure functions.

Payment follows the contract and comes after acceptance; money is not spent before it arrived, nor beyond its line.
Sources: 《行政事业单位内部控制规范(试行)》 财会〔2012〕21号, 政府采购法 on acceptance before payment; both from general
knowledge of the documents, their articles not checked.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

from services.budget.model import Account, Contract, Declaration, Line, Payment, PaymentOrder, PaymentRequest, Project
from shared.money import AMOUNT_FEN_MAX, yuan
from shared.problems import Invalid, Refusal


class OutsideFiscalYear(Refusal):
    """A dated fact lies in another fiscal year than its project's."""

    slug, title = "outside-fiscal-year", "The date is outside the fiscal year"

    def __init__(self, day: date, fiscal_year: int) -> None:
        super().__init__(
            f"{day} is not in the fiscal year {fiscal_year}", date=day.isoformat(), fiscal_year=fiscal_year
        )


class ContractUnknown(Refusal):
    """The contract is not known here; its event may still arrive."""

    slug, title = "contract-unknown", "The contract is not known"

    def __init__(self, contract: str) -> None:
        super().__init__(f"contract {contract} is not known to this project", retry_after=1, contract=contract)


class ContractNotAccepted(Refusal):
    """Nothing of the contract passed acceptance, and the advance does not cover the payment."""

    slug, title = "contract-not-accepted", "The contract is not accepted"

    def __init__(self, contract: Contract, amount: int) -> None:
        super().__init__(
            f"contract {contract.contract} has no passed acceptance; at most {yuan(contract.advance_amount)} may be "
            "paid in advance",
            retry_after=1,
            contract=contract.contract,
            advance_amount=yuan(contract.advance_amount),
            paid=yuan(contract.paid),
            amount=yuan(amount),
        )


class PayeeMismatch(Refusal):
    """The payee is not the contract's supplier."""

    slug, title = "payee-mismatch", "The payee is not the contract's supplier"

    def __init__(self, payee: str, contract: Contract) -> None:
        super().__init__(
            f"contract {contract.contract} is with {contract.supplier}", payee=payee, supplier=contract.supplier
        )


class ContractExceeded(Refusal):
    """Payments would exceed the contract."""

    slug, title = "contract-exceeded", "The contract's amount is exceeded"

    def __init__(self, contract: Contract, amount: int) -> None:
        super().__init__(
            f"contract {contract.contract} is over {yuan(contract.amount)}, of which {yuan(contract.paid)} is paid",
            contract=contract.contract,
            contract_amount=yuan(contract.amount),
            paid=yuan(contract.paid),
            amount=yuan(amount),
        )


class LineExceeded(Refusal):
    """Payments would exceed the budget line."""

    slug, title = "line-exceeded", "The budget line is exceeded"

    def __init__(self, line: Line, amount: int) -> None:
        super().__init__(
            f"line {line.line} has {yuan(line.remaining)} left",
            line=line.line,
            limit=yuan(line.amount),
            paid=yuan(line.paid),
            remaining=yuan(line.remaining),
            amount=yuan(amount),
        )


class FundsNotReceived(Refusal):
    """Payments would exceed the money that arrived."""

    slug, title = "funds-not-received", "The money has not arrived"

    def __init__(self, account: Account, amount: int) -> None:
        super().__init__(
            f"{yuan(account.received)} arrived, of which {yuan(account.paid)} is paid",
            received=yuan(account.received),
            paid=yuan(account.paid),
            amount=yuan(amount),
        )


class LineBelowPaid(Refusal):
    """An adjustment would leave a line with less than was paid from it."""

    slug, title = "line-below-paid", "The line would fall below what is paid"

    def __init__(self, line: Line, amount: int) -> None:
        super().__init__(
            f"{yuan(line.paid)} is already paid from line {line.line}",
            line=line.line,
            paid=yuan(line.paid),
            amount=yuan(amount),
        )


class AlreadyReversed(Refusal):
    """A payment is reversed once."""

    slug, title = "already-reversed", "The payment is already reversed"

    def __init__(self, payment: Payment) -> None:
        super().__init__(
            f"payment {payment.order.payment} was reversed",
            payment=payment.order.payment,
            reversed_at=payment.reversed_at.isoformat() if payment.reversed_at else None,
        )


class SamePerson(Refusal):
    """Who asks for a payment does not approve it, and neither of the two pays it (不相容岗位分离)."""

    slug, title = "same-person", "The same person"

    def __init__(self, request: PaymentRequest, person: str, done: str) -> None:
        super().__init__(
            f"{person} has {done} this payment; another person has to take the next step",
            payment_request=request.payment_request,
            person=person,
        )


class RequestDecided(Refusal):
    """A payment request is decided once."""

    slug, title = "request-decided", "The payment request is decided"

    def __init__(self, request: PaymentRequest) -> None:
        super().__init__(
            f"payment request {request.payment_request} is {request.status}",
            payment_request=request.payment_request,
            request_status=request.status,
        )


class RequestNotApproved(Refusal):
    """Only what is approved is paid, and once."""

    slug, title = "request-not-approved", "The payment request is not approved"

    def __init__(self, request: PaymentRequest) -> None:
        super().__init__(
            f"payment request {request.payment_request} is {request.status}",
            payment_request=request.payment_request,
            request_status=request.status,
        )


def check_decision(request: PaymentRequest, by: str) -> None:
    """
    Let *by* approve or reject.

    Raises:
        RequestDecided: If that was done before.
        SamePerson: If *by* asked for the payment.
    """
    if request.status != "requested":
        raise RequestDecided(request)
    if _person(by) == _person(request.requested_by):
        raise SamePerson(request, by, "requested")


def check_execution(request: PaymentRequest, by: str) -> None:
    """
    Let *by* pay.

    Raises:
        RequestNotApproved: If it is not approved, or paid already.
        SamePerson: If *by* asked for it or approved it.
    """
    if request.status != "approved":
        raise RequestNotApproved(request)
    if _person(by) == _person(request.requested_by):
        raise SamePerson(request, by, "requested")
    if _person(by) == _person(request.decided_by or ""):
        raise SamePerson(request, by, "approved")


def _person(name: str) -> str:
    """One spelling of a name: width, case and spaces make no second person."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def approve_posting(order: PaymentOrder, account: Account) -> None:
    """
    Let a payment pass if everything allows it.

    Raises:
        Refusal: The first that holds, in the order of the public interface, naming the others.
    """
    refusals = [*_date_refusals(order, account), *_contract_refusals(order, account), *_money_refusals(order, account)]
    if refusals:
        raise Refusal.first_of(refusals)


def _date_refusals(order: PaymentOrder, account: Account) -> list[Refusal]:
    if order.paid_on.year != account.fiscal_year:
        return [OutsideFiscalYear(order.paid_on, account.fiscal_year)]
    return []


def _contract_refusals(order: PaymentOrder, account: Account) -> list[Refusal]:
    if order.contract is None:
        return []
    contract = account.contract
    if contract is None or contract.project != order.project:
        return [ContractUnknown(order.contract)]
    refusals: list[Refusal] = []
    if not contract.is_accepted and contract.paid + order.amount > contract.advance_amount:
        refusals.append(ContractNotAccepted(contract, order.amount))
    if order.payee not in (contract.supplier, contract.supplier_name):
        refusals.append(PayeeMismatch(order.payee, contract))
    if contract.paid + order.amount > contract.amount:
        refusals.append(ContractExceeded(contract, order.amount))
    return refusals


def _money_refusals(order: PaymentOrder, account: Account) -> list[Refusal]:
    refusals: list[Refusal] = []
    if order.amount > account.line.remaining:
        refusals.append(LineExceeded(account.line, order.amount))
    if account.paid + order.amount > account.received:
        refusals.append(FundsNotReceived(account, order.amount))
    return refusals


def check_receipt(received_on: date, fiscal_year: int) -> None:
    """
    Let a receipt pass if it belongs to the fiscal year.

    Raises:
        OutsideFiscalYear: If it does not.
    """
    if received_on.year != fiscal_year:
        raise OutsideFiscalYear(received_on, fiscal_year)


def check_reversal(payment: Payment, occurred_at: datetime, paid_at: datetime) -> None:
    """
    Let a reversal pass if the payment is not reversed and did happen before.

    Raises:
        AlreadyReversed: If it is.
        Invalid: If the reversal would lie before the payment.
    """
    if payment.reversed_at is not None:
        raise AlreadyReversed(payment)
    if occurred_at < paid_at:
        raise Invalid.field("occurred_at", "before_payment", "a reversal cannot happen before its payment")


def check_declaration(declaration: Declaration) -> None:
    """
    Let a declaration pass if its parts agree.

    Raises:
        Invalid: Naming every fault.
    """
    faults: list[dict[str, str]] = []
    ids = [line for line, _, _ in declaration.lines]
    faults += [
        {"field": f"lines.{index}.line", "code": "duplicate", "message": f"line {line} is named twice"}
        for index, line in enumerate(ids)
        if line in ids[:index]
    ]
    if declaration.ends_on < declaration.starts_on:
        faults.append({"field": "ends_on", "code": "before_start", "message": "the project would end before it starts"})
    elif not declaration.starts_on.year <= declaration.fiscal_year <= declaration.ends_on.year:
        message = f"the project does not run in the fiscal year {declaration.fiscal_year}"
        faults.append({"field": "fiscal_year", "code": "outside_project", "message": message})
    total, funded = sum(amount for _, _, amount in declaration.lines), sum(declaration.sources.values())
    if total != funded:
        message = f"the sources add up to {yuan(funded)}, the lines to {yuan(total)}"
        faults.append({"field": "sources", "code": "sum_mismatch", "message": message})
    if total > AMOUNT_FEN_MAX:
        message = f"a project's budget is at most {yuan(AMOUNT_FEN_MAX)}"
        faults.append({"field": "lines", "code": "too_much", "message": message})
    if faults:
        raise Invalid(faults)


def declare(declaration: Declaration) -> Project:
    """The project a first declaration makes."""
    check_declaration(declaration)
    lines = (Line(line=line, name=name, initial=amount, amount=amount) for line, name, amount in declaration.lines)
    return _described(declaration, tuple(lines), received=0)


def redeclare(project: Project, declaration: Declaration) -> Project:
    """
    The project after a later declaration: initial amounts stay, a line left out falls to zero.

    Raises:
        Invalid: If parts disagree, the fiscal year would change, or amounts change without a reason.
        LineBelowPaid: If a line would have less than was paid from it.
    """
    check_declaration(declaration)
    if declaration.fiscal_year != project.fiscal_year:
        raise Invalid.field("fiscal_year", "fixed", "the fiscal year of a declared project cannot change")
    adjusted = _described(declaration, _adjusted_lines(project.lines, declaration), project.received)
    if is_adjustment(project, adjusted) and declaration.reason is None:
        raise Invalid.field("reason", "missing", "say why the amounts change")
    below = [LineBelowPaid(line, line.amount) for line in adjusted.lines if line.amount < line.paid]
    if below:
        raise Refusal.first_of(below)
    return adjusted


def is_adjustment(before: Project, after: Project) -> bool:
    """Whether amounts moved, not only words."""
    amounts = [[(line.line, line.amount) for line in project.lines] for project in (before, after)]
    return amounts[0] != amounts[1] or before.sources != after.sources


def _adjusted_lines(lines: Sequence[Line], declaration: Declaration) -> tuple[Line, ...]:
    wanted = {line: (name, amount) for line, name, amount in declaration.lines}
    kept = [
        Line(
            line=line.line,
            name=wanted.get(line.line, (line.name, 0))[0],
            initial=line.initial,
            amount=wanted.get(line.line, (line.name, 0))[1],
            paid=line.paid,
        )
        for line in lines
    ]
    known = {line.line for line in lines}
    added = [
        Line(line=line, name=name, initial=0, amount=amount)
        for line, name, amount in declaration.lines
        if line not in known
    ]
    return (*kept, *added)


def _described(declaration: Declaration, lines: tuple[Line, ...], received: int) -> Project:
    return Project(
        project=declaration.project,
        name=declaration.name,
        unit=declaration.unit,
        department=declaration.department,
        fiscal_year=declaration.fiscal_year,
        nature=declaration.nature,
        starts_on=declaration.starts_on,
        ends_on=declaration.ends_on,
        time_zone=declaration.time_zone,
        sources=declaration.sources,
        lines=lines,
        received=received,
    )
