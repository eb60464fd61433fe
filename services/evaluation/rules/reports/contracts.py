"""The contracts of a project as a table: what was bought how, when it was accepted, and what was paid of it."""

from datetime import datetime
from typing import Final

from services.evaluation.facts import Contract, Facts
from services.evaluation.rules.forms.filling import BLANK, wan
from services.evaluation.rules.forms.layout import Language, printable
from services.evaluation.rules.measures import money
from services.evaluation.rules.period import Period
from services.evaluation.rules.reports.model import Table
from services.evaluation.rules.reports.words import say
from shared.dates import zone

CONTRACTS_MAX: Final = 40  # The largest ones of more; the others are one line together.


def amount_of(contract: Contract, period: Period) -> int:
    """What a contract amounts to by now, fen."""
    return [terms for terms in contract.terms if period.has_changed(terms.origin)][-1].amount


def contract_table(facts: Facts, period: Period, language: Language) -> Table:
    """
    The contracts that were signed in the window and by now, in the order of signing, and their sums.

    Returns:
        Amounts in 万元; what was paid is payments less reversals that name the contract.
    """
    amounts = {
        name: amount_of(contract, period) for name, contract in facts.contracts.items() if period.has(contract.origin)
    }
    paid = dict.fromkeys(amounts, 0)
    for payment, _, amount in money.movements(facts, period):
        if payment.contract in paid:
            paid[payment.contract] += amount
    shown = set(sorted(amounts, key=lambda name: (-amounts[name], name))[:CONTRACTS_MAX])
    rows = [
        _row(name, facts.contracts[name], amounts[name], paid[name], period, language)
        for name in sorted(shown, key=lambda name: (facts.contracts[name].origin.time, name))
    ]
    others = amounts.keys() - shown
    if others:
        sums = wan(sum(amounts[name] for name in others)), wan(sum(paid[name] for name in others))
        rows.append((say("others", language, count=len(others)), BLANK, BLANK, sums[0], BLANK, sums[1]))
    rows.append((say("sum", language), "", "", wan(sum(amounts.values())), "", wan(sum(paid.values()))))
    head = tuple(say(name, language) for name in ("contract", "method", "signed", "amount", "accepted", "paid"))
    return Table(say("contract.table", language), head, tuple(rows), (5, 4, 4, 3, 5, 3))


def _row(name: str, contract: Contract, amount: int, paid: int, period: Period, language: Language) -> tuple[str, ...]:
    signed = _day(contract.origin.time, period)
    accepted = _acceptances(contract, period, language)
    return printable(name), say(contract.method, language), signed, wan(amount), accepted, wan(paid)


def _acceptances(contract: Contract, period: Period, language: Language) -> str:
    """The latest acceptance, and how many there were if it was not the only one."""
    held = [each for each in contract.acceptances if period.has(each.origin)]
    if not held:
        return say("accepted.none", language)
    last = max(held, key=lambda each: each.origin.time)
    text = say(
        "accepted.passed" if last.has_passed else "accepted.failed", language, day=_day(last.origin.time, period)
    )
    return text if len(held) == 1 else say("accepted.times", language, last=text, count=len(held))


def _day(moment: datetime, period: Period) -> str:
    return moment.astimezone(zone(period.time_zone)).date().isoformat()
