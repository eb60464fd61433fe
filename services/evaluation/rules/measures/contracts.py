"""Measures over contracts and their acceptances."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import chain

from services.evaluation.facts import Acceptance, Contract, Facts, Origin, Terms
from services.evaluation.rules.measures.base import Measured, Term, quotient
from services.evaluation.rules.period import Period
from shared.money import FEN_PER_YUAN


def accepted_quantity(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The quantity of an item that passed acceptance (验收合格数量).

    Partial acceptances add up. Failed ones add nothing; what was accepted before a termination stays.

    Unit: the item's.
    Bounds: from 0.
    Pending: while the window is open and nothing of the item was accepted; 0 when it is over.
    Source: interfaces, "Measures"; 财库〔2016〕205号 on item-by-item acceptance, general knowledge of the document.
    """
    item = arguments["item"]
    found = [
        (acceptance.origin, Fraction(acceptance.passed[item]))
        for _, acceptance in _acceptances(facts, period)
        if acceptance.has_passed and item in acceptance.passed
    ]
    total = sum((quantity for _, quantity in found), Fraction(0))
    return Measured(
        value=total if found else None,
        terms=(Term("各次验收合格数量之和", "sum of the quantities passed", total),),
        formula=("各次验收合格数量之和", "the sum of the quantities that passed acceptance"),
        expression="a",
        range=(total, None),
        evidence=tuple(found),
    )


def government_procurement_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of contract amounts bought by government procurement (政府采购率).

    The amounts of contracts by government procurement over those of all contracts, terminated ones out.

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: without a contract, also when the window is over.
    Source: interfaces, "Measures". No national definition was found; numerator and denominator stand with the score.
    """
    signed = [
        (contract, Fraction(latest_terms(contract, period).amount, FEN_PER_YUAN))
        for contract in facts.contracts.values()
        if period.has(contract.origin) and not _is_terminated(contract, period)
    ]
    whole = sum((amount for _, amount in signed), Fraction(0))
    part = sum((amount for contract, amount in signed if contract.is_government_procurement), Fraction(0))
    return Measured(
        value=quotient(part, whole),
        terms=(
            Term("政府采购合同金额", "amount of contracts by government procurement", part),
            Term("全部合同金额", "amount of all contracts", whole),
        ),
        formula=("政府采购合同金额 ÷ 全部合同金额", "government procurement ÷ all contracts"),
        expression="a / b",
        evidence=tuple(
            chain.from_iterable(_amount_evidence(contract, period) for contract in facts.contracts.values())
        ),
    )


def acceptance_pass_rate(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    The share of inspected contracts whose latest acceptance passed (验收合格率).

    Unit: ratio; shown × 100 where the indicator's unit is %.
    Bounds: 0 to 1.
    Pending: while nothing was inspected, also when the window is over.
    Source: interfaces, "Measures".
    """
    in_order = sorted(_acceptances(facts, period), key=lambda found: _order(found[1].origin))
    latest = dict(in_order)  # Of each contract, the last one stays.
    passed = Fraction(sum(acceptance.has_passed for acceptance in latest.values()))
    inspected = Fraction(len(latest))
    return Measured(
        value=quotient(passed, inspected),
        terms=(
            Term("最近一次验收合格的合同数", "contracts whose latest acceptance passed", passed),
            Term("已验收的合同数", "contracts inspected", inspected),
        ),
        formula=("验收合格合同数 ÷ 已验收合同数", "contracts passed ÷ contracts inspected"),
        expression="a / b",
        evidence=tuple((acceptance.origin, Fraction(acceptance.has_passed)) for acceptance in latest.values()),
    )


