"""A table audited under the policy that it names, or else under the one that explains most of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.evaluation.model import Policy
from services.evaluation.rules.auditing.choosing import best_fitting
from services.evaluation.rules.auditing.execution import judge_execution
from services.evaluation.rules.auditing.model import Audit, PrintedRow, Table
from services.evaluation.rules.auditing.rounding import decimals
from services.evaluation.rules.auditing.rows import Setting, judge_row
from services.evaluation.rules.auditing.whole import judge_whole
from services.evaluation.rules.showing import points_text
from shared.problems import Invalid


def audit(table: Table, policies: Mapping[str, Policy], name: str | None = None) -> Audit:
    """
    Audit *table*.

    Args:
        table: As printed.
        policies: Every policy by name.
        name: The policy to audit under; else the one that the table names, else the best-fitting one.

    Returns:
        The findings, rows first. The recomputed total sums what is printed where it holds, and what follows where it
        does not, over the rows that are there.

    Raises:
        Invalid: If there is no policy of that name.
    """
    named = name or table.policy
    if named is not None:
        if named not in policies:
            raise Invalid.field("policy", "unknown_policy", f"must be one of: {', '.join(sorted(policies))}")
        return _under(table, policies[named])
    return best_fitting(table, policies.values(), lambda policy: _under(table, policy))


def audit_document(audit: Audit, table: Table) -> dict[str, Any]:
    """The answer to whoever asked."""
    return {
        "policy": audit.policy,
        "recomputed_total": points_text(audit.recomputed_total),
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "row": finding.row,
                "name": None if finding.row is None else table.rows[finding.row].name,
                "field": finding.field,
                "printed": finding.printed,
                "expected": finding.expected,
                "message": {"zh": finding.zh, "en": finding.en},
            }
            for finding in audit.findings
        ],
    }


def _under(table: Table, policy: Policy) -> Audit:
    digits = [_digits_computed(row) for row in table.rows]
    finest, second = [*sorted(digits, reverse=True), 0][:2]
    rows = [
        # How fine the other scores are: a row must not testify for itself.
        judge_row(index, row, Setting(policy=policy, year=table.year, finest=second if own == finest else finest))
        for index, (row, own) in enumerate(zip(table.rows, digits, strict=True))
    ]
    execution = judge_execution(table.execution, policy, finest)
    findings = [finding for row in rows for finding in row.findings]
    return Audit(
        policy=policy.name,
        recomputed_total=sum((row.follows for row in rows if row.follows is not None), execution.follows or Decimal(0)),
        findings=(*findings, *execution.findings, *judge_whole(table, policy)),
    )


def _digits_computed(row: PrintedRow) -> int:
    """The digits after the point of a score that is neither nothing nor all, and so had to be computed."""
    if row.score is None or row.weight is None or not 0 < row.score < row.weight:
        return 0
    return decimals(row.score)
