"""The scoring methods: the laws every policy and method keeps, and figures printed or worked out by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from services.evaluation import policies
from services.evaluation.model import Policy, Rounding, Target
from services.evaluation.rules import execution_points, score_row
from services.evaluation.rules.fitting import misfits
from services.evaluation.rules.formulas import score_formula, share_lines, way_of
from services.evaluation.rules.methods import OPERATORS, TAKES, days, reaches
from services.evaluation.rules.scoring import points, reach, refine, scoring_for, total_of, weights_of
from shared.events.evaluation import Mode, OverAchievement, Place, PolicyOverrides, RoundingChange, Scoring
from tests.evaluation.builders import MOF_2020
from tests.evaluation.steps import value_of

POLICIES = policies.read_all()
EXCESS = OverAchievement(above="130", per="10", deduct_share="0.05")

any_policy = st.sampled_from(sorted(POLICIES)).map(POLICIES.__getitem__)
figures = st.decimals(min_value=0, max_value=1000, places=2)
measured_values = st.one_of(figures.map(Fraction), st.fractions(min_value=-10, max_value=2000, max_denominator=97))
weights = st.decimals(min_value=Decimal("0.001"), max_value=100, places=3)
dimensions = st.sampled_from(["output", "benefit", "satisfaction", "cost"])
modes, places = st.sampled_from(get_args(Mode)), st.sampled_from(get_args(Place))
roundings = st.builds(Rounding, mode=modes, digits=st.integers(0, 6), place=places)


@st.composite
def targets(draw: Any, op: str) -> Target:
    if op == "level":
        return Target(op="level", value="稳步运行")
    if op == "by":
        return Target(op="by", value=draw(st.dates(date(1970, 1, 1), date(1974, 1, 1))).isoformat())
    if op == "between":
        low, high = sorted((draw(figures), draw(figures)))
        return Target(op="between", value=(str(low), str(high)))
    return Target(op=op, value=str(draw(figures)))  # type: ignore[arg-type]


@st.composite
def scorings(draw: Any, op: str) -> Scoring:
    """A method that goes with *op*, with figures that make sense."""
    method = draw(st.sampled_from([name for name, ops in OPERATORS.items() if op in ops]))
    given_figures: dict[str, Any] = {}
    if "steps" in TAKES[method]:
        downward = method == "steps" and op in ("<=", "<")
        count = draw(st.integers(1, 4))
        rungs = sorted(draw(st.sets(figures, min_size=count, max_size=count)), reverse=not downward)
        earned = sorted(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)), reverse=True)
        given_figures["steps"] = tuple((str(rung), str(share)) for rung, share in zip(rungs, earned, strict=True))
        given_figures["out_of"] = "3"
        given_figures["full_when_met"] = draw(st.booleans())
    if "deduct" in TAKES[method]:
        named = draw(st.sampled_from(["deduct", "deduct_share"]))
        given_figures[named] = str(draw(st.decimals(0, 2, places=2)))
        given_figures["per"] = str(draw(st.decimals(Decimal("0.5"), 10, places=1)))
        given_figures["count"] = draw(st.sampled_from(["full", "exact", "started", "once"]))
        given_figures["tolerance"] = str(draw(st.decimals(0, 10, places=1)))
    if method == "date" and draw(st.booleans()):
        given_figures = {}
    if "floor" in TAKES[method]:
        given_figures["floor"] = draw(st.sampled_from([None, "0.6", "1"]))
    return Scoring(method=method, **given_figures)


@st.composite
def rows(draw: Any) -> tuple[Target, Scoring]:
    op = draw(st.sampled_from(["=", ">=", "<=", ">", "<", "between", "by", "level"]))
    return draw(targets(op)), draw(scorings(op))


def better(target: Target, one: Fraction, other: Fraction) -> tuple[Fraction, Fraction]:
    """The two, the better one last."""
    if target.op in ("<=", "<", "by"):
        return max(one, other), min(one, other)
    if target.op in ("=", "between"):
        low, high = target.value if target.op == "between" else (target.value, target.value)
        assume((one <= Fraction(low)) == (other <= Fraction(low)))  # How far off two sides are is not compared.
        assume((one >= Fraction(high)) == (other >= Fraction(high)))
        return (min(one, other), max(one, other)) if one <= Fraction(low) else (max(one, other), min(one, other))
    return min(one, other), max(one, other)


@given(row=rows(), measured=measured_values, weight=weights)
def test_the_methods_drawn_here_are_ones_a_plan_may_name(
    row: tuple[Target, Scoring], measured: Fraction, weight: Decimal
) -> None:
    target, scoring = row

    assert list(misfits(scoring, target.op)) == []


@settings(max_examples=300)
@given(row=rows(), measured=measured_values, weight=weights, policy=any_policy, rounding=roundings)
def test_under_every_policy_and_method_a_score_stays_within_zero_and_its_weight(
    row: tuple[Target, Scoring], measured: Fraction, weight: Decimal, policy: Policy, rounding: Rounding
) -> None:
    target, scoring = row
    for method in (scoring, None):
        for dimension in ("output", "satisfaction"):
            score = score_row(policy, target, measured, weight, dimension, scoring=method)
            assert 0 <= score <= weight
            assert -int(score.as_tuple().exponent) == policy.rounding.digits
    changed = RoundingChange(mode=rounding.mode, digits=rounding.digits, place=rounding.place)
    refined = refine(policy, PolicyOverrides(rounding=changed, over_achievement=EXCESS))
    assert 0 <= score_row(refined, target, measured, weight, "output", scoring=scoring) <= weight


@settings(max_examples=300)
@given(row=rows(), one=measured_values, other=measured_values, weight=weights, policy=any_policy, dimension=dimensions)
def test_doing_better_never_scores_less(
    row: tuple[Target, Scoring], one: Fraction, other: Fraction, weight: Decimal, policy: Policy, dimension: str
) -> None:
    target, scoring = row
    worse, best = better(target, one, other)

    for method in (scoring, None):
        low, high = (score_row(policy, target, each, weight, dimension, scoring=method) for each in (worse, best))
        assert low <= high


@given(lower=measured_values, higher=measured_values, weight=weights, policy=any_policy)
def test_spending_more_of_the_budget_never_scores_less(
    lower: Fraction, higher: Fraction, weight: Decimal, policy: Policy
) -> None:
    low, high = sorted((lower / 100, higher / 100))

    assert 0 <= execution_points(policy, low, weight) <= execution_points(policy, high, weight) <= weight


@settings(max_examples=500)
@given(row=rows(), measured=measured_values, weight=weights, has_excess=st.booleans(), rounding=roundings)
@example(
    (Target(op="<=", value="0"), Scoring(method="proportional")),
    Fraction(0),
    Decimal(4),
    False,
    Rounding(mode="up", digits=0),
)
def test_the_lines_shown_lead_to_the_share_and_the_points(
    row: tuple[Target, Scoring], measured: Fraction, weight: Decimal, has_excess: bool, rounding: Rounding
) -> None:
    target, scoring = row
    policy = refine(MOF_2020, PolicyOverrides(over_achievement=EXCESS) if has_excess else None)

    known = {"measured": measured}
    for line in share_lines(measured, target, scoring, weight, policy):
        known[line.name] = value_of(line.formula, known)
        assert known[line.name] == line.value, line
        assert line.zh
        assert line.en

    share = reach(measured, target, policy, scoring, weight)
    assert known["share"] == share
    _, _, formula = score_formula(weight, rounding)
    assert value_of(formula, known) == Fraction(points(weight, share, rounding))


THIRDS = Scoring(method="intervals", steps=(("100", "2"), ("80", "1")), out_of="3", full_when_met=True)
LOSS = Scoring(method="per_unit_missing", deduct="1", tolerance="1")
WAYS = [  # Operator, target, method, measured, share of 30 points, the words in Chinese and in English.
    ("between", ("2", "4"), Scoring(method="all_or_nothing"), "4", "1", "达标得满分,否则不得分", "all or nothing"),
    ("between", ("2", "4"), Scoring(method="all_or_nothing"), "5", "0", "达标得满分,否则不得分", "all or nothing"),
    ("level", "好", Scoring(method="all_or_nothing"), "79", "0", "达标得满分,否则不得分", "all or nothing"),
    (
        "level",
        "好",
        THIRDS,
        "79.5",
        "0",
        "达标得满分,否则按完成率区间(≥100% 得 2/3;≥80% 得 1/3;其余不得分)",
        "full if reached, else by interval (≥ 100 %: 2/3; ≥ 80 %: 1/3; else nothing)",
    ),
    (
        ">=",
        "50",
        THIRDS,
        "40",
        "1/3",
        "达标得满分,否则按完成率区间(≥100% 得 2/3;≥80% 得 1/3;其余不得分)",
        "full if reached, else by interval (≥ 100 %: 2/3; ≥ 80 %: 1/3; else nothing)",
    ),
    (
        ">=",
        "50",
        Scoring(method="proportional", floor="0.6"),
        "29",
        "0",
        "达标得满分,否则按完成值÷指标值,低于0.6不得分",
        "full if reached, else measured ÷ target, nothing below 0.6",
    ),
    ("=", "0", Scoring(method="proportional"), "1", "0", "按较小值÷较大值", "the smaller ÷ the larger"),
    (
        "between",
        ("2", "4"),
        LOSS,
        "7",
        "14/15",
        "超出1的部分,每差1扣1分(满一个计一个),扣完为止",
        "1 point off for each 1 outside the target beyond 1 (each full one counts), down to nothing",
    ),
    (
        "by",
        "2018-06-30",
        Scoring(method="date", deduct="0.5", per="2", count="started"),
        str(days(date(2018, 7, 3))),
        "29/30",
        "每逾期2天扣0.5分(不足一个按一个计),扣完为止",
        "0.5 points off for each 2 days late (each begun one counts), down to nothing",
    ),
    (
        "<=",
        "5",
        Scoring(method="per_unit_missing", deduct="3"),
        "6",
        "9/10",
        "每多1扣3分(满一个计一个),扣完为止",
        "3 points off for each 1 too many (each full one counts), down to nothing",
    ),
    (
        ">=",
        "5",
        Scoring(method="per_unit_missing", deduct_share="0.1"),
        "4",
        "9/10",
        "每少1扣分值的10%(满一个计一个),扣完为止",
        "10 % of the weight off for each 1 missing (each full one counts), down to nothing",
    ),
    (
        ">=",
        "100",
        Scoring(method="per_point_missing", deduct="1"),
        "97",
        "9/10",
        "完成率每少1个百分点扣1分(满一个计一个),扣完为止",
        "1 point off for each 1 percentage point missing (each full one counts), down to nothing",
    ),
]


@pytest.mark.parametrize(("op", "value", "scoring", "measured", "share", "zh", "en"), WAYS)
def test_a_method_is_told_in_words_and_as_a_formula_that_gives_its_share(
    op: Any, value: Any, scoring: Scoring, measured: str, share: str, zh: str, en: str
) -> None:
    target, known = Target(op=op, value=value), {"measured": Fraction(measured)}

    for line in share_lines(known["measured"], target, scoring, Decimal(30), MOF_2020):
        known[line.name] = value_of(line.formula, known)

    assert known["share"] == Fraction(share)
    assert way_of(target, scoring, Decimal(30), MOF_2020) == (zh, en)


def test_a_weight_finer_than_points_is_not_rounded_past_itself_by_its_formula_either() -> None:
    weight = Decimal("3.335")

    _, _, formula = score_formula(weight, MOF_2020.rounding)

    assert value_of(formula, {"share": Fraction(1)}) == Fraction(points(weight, Fraction(1), MOF_2020.rounding))
    assert value_of(formula, {"share": Fraction(1)}) == Fraction("3.33")


@given(shares=st.lists(st.fractions(0, 1, max_denominator=97), min_size=1, max_size=8), rounding=roundings)
def test_the_place_of_rounding_decides_what_is_rounded(shares: list[Fraction], rounding: Rounding) -> None:
    change = RoundingChange(mode=rounding.mode, digits=rounding.digits, place=rounding.place)
    policy = refine(MOF_2020, PolicyOverrides(rounding=change))
    parts = [(Decimal(10), share) for share in shares]

    total = total_of(parts, policy)

    exact = sum((10 * share for share in shares), Fraction(0))
    off = abs(Fraction(total) - exact)
    if rounding.place == "row":
        assert total == sum(points(weight, share, rounding) for weight, share in parts)
    else:
        assert off < Fraction(1, 10**rounding.digits)
        if rounding.mode in ("half_up", "half_even"):
            assert off <= Fraction(1, 2 * 10**rounding.digits)


# What stands in print: policy, operator, target, measured, weight, points. F numbers are those of docs/decisions/0011.
PUBLISHED = [
    ("hubei-2020", ">=", "100", "95", "20", "19.00"),  # F1 upward.
    ("hubei-2020", "<=", "4", "5", "10", "8.00"),  # F1 downward.
    ("beijing-haidian-2016", ">=", "50", "60", "10", "10.00"),  # F2: reached earns all.
    ("sichuan-zhongjiang-2022", ">=", "80", "120", "15", "15.00"),  # F3: never above the points.
    ("ningde-2020", ">=", "9", "9", "6", "6.00"),  # F4: nine earn six points,
    ("ningde-2020", ">=", "9", "7", "6", "4.00"),  # one point off for each one missing,
    ("ningde-2020", ">=", "9", "1", "6", "0.00"),  # until nothing is left.
    ("guangshui-2019", ">=", "10", "7", "3", "1.5"),  # F5: half a point off for each.
    ("guangshui-2019", "by", "2019-12-31", "18262", "2", "1.0"),  # F5: filed a day late, and
    ("guangshui-2019", "by", "2019-12-31", "18361", "2", "1.0"),  # a hundred days late.
    ("fujian-egov-2016", ">=", "100", "100", "3", "3.00"),  # F7.
    ("fujian-egov-2016", ">=", "100", "99", "3", "2.00"),
    ("fujian-egov-2016", ">=", "100", "80", "3", "2.00"),
    ("fujian-egov-2016", ">=", "100", "60", "3", "1.00"),
    ("fujian-egov-2016", ">=", "100", "59.99", "3", "0.00"),
    ("chongqing-2021", ">=", "2200", "2859", "10", "10.0"),  # F9.
    ("mof-2020", "<=", "0", "0", "4", "4.00"),
    ("mof-2020", "<=", "0", "1", "4", "0.00"),
    ("ningde-2020", "<=", "0", "2", "6", "4.00"),
]


@pytest.mark.parametrize(("policy", "op", "target", "measured", "weight", "score"), PUBLISHED)
def test_the_published_formulas(policy: str, op: Any, target: str, measured: str, weight: str, score: str) -> None:
    goal = Target(op=op, value=target)

    assert str(score_row(POLICIES[policy], goal, Fraction(measured), Decimal(weight), "output")) == score


# F6, undated, so no policy of its own: a point off for each per cent; and for each five below 90.
@pytest.mark.parametrize(
    ("scoring", "measured", "score"),
    [
        (Scoring(method="per_point_missing", deduct="1"), "97", "7.00"),
        (Scoring(method="per_point_missing", deduct="1"), "96.5", "7.00"),
        (Scoring(method="per_point_missing", deduct="1", count="exact"), "96.5", "6.50"),
        (Scoring(method="per_point_missing", deduct="1", count="started"), "96.5", "6.00"),
        (Scoring(method="per_point_missing", deduct="1", per="5", tolerance="10"), "90", "10.00"),
        (Scoring(method="per_point_missing", deduct="1", per="5", tolerance="10"), "84", "9.00"),
        (Scoring(method="per_point_missing", deduct="1", per="5", tolerance="10"), "20", "0.00"),
        (Scoring(method="per_unit_missing", deduct="2", count="once"), "40", "8.00"),
        (Scoring(method="proportional", floor="0.6"), "60", "6.00"),
        (Scoring(method="proportional", floor="0.6"), "59", "0.00"),
        (Scoring(method="all_or_nothing"), "99.9", "0.00"),
        (Scoring(method="steps", steps=(("100", "1"), ("80", "0.6"))), "80", "6.00"),
        (Scoring(method="steps", steps=(("100", "1"), ("80", "0.6"))), "79", "0.00"),
        (Scoring(method="steps", steps=(("120", "1"), ("80", "0.6"))), "100", "6.00"),
        (Scoring(method="steps", steps=(("120", "1"), ("80", "0.6")), full_when_met=True), "100", "10.00"),
    ],
)
def test_a_plans_own_methods(scoring: Scoring, measured: str, score: str) -> None:
    found = score_row(
        MOF_2020, Target(op=">=", value="100"), Fraction(measured), Decimal(10), "output", scoring=scoring
    )

    assert str(found) == score


@pytest.mark.parametrize(
    ("policy", "rate", "weight", "score"),
    [
        ("mof-2020", "0.920833", "10", "9.21"),
        ("mof-2021", "1", "10", "10.00"),
        ("mof-2021", "0.9999", "10", "7.00"),
        ("mof-2021", "0.8", "10", "7.00"),
        ("mof-2021", "0.7999", "10", "5.00"),
        ("mof-2021", "0.6", "10", "5.00"),
        ("mof-2021", "0.5999", "10", "0.00"),
        ("mof-2021", "1.0259", "10", "10.00"),
        ("hubei-2020", "0.5", "20", "10.00"),
        ("suzhou-2021", "0.94", "6", "4.20"),
        ("suzhou-2021", "0.7", "6", "0.00"),
        ("chongqing-2021", "0.76", "10", "7.6"),
        ("mof-2020", "0.9", "0", "0.00"),
    ],
)
def test_budget_execution_under_each_rule(policy: str, rate: str, weight: str, score: str) -> None:
    assert str(execution_points(POLICIES[policy], Fraction(rate), Decimal(weight))) == score


@pytest.mark.parametrize(
    ("target", "measured", "score"),
    [
        ("90", "95", "10.00"),
        ("95", "92", "10.00"),
        ("95", "85", "8.00"),
        ("95", "79.9", "5.00"),
        ("80", "59", "0.00"),
        ("80", "88", "10.00"),
    ],
)
def test_satisfaction_by_interval_never_takes_from_a_target_that_is_met(target: str, measured: str, score: str) -> None:
    goal = Target(op=">=", value=target)

    assert str(score_row(POLICIES["mof-2021"], goal, Fraction(measured), Decimal(10), "satisfaction")) == score


def test_the_intervals_of_satisfaction_hold_in_per_cent_alone() -> None:
    goal = Target(op=">=", value="5")

    assert score_row(POLICIES["mof-2021"], goal, Fraction(4), Decimal(10), "satisfaction", unit="分") == 8
    assert score_row(POLICIES["mof-2021"], goal, Fraction(4), Decimal(10), "satisfaction") == 0


def test_a_rating_earns_its_percent_and_nothing_without_one() -> None:
    goal = Target(op="level", value="好")

    assert score_row(MOF_2020, goal, None, Decimal(15), "benefit", rating=Decimal(90)) == Decimal("13.50")
    assert score_row(MOF_2020, goal, None, Decimal(15), "benefit") == 0


@pytest.mark.parametrize(("percent", "share"), [("120", "1"), ("130", "1"), ("150", "0.9"), ("330", "0"), ("500", "0")])
def test_over_achievement_costs_only_where_a_plan_says_so(percent: str, share: str) -> None:
    goal, measured = Target(op=">=", value="100"), Fraction(percent)
    strict = refine(MOF_2020, PolicyOverrides(over_achievement=EXCESS))

    assert score_row(strict, goal, measured, Decimal(10), "output") == 10 * Decimal(share)
    assert all(policy.over_achievement is None for policy in POLICIES.values())
    assert score_row(MOF_2020, goal, measured, Decimal(10), "output") == 10


def test_a_day_is_on_time_or_late() -> None:
    goal, day = Target(op="by", value="2018-12-10"), days(date(2018, 12, 10))

    assert reaches(Fraction(day), goal, Fraction(80))
    assert score_row(MOF_2020, goal, Fraction(day), Decimal(5), "output") == 5
    assert score_row(MOF_2020, goal, Fraction(day + 1), Decimal(5), "output") == 0
    per_day = Scoring(method="date", deduct="0.5", tolerance="1")
    assert score_row(MOF_2020, goal, Fraction(day + 4), Decimal(5), "output", scoring=per_day) == Decimal("3.50")


@pytest.mark.parametrize(
    ("dimensions", "wanted"),
    [
        ({"output", "benefit", "satisfaction", "cost"}, {"cost": 20, "output": 40, "benefit": 20, "satisfaction": 10}),
        ({"output", "benefit", "satisfaction"}, {"output": 50, "benefit": 30, "satisfaction": 10}),
        ({"output", "benefit", "cost"}, {"cost": 20, "output": 40, "benefit": 30}),
        ({"output", "benefit"}, {"output": 50, "benefit": 40}),
        ({"output"}, {"cost": 20, "output": 40, "benefit": 20, "satisfaction": 10}),
    ],
)
def test_weights_follow_the_dimensions_a_plan_has(dimensions: set[str], wanted: dict[str, int]) -> None:
    assert weights_of(POLICIES["mof-2021"], dimensions) == wanted | {"execution": 10}


@given(policy=any_policy, dimension=dimensions, unit=st.sampled_from(["%", "次"]))
def test_every_policy_has_a_method_for_every_target(policy: Policy, dimension: str, unit: str) -> None:
    for op, value in (("=", "0"), ("<=", "0"), (">=", "1"), (">", "1"), ("<", "1"), ("level", "x")):
        target = Target(op=op, value=value)  # type: ignore[arg-type]
        assert list(misfits(scoring_for(policy, target, dimension, unit), op)) == []
