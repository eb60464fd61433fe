"""The second reading and the services' rules are two programs of one specification: they never differ."""

import json
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from cli.verify.findings import mismatches
from cli.verify.recount import read_policies, recount
from cli.verify.recount.scoring import Scheme
from cli.verify.scores import comparable
from services.evaluation import policies
from services.evaluation.model import Plan
from services.evaluation.rules import document, evaluate
from services.evaluation.rules.scoring import execution_points, is_met, refine, score_row
from shared.events.evaluation import PolicyOverrides
from tests.cli.verify.histories import (
    BY,
    TARGETS,
    adopted,
    moments_of,
    overrides,
    plans,
    scorings,
    told,
    weights,
    zones_and_histories,
)
from tests.evaluation.builders import Happening, a_plan, an_indicator, facts_of

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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plan=plans(sorted(POLICIES)), history=zones_and_histories(), data=st.data())
def test_two_programs_of_one_specification_agree(
    plan: Plan, history: tuple[str, list[Happening]], data: st.DataObject
) -> None:
    zone, story = history
    as_of = data.draw(moments_of(plan, zone))
    event(f"zone {zone}")
    event(f"policy {plan.policy}")

    assert differences(plan, story, as_of) == []


values = st.one_of(
    st.sampled_from([Fraction(n) for n in ("0", "1", "2.5", "50", "60", "80", "90", "99.9", "100", "-1")]),
    st.fractions(0, 200, max_denominator=1_000),
)


@settings(max_examples=1_000, deadline=None)
@given(policy=st.sampled_from(sorted(POLICIES)), measured=values, data=st.data())
def test_every_method_of_every_policy_gives_the_same_points(
    policy: str, measured: Fraction, data: st.DataObject
) -> None:
    op, value = data.draw(st.one_of(TARGETS, BY, st.just(("level", "good"))))
    scoring = data.draw(st.none() | scorings(op))
    refined = data.draw(st.none() | overrides)
    indicator = an_indicator(
        op=op,
        value=value,
        dimension=data.draw(st.sampled_from(["output", "satisfaction", "cost"])),
        unit=data.draw(st.sampled_from(["%", ""])),
        weight=Decimal(data.draw(weights)),
        scoring=scoring,
    )
    plan = adopted(a_plan(indicator, policy=policy, policy_overrides=refined))
    [planned] = plan["indicators"]
    event(f"{op} by {'the policy' if scoring is None else scoring.method}")

    scheme = Scheme(POLICIES[policy], plan)
    points = scheme.points(Fraction(planned["weight"]), scheme.share(measured, planned))

    rules = refine(RULES[policy], refined)
    assert points == Fraction(
        score_row(
            rules,
            indicator.target,
            measured,
            indicator.weight,
            indicator.dimension,
            unit=indicator.unit,
            scoring=scoring,
        )
    )
    assert scheme.is_met(measured, planned["target"]) == is_met(measured, indicator.target, rules)


@settings(max_examples=200, deadline=None)
@given(policy=st.sampled_from(sorted(POLICIES)), rate=st.fractions(0, 2, max_denominator=200), refined=overrides)
def test_execution_earns_the_same_points(policy: str, rate: Fraction, refined: PolicyOverrides) -> None:
    scheme = Scheme(POLICIES[policy], adopted(a_plan(policy=policy, policy_overrides=refined)))

    points = scheme.points(Fraction(10), scheme.execution_share(rate, Fraction(10)))

    assert points == Fraction(execution_points(refine(RULES[policy], refined), rate, Decimal(10)))
