"""Policies as data: what they must have, and that a broken one stops the start."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from services.evaluation import policies
from services.evaluation.rules import check_rating, policy_document, read_policy
from shared.problems import Invalid
from tests.evaluation.builders import MOF_2020

TEXT = resources.files("services.evaluation.policies").joinpath("mof-2020.toml").read_text(encoding="utf-8")


def test_the_policy_of_2020_is_what_the_ministry_published() -> None:
    assert MOF_2020.effective_from == date(2020, 2, 25)
    assert MOF_2020.full == 100
    assert MOF_2020.weights == {"output": 50, "benefit": 30, "satisfaction": 10, "execution": 10}
    assert [f"{grade.zh}{grade.floor}" for grade in MOF_2020.grades] == ["优90", "良80", "中60", "差0"]
    assert (MOF_2020.rounding.mode, MOF_2020.rounding.digits) == ("half_up", 2)


def replacing(old: str, new: str) -> Callable[[], str]:
    def changed() -> str:
        assert old in TEXT
        return TEXT.replace(old, new, 1)

    return changed


@pytest.mark.parametrize(
    "broken",
    [
        replacing('"<=" = "proportional"', '"<=" = "by_feeling"'),
        replacing('method = "proportional"', 'method = "by_feeling"'),
        replacing('output = "50"', 'output = "49"'),
        replacing('mode = "half_up"', 'mode = "by_feeling"'),
        replacing("effective_from = 2020-02-25", 'effective_from = "2020-02-25"'),
        replacing('floor = "90"', 'floor = "80"'),
        replacing('en = "poor"\nfloor = "0"', 'en = "poor"\nfloor = "1"'),
        replacing('ceiling = "80"', 'ceiling = "79"'),
        replacing('ceiling = "100"', 'ceiling = "99"'),
        replacing('level = "partly"', 'level = "missed"'),
        replacing("digits = 2", "digits = 7"),
        replacing('place = "row"', 'place = "column"'),
        replacing('weights = "V"', 'weights = "X"'),
        replacing('cap = "V"\n', ""),
        replacing('"by" = "date"\n', ""),
        replacing('"by" = "date"', '"by" = "bands"'),
        replacing('"by" = "date"', '"by" = { method = "date", wish = 1 }'),
        replacing('"zero" = "zero_tolerance"', '"zero" = "steps"'),
        replacing('output = "50"', 'luck = "50"'),
        replacing("effective_from = 2020-02-25", "effective_from = 2020-02-25\neffective_to = 2020-02-24"),
        replacing("[methods]", '[[weight_variants]]\nwithout = ["cost"]\nweights = {}\n\n[methods]'),
        replacing("[methods]", "[[weight_variants]]\nwithout = []\nweights = {}\n\n[methods]"),
        replacing("[methods]", '[dimension_methods.cost]\nunit = "%"\nmethods = { "<=" = "date" }\n\n[methods]'),
        replacing("[rounding]", '[over_achievement]\nabove = "x"\n\n[rounding]'),
    ],
)
def test_a_broken_policy_stops_the_start(broken: Callable[[], str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_policy(broken())


@pytest.mark.parametrize(
    ("level", "percent", "passes"),
    [
        ("achieved", "100", True),
        ("achieved", "80", True),
        ("achieved", "79.99", False),
        ("achieved", "100.01", False),
        ("partly", "79.99", True),
        ("partly", "80", False),
        ("partly", "60", True),
        ("missed", "59.99", True),
        ("missed", "60", False),
        ("missed", "0", True),
        ("missed", "-0.01", False),
    ],
)
def test_a_percent_belongs_to_the_band_whose_lower_bound_it_reaches(level: str, percent: str, passes: bool) -> None:
    try:
        check_rating(level, Decimal(percent), MOF_2020)
    except Invalid:
        assert not passes
    else:
        assert passes


def test_every_policy_is_named_after_its_file_and_says_how_sure_it_is() -> None:
    found = policies.read_all()

    assert len(found) == 11
    for name, policy in found.items():
        assert resources.files("services.evaluation.policies").joinpath(f"{name}.toml").is_file()
        assert policy.source
        assert set(policy.notes) <= set(policy.certainty)
        assert all(part in policy.notes for part, sure in policy.certainty.items() if sure in ("D", "I"))


def test_a_policy_is_shown_whole() -> None:
    over = TEXT.replace("[rounding]", '[over_achievement]\nabove = "130"\ndeduct_share = "0.1"\n\n[rounding]')
    found, plain = policy_document(read_policy(over)), policy_document(policies.read_all()["mof-2021"])

    assert found["title"]["zh"] == "项目支出绩效自评(2020年财政部办法)"
    assert found["certainty"]["bands"] == "V"
    assert (found["effective_from"], found["effective_to"]) == ("2020-02-25", None)
    assert found["over_achievement"] == {"above": "130", "deduct_share": "0.1"}
    assert found["bands"][1] == {"level": "partly", "floor": "60", "ceiling": "80"}
    assert found["rounding"] == {"mode": "half_up", "digits": 2, "place": "row"}
    assert plain["over_achievement"] is None
    assert plain["execution"]["steps"] == (("100", "10"), ("80", "7"), ("60", "5"))
    assert plain["dimension_methods"]["satisfaction"]["unit"] == "%"
    assert plain["weight_variants"][0] == {
        "without": ["cost"],
        "weights": {"output": "50", "benefit": "30", "satisfaction": "10", "execution": "10"},
    }
    assert policy_document(policies.read_all()["mof-2011"])["effective_to"] == "2020-02-24"
