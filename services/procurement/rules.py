"""
The decisions of procurement: pure functions.

A line is not committed beyond its limit, no more is accepted than was contracted, and who signs does not inspect.
Source of the last: 《行政事业单位内部控制规范(试行)》 财会〔2012〕21号 (合同签订 / 验收), from general knowledge of the
document, its articles not checked. The conditions of the methods of procurement are not checked here: a contract alone
does not show them, purchases will.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from services.procurement.model import Acceptance, Amendment, Contract, Item, Project, Terms
from shared.dates import start_of
from shared.money import yuan
from shared.problems import Invalid, Refusal

Fault = dict[str, str]


class ProjectUnknown(Refusal):
    """The project is not known here; its event may still arrive."""

    slug, title = "project-unknown", "The project is not known"

    def __init__(self, project: str) -> None:
        super().__init__(f"project {project} is not known here", retry_after=1, project=project)


class LineUnknown(Refusal):
    """The project has no such line; an adjustment may still add it."""

    slug, title = "line-unknown", "The line is not known"

    def __init__(self, project: str, line: str) -> None:
        super().__init__(f"project {project} has no line {line}", retry_after=1, project=project, line=line)


class LineOvercommitted(Refusal):
    """The contracts of a line would exceed its limit."""

    slug, title = "line-overcommitted", "The line is overcommitted"

    def __init__(self, line: str, limit: int, committed: int, amount: int) -> None:
        super().__init__(
            f"line {line} has {yuan(limit - committed)} left for contracts",
            line=line,
            limit=yuan(limit),
            committed=yuan(committed),
            remaining=yuan(limit - committed),
            amount=yuan(amount),
        )


class OutsideFiscalYear(Refusal):
    """The contract's term does not touch the project's fiscal year."""

    slug, title = "outside-fiscal-year", "The term is outside the fiscal year"

    def __init__(self, terms: Terms, fiscal_year: int) -> None:
        super().__init__(
            f"the term does not touch the fiscal year {fiscal_year}",
            starts_on=terms.starts_on.isoformat(),
            ends_on=terms.ends_on.isoformat(),
            fiscal_year=fiscal_year,
        )


class ContractTerminated(Refusal):
    """The contract has ended."""

    slug, title = "contract-terminated", "The contract is terminated"

    def __init__(self, contract: Contract) -> None:
        super().__init__(
            f"contract {contract.terms.contract} ended on {contract.terminated_on}",
            contract=contract.terms.contract,
            terminated_on=str(contract.terminated_on),
        )


class SamePerson(Refusal):
    """Who signed the contract may not inspect what it delivers."""

    slug, title = "same-person", "The same person"

    def __init__(self, contract: str) -> None:
        super().__init__("an inspector signed the contract", contract=contract)


class UnknownItem(Invalid):
    """An acceptance names an item that the contract does not have."""

    slug, title = "unknown-item", "The item is not known"


class AboveContractQuantity(Invalid):
    """More would be accepted than was contracted, or less contracted than was accepted."""

    slug, title = "above-contract-quantity", "More than contracted"

    def __init__(self, field: str, item: str, contracted: Decimal, accepted: Decimal) -> None:
        message = f"{contracted:f} of {item} are contracted, {accepted:f} would be accepted"
        super().__init__([{"field": field, "code": "above_contract_quantity", "message": message}])
        self.facts |= {"item": item, "contracted": f"{contracted:f}", "accepted": f"{accepted:f}"}


def check_terms(terms: Terms) -> None:
    """
    Let terms pass if they agree with themselves. They may be signed after their term has begun, or ended: paper that
    comes late (补签) is a fact to be recorded.

    Raises:
        Invalid: Naming every fault.
    """
    faults = _item_faults(terms.items)
    if terms.ends_on < terms.starts_on:
        faults.append(_fault("ends_on", "before_start", "the term would end before it starts"))
    if terms.advance_amount > terms.amount:
        faults.append(_fault("advance_amount", "above_amount", "the advance exceeds the contract"))
    if faults:
        raise Invalid(faults)


def sign(terms: Terms, project: Project, others: Sequence[Contract]) -> Contract:
    """
    Let a contract be signed.

    Args:
        terms: What was agreed; already checked by itself.
        project: Whose line it is on.
        others: The other contracts of that line.

    Raises:
        LineUnknown, LineOvercommitted, OutsideFiscalYear: See each.
    """
    if terms.line not in project.lines:
        raise LineUnknown(project.project, terms.line)
    refusals = [*_year(terms, project), *_commitment(terms, project, others)]
    if refusals:
        raise Refusal.first_of(refusals)
    return Contract(terms=terms)


def amend(
    contract: Contract, amendment: Amendment, project: Project, others: Sequence[Contract], *, at: datetime
) -> Contract:
    """
    Change a contract.

    Only a higher amount is held against the line: a budget that was cut must not stop a contract from being lowered or
    extended.

    Args:
        contract: As it stands.
        amendment: What changes.
        project: Whose line it is on.
        others: The contracts of that line; this one among them does not matter.
        at: When it changes: not before the day of signing in the project's zone.

    Raises:
        ContractTerminated, OutsideFiscalYear, LineOvercommitted: See each.
        Invalid: If nothing would change, the new terms do not agree, or it would change before it was signed.
        AboveContractQuantity: If less would be contracted than was accepted.
    """
    if contract.terminated_on is not None:
        raise ContractTerminated(contract)
    terms = _amended(contract.terms, amendment)
    if at < start_of(terms.signed_on, project.time_zone):
        raise Invalid.field("occurred_at", "before_signing", "it cannot change before it was signed")
    _check_nothing_accepted_is_lost(contract, terms)
    refusals = _year(terms, project)
    if terms.amount > contract.terms.amount:
        refusals += _commitment(terms, project, others)
    if refusals:
        raise Refusal.first_of(refusals)
    return replace(contract, terms=terms)


def _amended(terms: Terms, amendment: Amendment) -> Terms:
    amended = replace(
        terms,
        amount=terms.amount if amendment.amount is None else amendment.amount,
        ends_on=amendment.ends_on or terms.ends_on,
        items=amendment.items or terms.items,
    )
    if amended == terms:
        raise Invalid.field("", "nothing", "say what changes: amount, ends_on or items")
    if amended.amount < amended.advance_amount:
        message = f"the advance of {yuan(amended.advance_amount)} would exceed the contract"
        raise Invalid.field("amount", "below_advance", message)
    check_terms(amended)
    return amended


def _check_nothing_accepted_is_lost(contract: Contract, terms: Terms) -> None:
    quantities = {item.item: item.quantity for item in terms.items}
    for item in contract.terms.items:
        accepted, left = contract.accepted(item.item), quantities.get(item.item, Decimal(0))
        if accepted > left:
            raise AboveContractQuantity("items", item.item, left, accepted)


def terminate(contract: Contract, terminated_on: date) -> Contract:
    """
    End a contract early.

    Raises:
        ContractTerminated: If it has ended.
        Invalid: If it would end before it was signed, or before it was last inspected: an inspection after the end is
            refused too, so neither order of recording gets the two together.
    """
    if contract.terminated_on is not None:
        raise ContractTerminated(contract)
    if terminated_on < contract.terms.signed_on:
        raise Invalid.field("terminated_on", "before_signing", "it cannot end before it was signed")
    if any(acceptance.accepted_on > terminated_on for acceptance in contract.acceptances):
        raise Invalid.field("terminated_on", "before_acceptance", "it cannot end before it was last inspected")
    return replace(contract, terminated_on=terminated_on)


def accept(contract: Contract, acceptance: Acceptance) -> Contract:
    """
    Take an acceptance, passed or failed, on record; passed quantities add up.

    Raises:
        SamePerson, ContractTerminated, UnknownItem, AboveContractQuantity, Invalid: See each.
    """
    _check_acceptance(contract, acceptance)
    if _person(contract.terms.signed_by) in {_person(inspector) for inspector in acceptance.inspectors}:
        raise SamePerson(contract.terms.contract)
    if contract.terminated_on is not None and acceptance.accepted_on > contract.terminated_on:
        raise ContractTerminated(contract)
    accepted = replace(contract, acceptances=(*contract.acceptances, acceptance))
    quantities = {item.item: item.quantity for item in contract.terms.items}
    for index, inspected in enumerate(acceptance.items):
        passed = accepted.accepted(inspected.item)
        if passed > quantities[inspected.item]:
            raise AboveContractQuantity(f"items.{index}.passed", inspected.item, quantities[inspected.item], passed)
    return accepted


def _check_acceptance(contract: Contract, acceptance: Acceptance) -> None:
    known = {item.item for item in contract.terms.items}
    unknown = [
        _fault(f"items.{index}.item", "unknown", f"the contract has no item {inspected.item}")
        for index, inspected in enumerate(acceptance.items)
        if inspected.item not in known
    ]
    if unknown:
        raise UnknownItem(unknown)
    faults = [
        _fault(f"items.{index}.passed", "above_inspected", "more passed than was inspected")
        for index, inspected in enumerate(acceptance.items)
        if inspected.passed > inspected.inspected
    ]
    faults += _duplicates([inspected.item for inspected in acceptance.items])
    if acceptance.conclusion == "passed" and not any(inspected.passed for inspected in acceptance.items):
        # It would release the contract's payments for nothing.
        faults.append(_fault("conclusion", "nothing_passed", "it cannot have passed when nothing did"))
    if acceptance.accepted_on < contract.terms.signed_on:
        faults.append(_fault("accepted_on", "before_signing", "it cannot be accepted before it was signed"))
    if faults:
        raise Invalid(faults)


def _person(name: str) -> str:
    # 张 三, 张三 and full-width letters are one person's name: neither spaces nor width may get around the rule.
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _year(terms: Terms, project: Project) -> list[Refusal]:
    if terms.starts_on.year <= project.fiscal_year <= terms.ends_on.year:
        return []
    return [OutsideFiscalYear(terms, project.fiscal_year)]


def _commitment(terms: Terms, project: Project, others: Sequence[Contract]) -> list[Refusal]:
    """See `Contract.committed` for what each of *others* takes of the line."""
    limit = project.lines.get(terms.line, 0)
    committed = sum(other.committed for other in others if other.terms.contract != terms.contract)
    if committed + terms.amount > limit:
        return [LineOvercommitted(terms.line, limit, committed, terms.amount)]
    return []


def _item_faults(items: Sequence[Item]) -> list[Fault]:
    faults = _duplicates([item.item for item in items])
    faults += [
        _fault(f"items.{index}.quantity", "quantity", "must be above zero")
        for index, item in enumerate(items)
        if item.quantity <= 0
    ]
    return faults


def _duplicates(names: Sequence[str]) -> list[Fault]:
    return [
        _fault(f"items.{index}.item", "duplicate", f"item {name} is named twice")
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def _fault(field: str, code: str, message: str) -> Fault:
    return {"field": field, "code": code, "message": message}
