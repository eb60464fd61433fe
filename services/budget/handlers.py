"""What budget does, one function per thing that happens: load, decide, save and publish."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from services.budget import rules
from services.budget.model import (
    Contract,
    Declaration,
    Line,
    Payment,
    PaymentOrder,
    PaymentRequest,
    Project,
    Receipt,
    RequestedPayment,
)
from services.budget.store import Store
from shared.dates import start_of
from shared.events import budget as events
from shared.events.procurement import ContractAccepted, ContractAmended, ContractSigned
from shared.money import fen, yuan
from shared.problems import AlreadyExists, Invalid, NotFound
from shared.subscription import Happened, Poison


def declare_project(declaration: Declaration, store: Store, *, at: datetime, by: str) -> tuple[Project, bool]:
    """
    Declare a project or change it; tells whether it is new.

    Raises:
        Invalid, LineBelowPaid: See `rules.redeclare`.
    """
    before = store.project(declaration.project)
    if before is None:
        project = rules.declare(declaration)
        store.save_project(project)
        store.publish(_declared(project), start_of(project.starts_on, project.time_zone))
        return project, True
    project = rules.redeclare(before, declaration)
    if project != before:
        store.save_project(project)
        _publish_change(before, project, declaration.reason, store, at=at, by=by)
    return project, False


def _publish_change(
    before: Project, after: Project, reason: str | None, store: Store, *, at: datetime, by: str
) -> None:
    if rules.is_adjustment(before, after):
        assert reason is not None
        store.save_adjustment(after.project, reason, at, by)
        store.publish(_adjusted(after), at)
    if _words(before) != _words(after):
        store.publish(_declared(after), start_of(after.starts_on, after.time_zone))


def _words(project: Project) -> Project:
    lines = tuple(Line(line=line.line, name=line.name, initial=0, amount=0) for line in project.lines)
    return replace(project, lines=lines, sources={})


def record_receipt(receipt: Receipt, store: Store, *, by: str) -> Receipt:
    """
    Record money that arrived.

    Raises:
        NotFound: If there is no such project.
        OutsideFiscalYear: If it arrived in another year.
    """
    project = store.project(receipt.project)
    if project is None:
        raise NotFound(f"there is no project {receipt.project}", project=receipt.project)
    rules.check_receipt(receipt.received_on, project.fiscal_year)
    store.save_receipt(receipt, by)
    store.publish(
        events.FundsReceived(
            project=receipt.project,
            receipt=receipt.receipt,
            amount=yuan(receipt.amount),
            origin=receipt.source,
            received_on=receipt.received_on,
        ),
        start_of(receipt.received_on, project.time_zone),
    )
    return receipt


def post_payment(order: PaymentOrder, store: Store, *, now: datetime, by: str) -> tuple[Payment, bool]:
    """
    Put an executed payment on record; tells whether it is new. The same payment again is the one on record.

    Raises:
        UnknownProject, UnknownLine: If the order names what is not there.
        AlreadyExists: If the id belongs to another payment.
        Refusal: See `rules.approve_posting`.
    """
    if (known := store.payment(order.payment)) is not None:
        if known.order != order:
            raise AlreadyExists(f"payment {order.payment} is on record with other content", payment=order.payment)
        return known, False
    project, line = _line(order.project, order.line, store)
    rules.approve_posting(order, store.account(project, line, order.contract))
    payment = Payment(order=order, posted_by=by, recorded_at=now)
    store.save_payment(payment)
    store.publish(
        events.PaymentMade(
            project=order.project,
            payment=order.payment,
            line=order.line,
            amount=yuan(order.amount),
            paid_on=order.paid_on,
            contract=order.contract,
        ),
        start_of(order.paid_on, project.time_zone),
    )
    return payment, True


def request_payment(
    name: str, order: RequestedPayment, store: Store, *, now: datetime, by: str
) -> tuple[PaymentRequest, bool]:
    """
    Ask that a payment be made; tells whether the request is new. It is judged when it is paid: much may change until.

    Raises:
        UnknownProject, UnknownLine: If it names what is not there.
        AlreadyExists: If the id belongs to another request.
    """
    if (known := store.request(name)) is not None:
        if (known.order, known.requested_by) != (order, by):
            raise AlreadyExists(f"payment request {name} is on record with other content", payment_request=name)
        return known, False
    _line(order.project, order.line, store)
    request = PaymentRequest(payment_request=name, order=order, requested_by=by, requested_at=now)
    store.save_request(request)
    return request, True


def approve_request(request: PaymentRequest, store: Store, *, now: datetime, by: str) -> PaymentRequest:
    """
    Approve a payment request.

    Raises:
        RequestDecided, SamePerson: See `rules.check_decision`.
    """
    rules.check_decision(request, by)
    approved = replace(request, status="approved", decided_by=by, decided_at=now)
    store.save_request(approved)
    return approved


def reject_request(request: PaymentRequest, reason: str, store: Store, *, now: datetime, by: str) -> PaymentRequest:
    """
    Reject a payment request.

    Raises:
        RequestDecided, SamePerson: See `rules.check_decision`.
    """
    rules.check_decision(request, by)
    rejected = replace(request, status="rejected", decided_by=by, decided_at=now, rejection_reason=reason)
    store.save_request(rejected)
    return rejected


def pay_request(
    request: PaymentRequest, payment: str, paid_on: date, store: Store, *, now: datetime, by: str
) -> Payment:
    """
    Pay what is approved.

    Raises:
        RequestNotApproved, SamePerson: See `rules.check_execution`.
        AlreadyExists: If the payment's id is taken.
        Refusal: As any payment, see `rules.approve_posting`.
    """
    rules.check_execution(request, by)
    assert request.decided_by is not None
    wanted = request.order
    order = PaymentOrder(
        payment=payment,
        project=wanted.project,
        line=wanted.line,
        amount=wanted.amount,
        paid_on=paid_on,
        payee=wanted.payee,
        purpose=wanted.purpose,
        contract=wanted.contract,
        approved_by=request.decided_by,
    )
    made, is_new = post_payment(order, store, now=now, by=by)
    if not is_new:
        raise AlreadyExists(f"payment {payment} is on record", payment=payment)
    store.save_request(replace(request, status="paid", payment=payment))
    return made


def _line(project: str, line: str, store: Store) -> tuple[Project, Line]:
    found = store.project(project)
    if found is None:
        raise UnknownProject(project)
    for each in found.lines:
        if each.line == line:
            return found, each
    raise UnknownLine(project, line)


def reverse_payment(payment: Payment, reason: str, store: Store, *, at: datetime, by: str) -> Payment:
    """
    Undo a payment by a reversing entry; the payment stays on record.

    Raises:
        AlreadyReversed, Invalid: See `rules.check_reversal`.
    """
    order = payment.order
    project = store.project(order.project)
    assert project is not None
    rules.check_reversal(payment, at, start_of(order.paid_on, project.time_zone))
    reversed_payment = store.save_reversal(payment, reason, at, by)
    store.publish(
        events.PaymentReversed(
            project=order.project,
            payment=order.payment,
            line=order.line,
            amount=yuan(order.amount),
            contract=order.contract,
        ),
        at,
    )
    return reversed_payment


def learn(session: Session, happened: Sequence[Happened]) -> None:
    """Fold what procurement says of contracts into budget's own picture of them."""
    store = Store(session)
    for event in happened:
        fold = _LEARNED.get(type(event.data))
        if fold is not None:
            fold(event.data, store)


