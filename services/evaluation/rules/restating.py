"""What changed between two scores of one project, indicator by indicator."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.evaluation.facts import Facts
from services.evaluation.model import Policy

_COMPARED: Final = ("name", "target", "measured", "status", "weight", "score")

# Of the policies that the program has, a dozen. Each is held with its text, so that nobody else gets its identity.
_texts: dict[int, tuple[Policy, str]] = {}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    The indicators that differ between two scores as shown, in the order of the later one, then those that went.

    Returns:
        For each its code, and `before` and `after`: name, target, measured, status, weight, score; None where the
        plan of that time did not have it. Budget execution and the total go under the codes `execution` and `total`.
    """
    earlier, later = _rows(before), _rows(after)
    codes = [*later, *(code for code in earlier if code not in later)]
    return [
        {"code": code, "before": earlier.get(code), "after": later.get(code)}
        for code in codes
        if earlier.get(code) != later.get(code)
    ]


def _rows(score: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    details: Sequence[Mapping[str, Any]] = score["details"]
    rows = {row["code"]: {name: row[name] for name in _COMPARED} for row in details}
    execution = score["execution"]
    rows["execution"] = {"rate": execution["rate"], "weight": execution["weight"], "score": execution["score"]}
    rows["total"] = {"score": score["total"], "grade": score["grade"], "policy": score["policy"]}
    return rows


def rule_of(facts: Facts, policy: Policy) -> str:
    """What a score was made under, in short: changes with the plan in force and with the policy's data."""
    plan = "" if facts.plan_origin is None else facts.plan_origin.id
    return hashlib.sha256(f"{plan} {_text_of(policy)}".encode()).hexdigest()


def _text_of(policy: Policy) -> str:
    """All that a policy says; made once, because it took a sixth of the time of a score."""
    kept = _texts.get(id(policy))
    if kept is None:
        kept = _texts[id(policy)] = policy, repr(policy)
    return kept[1]
