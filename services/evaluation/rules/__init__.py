"""The decisions of evaluation: pure functions of facts, plan, policy and moment."""

from services.evaluation.rules.auditing import ROWS_MAX as AUDITED_ROWS_MAX
from services.evaluation.rules.auditing import audit, audit_document, read_table, table_of
from services.evaluation.rules.evaluating import evaluate
from services.evaluation.rules.explaining import Explanation, explain
from services.evaluation.rules.planning import check_rating, plan_event, read_plan, told_value, warnings
from services.evaluation.rules.policy import policy_document, policy_line, read_policy
from services.evaluation.rules.restating import difference, rule_of
from services.evaluation.rules.scoring import execution_points, score_row
from services.evaluation.rules.showing import document

__all__ = [
    "AUDITED_ROWS_MAX",
    "Explanation",
    "audit",
    "audit_document",
    "check_rating",
    "difference",
    "document",
    "evaluate",
    "execution_points",
    "explain",
    "plan_event",
    "policy_document",
    "policy_line",
    "read_plan",
    "read_policy",
    "read_table",
    "rule_of",
    "score_row",
    "table_of",
    "told_value",
    "warnings",
]
