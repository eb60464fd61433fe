"""
Real tables, printed by the bodies that filled them in: policy, printed targets and actuals, printed scores.

The files in ``tests/evaluation/cases`` hold facts and figures, each with the page it was read on in its member
``source``. Every printed score either follows from the policy named here, or stands in ``UNEXPLAINED`` with the reason.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from services.evaluation import policies
from services.evaluation.model import Policy, Target
from services.evaluation.rules import execution_points, score_row
from services.evaluation.rules.scoring import refine
from shared.events.evaluation import PolicyOverrides, RoundingChange

CASES = Path(__file__).parents[1] / "cases"
POLICIES = policies.read_all()
WHOLE_DOWN = PolicyOverrides(rounding=RoundingChange(mode="down", digits=0))
WHOLE_HALF_UP = PolicyOverrides(rounding=RoundingChange(digits=0))

# Which policy a table was filled in by, and what it refines.
RULES: dict[str, tuple[str, PolicyOverrides | None]] = {
    "02": ("mof-2020", WHOLE_DOWN),
    "03": ("mof-2020", WHOLE_DOWN),
    "06": ("hubei-2020", None),
    "09": ("mof-2020", WHOLE_HALF_UP),
    "13": ("mof-2020", None),
    "17": ("suzhou-2021", None),
    "21": ("chongqing-2021", None),
}

# (case, row): what follows from the rule, and why the print differs.
UNEXPLAINED: dict[tuple[str, str], tuple[str, str]] = {
    ("02", "资金到位及时率"): ("10", "met its target exactly and lost 3 points; no reason is printed"),
    ("03", "全县参合人数"): ("14", "8676 of 8755 of 15 is 14.86; no rounding gives the printed 13"),
    ("03", "是否解决建档立卡人员看病难贵问题"): ("30", "met its printed target and lost a tenth of its points"),
    ("03", "是否满意"): ("10", "met its printed target and lost a tenth; against 100 % it would be 9.5, cut to 9"),
    ("03", "total"): ("93", "the printed scores sum to 93; 94 is reached only if execution were rounded to 10"),
    ("13", "execution"): ("10.00", "0 of 0 printed as rate 0, score 0; the row below it has 89.974 of 89.974 spent"),
    ("21", "政府采购执行率"): ("1.5", "72.74 % of 100 % printed with a coefficient of 100 %; its sign is not legible"),
}
ILLEGIBLE = {("21", "组织宣传活动次数")}  # The first digit of the target is lost.
DIMENSIONS = {"效益指标": "benefit", "满意度指标": "satisfaction"}

Printed = tuple[str, str, Decimal, Decimal]  # Case, row, what follows, what is printed.


def case(case_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{case_id}.json").read_text(), parse_float=Decimal, parse_int=Decimal)
    return found


def policy_of(case_id: str) -> Policy:
    name, overrides = RULES[case_id]
    return refine(POLICIES[name], overrides)


def row_score(policy: Policy, row: dict[str, Any]) -> Decimal:
    """What follows for one row; a text that says the goal was reached is a rating of 100."""
    dimension = DIMENSIONS.get(row["level1"], "output")
    if row["target_num"] is None:
        target = Target(op="level", value=row["target_printed"])
        return score_row(policy, target, None, row["weight"], dimension, rating=Decimal(100))
    target = Target(op=row["direction"] or ">=", value=str(row["target_num"]))
    return score_row(policy, target, Fraction(row["actual_num"]), row["weight"], dimension)


def execution_rate(table: dict[str, Any]) -> Fraction:
    funds = table["funds"]
    if funds["annual"] is None:
        return Fraction(table["execution"]["rate_printed"].rstrip("%")) / 100
    return Fraction(funds["executed"]) / Fraction(funds["annual"])


def printed() -> Iterator[Printed]:
    for case_id in RULES:
        table, policy = case(case_id), policy_of(case_id)
        execution = table["execution"]
        earned = execution_points(policy, execution_rate(table), execution["weight"])
        yield case_id, "execution", earned, execution["score"]
        for row in table["indicators"]:
            if (case_id, row["name"]) not in ILLEGIBLE:
                yield case_id, row["name"], row_score(policy, row), row["score"]
        if table["complete"]:
            scores = sum((row["score"] for row in table["indicators"]), execution["score"])
            yield case_id, "total", scores, table["total_printed"]


EVERY = list(printed())


def test_every_case_is_here() -> None:
    assert {path.stem for path in CASES.glob("*.json")} == set(RULES)
    assert len(EVERY) == sum(len(case(each)["indicators"]) + 1 for each in RULES) + 3 - len(ILLEGIBLE)


@pytest.mark.parametrize(
    ("case_id", "row", "follows", "stands"), [each for each in EVERY if each[:2] not in UNEXPLAINED]
)
def test_what_is_printed_follows_from_the_rule(case_id: str, row: str, follows: Decimal, stands: Decimal) -> None:
    assert follows == stands


@pytest.mark.parametrize(("place", "reason"), [(place, why) for place, (_, why) in UNEXPLAINED.items()])
def test_what_no_rule_explains_differs_as_it_is_said(place: tuple[str, str], reason: str) -> None:
    [(_, _, follows, stands)] = [each for each in EVERY if each[:2] == place]

    assert follows == Decimal(UNEXPLAINED[place][0])
    assert follows != stands, reason


def test_under_no_policy_a_printed_row_earns_more_than_its_weight() -> None:
    for case_id in RULES:
        for row in case(case_id)["indicators"]:
            if (case_id, row["name"]) not in ILLEGIBLE:
                assert all(0 <= row_score(policy, row) <= row["weight"] for policy in POLICIES.values())