def service_months(facts: Facts, period: Period, arguments: Mapping[str, str]) -> Measured:
    """
    Whole months of accepted service that have passed (服务月数).

    Of contracts with the item and a passed acceptance, the union of the days of their terms inside the window that are
    over, each unbroken run counted in whole months from its first day. A termination ends the term.

    Unit: months.
    Bounds: from 0.
    Pending: while the window is open and nothing of the item was accepted; 0 when it is over.
    Source: interfaces, "Precise points".
    """
    item = arguments["item"]
    served: list[tuple[date, date]] = []
    evidence: list[tuple[Origin, Fraction]] = []
    bounding: dict[str, list[tuple[Origin, Fraction]]] = {}
    for name, acceptance in _acceptances(facts, period):
        terms = latest_terms(facts.contracts[name], period)
        if acceptance.has_passed and item in terms.items:
            served.append(_term(facts.contracts[name], terms, period))
            evidence.append((acceptance.origin, Fraction(0)))
            bounding[name] = _term_evidence(facts.contracts[name], terms, period)
    months = sum(_whole_months(first, after) for first, after in _merged(served))
    # Served from now to the end without a break: more cannot be had any more.
    rest = (period.last_day_over + timedelta(days=1), period.last_day + timedelta(days=1))
    most = sum(_whole_months(first, after) for first, after in _merged([*served, rest]))
    return Measured(
        value=Fraction(months) if evidence else None,
        terms=(Term("已完整提供服务的月数", "whole months of service provided", Fraction(months)),),
        formula=("已验收合同服务期内已过去的整月数", "whole months passed of the terms of accepted contracts"),
        expression="a",
        range=(Fraction(months), Fraction(most)) if evidence else (None, None),
        evidence=(*evidence, *chain.from_iterable(bounding.values())),
    )


def _acceptances(facts: Facts, period: Period) -> Iterator[tuple[str, Acceptance]]:
    for name, contract in facts.contracts.items():
        for acceptance in contract.acceptances:
            if period.has(acceptance.origin):
                yield name, acceptance


def _amount_evidence(contract: Contract, period: Period) -> Iterator[tuple[Origin, Fraction]]:
    """What a contract's amount rests on: its signing, an amendment that changed it, a termination that took it away."""
    if not period.has(contract.origin):
        return
    terms, is_terminated = latest_terms(contract, period), _is_terminated(contract, period)
    amount = Fraction(0) if is_terminated else Fraction(terms.amount, FEN_PER_YUAN)
    if terms.origin is not contract.origin:
        yield contract.origin, Fraction(0)
    yield terms.origin, amount
    if contract.termination is not None and is_terminated:
        yield contract.termination[0], Fraction(0)


def latest_terms(contract: Contract, period: Period) -> Terms:
    """
    The terms in force: those signed, or those of the last amendment on record that had happened.

    Amendments carry the whole terms, so the one recorded last is what procurement shows, backdated or not.
    """
    signed, *amended = contract.terms
    return next((terms for terms in reversed(amended) if period.has_changed(terms.origin)), signed)


def _is_terminated(contract: Contract, period: Period) -> bool:
    return contract.termination is not None and period.has_changed(contract.termination[0])


def _order(origin: Origin) -> tuple[datetime, int]:
    return origin.time, origin.sequence


def _term(contract: Contract, terms: Terms, period: Period) -> tuple[date, date]:
    """The days of a contract's term in the window that are over: the first, and the one after the last."""
    last = min(terms.ends_on, period.last_day, period.last_day_over)
    if contract.termination is not None and _is_terminated(contract, period):
        last = min(last, contract.termination[1])
    return max(contract.starts_on, period.first_day), last + timedelta(days=1)


def _term_evidence(contract: Contract, terms: Terms, period: Period) -> list[tuple[Origin, Fraction]]:
    """What a contract's term rests on, with the whole months of it that have passed."""
    first, after = _term(contract, terms, period)
    found = [(terms.origin, Fraction(_whole_months(first, after) if first < after else 0))]
    if contract.termination is not None and _is_terminated(contract, period):
        found.append((contract.termination[0], Fraction(0)))
    return found


def _merged(terms: list[tuple[date, date]]) -> list[tuple[date, date]]:
    merged: list[tuple[date, date]] = []
    for first, after in sorted(terms):
        if first >= after:
            continue
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], after))
        else:
            merged.append((first, after))
    return merged


def _whole_months(first: date, after: date) -> int:
    """
    Whole months in [*first*, *after*).

    A month from the 31st ends where a shorter month does: from 31 January, one month is over when February is, so on
    1 March, which no longer belongs to it.
    """
    months = (after.year - first.year) * 12 + after.month - first.month
    return months if after.day >= first.day else months - 1
