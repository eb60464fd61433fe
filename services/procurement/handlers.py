"""What procurement does, one function per thing that happens: load, decide, save and publish."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from services.procurement import rules
from services.procurement.model import Acceptance, Amendment, Contract, Item, Project, Supplier, Terms
from services.procurement.store import Store
from shared.dates import start_of
from shared.events import procurement as events
from shared.events.budget import BudgetAdjusted, BudgetLine, ProjectDeclared
from shared.money import fen, yuan
from shared.problems import AlreadyExists, Invalid
from shared.subscription import Happened, Poison


class UnknownSupplier(Invalid):
    """A body names a supplier that procurement does not have."""

    slug, title = "unknown-supplier", "The supplier is not known"

    def __init__(self, supplier: str) -> None:
        super().__init__([{"field": "supplier", "code": "unknown", "message": f"there is no supplier {supplier}"}])


def register_supplier(supplier: Supplier, store: Store) -> bool:
    """Register a supplier or correct it; tells whether it is new."""
    is_new = store.supplier(supplier.supplier) is None
    store.save_supplier(supplier)
    return is_new


def sign_contract(terms: Terms, store: Store) -> tuple[Contract, bool]:
    """
    Put a signed contract on record; tells whether it is new. The same contract again is the one on record.

    Raises:
        AlreadyExists: If the id belongs to another contract.
        ProjectUnknown, UnknownSupplier: If it names what is not there.
        Invalid, Refusal: See `rules.check_terms` and `rules.sign`.
    """
    known = store.contract(terms.contract)
    if known is not None:
        if store.signed_terms(terms.contract) != terms:
            raise AlreadyExists(f"contract {terms.contract} is on record with other content", contract=terms.contract)
        return known, False
    rules.check_terms(terms)
    project = _project(terms.project, store)
    supplier = store.supplier(terms.supplier)
    if supplier is None:
        raise UnknownSupplier(terms.supplier)
    contract = rules.sign(terms, project, store.contracts_of(terms.project, terms.line))
    store.add_contract(terms)
    store.publish(_signed(terms, supplier), start_of(terms.signed_on, project.time_zone))
    return contract, True


def amend_contract(contract: Contract, amendment: Amendment, store: Store, *, at: datetime, by: str) -> Contract:
    """
    Change a contract.

    Raises:
        Invalid, Refusal: See `rules.amend`.
    """
    terms = contract.terms
    others = store.contracts_of(terms.project, terms.line)
    amended = rules.amend(contract, amendment, _project(terms.project, store), others, at=at)
    store.save_amended(amended, amendment, at, by)
    store.publish(
        events.ContractAmended(
            project=terms.project,
            contract=terms.contract,
            amount=yuan(amended.terms.amount),
            ends_on=amended.terms.ends_on,
            items=_items(amended.terms.items),
        ),
        at,
    )
    return amended


def terminate_contract(contract: Contract, terminated_on: date, reason: str, store: Store) -> Contract:
    """
    End a contract early.

    Raises:
        Invalid, ContractTerminated: See `rules.terminate`.
    """
    terminated = rules.terminate(contract, terminated_on)
    store.save_terminated(terminated, reason)
    project = _project(contract.terms.project, store)
    data = events.ContractTerminated(
        project=project.project, contract=contract.terms.contract, terminated_on=terminated_on
    )
    store.publish(data, start_of(terminated_on, project.time_zone))
    return terminated


def record_acceptance(contract: Contract, acceptance: Acceptance, store: Store, *, by: str) -> Contract:
    """
    Put an acceptance on record.

    Raises:
        Invalid, Refusal: See `rules.accept`.
    """
    accepted = rules.accept(contract, acceptance)
    store.add_acceptance(acceptance, by)
    event = events.ContractAccepted if acceptance.conclusion == "passed" else events.ContractRejected
    project = _project(contract.terms.project, store)
    data = event(
        project=project.project,
        acceptance=acceptance.acceptance,
        contract=acceptance.contract,
        accepted_on=acceptance.accepted_on,
        items=tuple(
            events.AcceptedItem(item=item.item, inspected=format(item.inspected, "f"), passed=format(item.passed, "f"))
            for item in acceptance.items
        ),
    )
    store.publish(data, start_of(acceptance.accepted_on, project.time_zone))
    return accepted


def learn(session: Session, happened: Sequence[Happened]) -> None:
    """Fold what budget says of projects and their lines."""
    store = Store(session)
    for event in happened:
        match event.data:
            case ProjectDeclared() as declared:
                store.save_project(_learned(declared))
            case BudgetAdjusted() as adjusted:
                known = store.project(adjusted.project)
                if known is None:
                    raise Poison(f"the budget of {adjusted.project} was adjusted before it was declared")
                store.save_project(replace(known, lines=_limits(adjusted.lines)))
            case _:
                pass  # Receipts and payments are no concern of procurement.


def unlearn(session: Session, project: str) -> None:
    """Forget what was learned of *project*: all of it is about to be learned again."""
    Store(session).forget_project(project)


def _learned(declared: ProjectDeclared) -> Project:
    return Project(
        project=declared.project,
        time_zone=declared.time_zone,
        fiscal_year=declared.fiscal_year,
        lines=_limits(declared.lines),
    )


def _limits(lines: Sequence[BudgetLine]) -> dict[str, int]:
    return {line.line: fen(line.amount) for line in lines}


def _project(project: str, store: Store) -> Project:
    known = store.project(project)
    if known is None:
        raise rules.ProjectUnknown(project)
    return known


def _signed(terms: Terms, supplier: Supplier) -> events.ContractSigned:
    return events.ContractSigned(
        project=terms.project,
        contract=terms.contract,
        line=terms.line,
        supplier=terms.supplier,
        supplier_name=supplier.name,
        amount=yuan(terms.amount),
        method=terms.method,
        government_procurement=terms.government_procurement,
        signed_on=terms.signed_on,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        items=_items(terms.items),
        advance_amount=yuan(terms.advance_amount),
        payment_days=terms.payment_days,
    )


def _items(items: Sequence[Item]) -> tuple[events.ContractItem, ...]:
    return tuple(
        events.ContractItem(item=item.item, name=item.name, unit=item.unit, quantity=format(item.quantity, "f"))
        for item in items
    )
