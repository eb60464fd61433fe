"""The decisions of evaluation: pure functions of facts, plan, policy and moment."""

from services.evaluation.rules.evaluating import evaluate
from services.evaluation.rules.explaining import Explanation, explain
from services.evaluation.rules.planning import check_rating, plan_event, read_plan, warnings
from services.evaluation.rules.policy import read_policy
from services.evaluation.rules.restating import difference, rule_of
from services.evaluation.rules.showing import document

__all__ = [
    "Explanation",
    "check_rating",
    "difference",
    "document",
    "evaluate",
    "explain",
    "plan_event",
    "read_plan",
    "read_policy",
    "rule_of",
    "warnings",
]
