"""Which papers prove which figures: those of the indicator itself, and those of every event that contributed to it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from services.evaluation.facts import Facts, Origin
from services.evaluation.model import Plan, Proof, Score, Subject
from services.evaluation.rules.evaluating import score_indicator
from services.evaluation.rules.period import Period

Proofs = Mapping[Subject, tuple[Proof, ...]]
NO_PROOFS: Final[Proofs] = MappingProxyType({})


def proven(facts: Facts, plan: Plan, score: Score, proofs: Proofs) -> dict[str, tuple[Proof, ...]]:
    """
    The papers behind each row of *score*, by the indicator's code, each once.

    Args:
        facts: What happened.
        plan: What was promised.
        score: The score that is shown.
        proofs: The papers by what they back.
    """
    if not proofs:
        return {}
    backed = _backed(facts, proofs)
    period = Period.of(plan, facts, score.as_of)
    found = {}
    for indicator in plan.indicators:
        _, measured = score_indicator(indicator, facts, period, score.policy)
        papers = dict.fromkeys(proofs.get(("indicator", indicator.code), ()))
        for origin, _ in measured.evidence:
            papers |= dict.fromkeys(backed.get(origin.id, ()))
        found[indicator.code] = tuple(papers)
    return found


def _backed(facts: Facts, proofs: Proofs) -> dict[str, list[Proof]]:
    """The papers by the id of the event that they back."""
    backed: dict[str, list[Proof]] = defaultdict(list)
    for subject, origin in _tellings(facts):
        if subject in proofs:
            backed[origin.id] += proofs[subject]
    return backed


def _tellings(facts: Facts) -> Iterator[tuple[Subject, Origin]]:
    """What can be backed, with every event that tells of it."""
    for name, payment in facts.payments.items():
        yield ("payment", name), payment.origin
        if payment.reversal is not None:
            yield ("payment", name), payment.reversal
    for name, contract in facts.contracts.items():
        yield ("contract", name), contract.origin
        for terms in contract.terms[1:]:  # The first are those of the signing.
            yield ("contract", name), terms.origin
        if contract.termination is not None:
            yield ("contract", name), contract.termination[0]
        for acceptance in contract.acceptances:
            yield ("acceptance", acceptance.acceptance), acceptance.origin
    for name, inspection in facts.inspections.items():
        yield ("inspection", name), inspection.origin
        if inspection.rectification is not None:
            yield ("inspection", name), inspection.rectification
    for measurement in facts.measurements:
        yield ("measurement", measurement.measurement), measurement.origin
