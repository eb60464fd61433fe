"""The second reading and the services' rules are two programs of one specification: they never differ."""

import json
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from cli.verify.findings import mismatches
from cli.verify.recount import read_policies, recount
from cli.verify.scores import comparable
from services.evaluation import policies
from services.evaluation.model import Plan
from services.evaluation.rules import document, evaluate
from tests.cli.verify.histories import adopted, moments_of, plans, told, zones_and_histories
from tests.evaluation.builders import Happening, facts_of

POLICIES = read_policies()
RULES = policies.read_all()


def differences(plan: Plan, story: list[Happening], as_of: datetime) -> list[Any]:
    """Where the two programs differ."""
    recounted = recount(told(story), adopted(plan), POLICIES, as_of)
    score = evaluate(facts_of(*story, plan=plan), plan, RULES[plan.policy], as_of=as_of)
    words = {name: {"reason": "r", "remedy": "m"} for name in score.explained}
    shown = json.loads(json.dumps(document(score, version=1, explanations=words)))
    assert not recounted.unknown
    return mismatches("score", comparable(recounted.document), comparable(shown))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plan=plans(sorted(POLICIES)), history=zones_and_histories(), data=st.data())
def test_two_programs_of_one_specification_agree(
    plan: Plan, history: tuple[str, list[Happening]], data: st.DataObject
) -> None:
    zone, story = history
    as_of = data.draw(moments_of(plan, zone))
    event(f"zone {zone}")
    event(f"policy {plan.policy}")

    assert differences(plan, story, as_of) == []
