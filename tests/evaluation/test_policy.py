"""Policies as data: what they must have, and that a broken one stops the start."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from services.evaluation.rules import check_rating, read_policy
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
