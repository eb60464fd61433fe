"""Which policy a table that names none was scored under."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from services.evaluation.model import Policy
from services.evaluation.rules.auditing.model import Audit, Table

FRAME: Final = "mof-2020"
NATIONAL: Final = "mof-"
EVIDENCE_MIN: Final = 2  # Findings that a foreign place's policy must explain: one odd score is no other rule.

_PLACE: Final = re.compile(r"([^()\d]{2})\d")  # 中江, of 项目支出绩效自评(四川中江2022).


def best_fitting(table: Table, policies: Iterable[Policy], audited: Callable[[Policy], Audit]) -> Audit:
    """
    The audit under the policy that leaves least to be said.

    National policies of the table's year and those of its own place come first. Another place's must explain two
    findings more than they do: else any fault would find a rule somewhere that excuses it.
    """
    candidates = sorted(policies, key=lambda policy: _rank(policy, table))
    near = [policy for policy in candidates if _is_near(policy, table)]
    audits = [audited(policy) for policy in near or candidates]
    best = min(audits, key=_discord)
    if not best.findings:
        return best
    others = [audited(policy) for policy in candidates if policy not in near and _is_in_force(policy, table)]
    other = min(others, key=_discord, default=best)
    return other if len(other.findings) + EVIDENCE_MIN <= len(best.findings) else best


def _discord(audit: Audit) -> tuple[int, int]:
    errors = sum(finding.severity == "error" for finding in audit.findings)
    return errors, len(audit.findings)


def _rank(policy: Policy, table: Table) -> tuple[bool, bool, bool, int, str]:
    """The national frame leads, then the place's own, then the latest: the first of equally good ones wins."""
    return (
        not _is_in_force(policy, table),
        policy.name != FRAME,
        not _is_of_its_place(policy, table),
        -policy.effective_from.toordinal(),
        policy.name,
    )


def _is_near(policy: Policy, table: Table) -> bool:
    return _is_in_force(policy, table) and (policy.name.startswith(NATIONAL) or _is_of_its_place(policy, table))


def _is_in_force(policy: Policy, table: Table) -> bool:
    if table.year is None:
        return policy.effective_to is None
    ends = policy.effective_to
    return policy.effective_from.year <= table.year and (ends is None or table.year <= ends.year)


def _is_of_its_place(policy: Policy, table: Table) -> bool:
    found = _PLACE.search(policy.title_zh)
    return found is not None and found[1] in table.places