def _learn_signed(data: ContractSigned, store: Store) -> None:
    if store.contract(data.contract) is not None:
        raise Poison(f"contract {data.contract} was signed before")
    store.save_contract(
        Contract(
            contract=data.contract,
            project=data.project,
            supplier=data.supplier,
            supplier_name=data.supplier_name,
            amount=fen(data.amount),
            advance_amount=fen(data.advance_amount),
            paid=store.paid_against(data.contract),  # Something only if this is learned again, after a replay.
        )
    )


def unlearn(session: Session, project: str) -> None:
    """Forget what was learned of the contracts of *project*: all of it is about to be learned again."""
    Store(session).forget_contracts(project)


def _learn_amended(data: ContractAmended, store: Store) -> None:
    store.save_contract(replace(_learned(data.contract, store), amount=fen(data.amount)))


def _learn_accepted(data: ContractAccepted, store: Store) -> None:
    store.save_contract(replace(_learned(data.contract, store), is_accepted=True))


def _learned(contract: str, store: Store) -> Contract:
    known = store.contract(contract)
    if known is None:
        raise Poison(f"contract {contract} was never signed")
    return known


# Terminations and failed acceptances change nothing here: what was accepted before stays payable.
_LEARNED: dict[type, Callable[..., None]] = {
    ContractSigned: _learn_signed,
    ContractAmended: _learn_amended,
    ContractAccepted: _learn_accepted,
}


class UnknownProject(Invalid):
    """A body names a project that budget does not have."""

    slug, title = "unknown-project", "The project is not known"

    def __init__(self, project: str) -> None:
        super().__init__([{"field": "project", "code": "unknown", "message": f"there is no project {project}"}])


class UnknownLine(Invalid):
    """A body names a line that its project does not have."""

    slug, title = "unknown-line", "The line is not known"

    def __init__(self, project: str, line: str) -> None:
        super().__init__([{"field": "line", "code": "unknown", "message": f"project {project} has no line {line}"}])


def _lines(project: Project) -> tuple[events.BudgetLine, ...]:
    return tuple(
        events.BudgetLine(line=line.line, name=line.name, initial=yuan(line.initial), amount=yuan(line.amount))
        for line in project.lines
    )


def _sources(project: Project) -> events.Sources:
    return events.Sources(**{origin: yuan(amount) for origin, amount in project.sources.items()})


def _declared(project: Project) -> events.ProjectDeclared:
    return events.ProjectDeclared(
        project=project.project,
        name=project.name,
        unit=project.unit,
        department=project.department,
        fiscal_year=project.fiscal_year,
        nature=project.nature,
        starts_on=project.starts_on,
        ends_on=project.ends_on,
        time_zone=project.time_zone,
        lines=_lines(project),
        sources=_sources(project),
        amount=yuan(project.amount),
    )


def _adjusted(project: Project) -> events.BudgetAdjusted:
    return events.BudgetAdjusted(
        project=project.project, lines=_lines(project), sources=_sources(project), amount=yuan(project.amount)
    )
