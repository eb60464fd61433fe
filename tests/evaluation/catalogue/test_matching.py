"""Free texts find the indicators that they mean."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation import catalogue
from services.evaluation.rules.catalogue.words import normalised

CATALOGUE = catalogue.read()
FOLDER = Path(__file__).parent
LISTS = ["first_phrases", "second_phrases", "third_phrases"]
PHRASES_MIN = 60
HITS_MIN = Decimal("0.9")


def phrases(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["phrases"]
    return found


def found_for(text: str, limit: int = 3) -> list[str]:
    return [candidate.entry.code for candidate in CATALOGUE.matcher.match(text, limit)]


@pytest.mark.parametrize("name", LISTS)
def test_the_labelled_phrases_are_kept_apart_from_the_catalogue(name: str) -> None:
    labelled = phrases(name)
    known = {normalised(phrase) for entry in CATALOGUE.entries for phrase in entry.phrases}
    codes = {entry.code for entry in CATALOGUE.entries}

    assert len(labelled) >= PHRASES_MIN
    assert not {normalised(phrase) for phrase in labelled} & known
    assert {code for meant in labelled.values() for code in meant} <= codes


@pytest.mark.parametrize("name", LISTS)
def test_nine_of_ten_phrases_find_their_indicator_among_the_first_three(name: str) -> None:
    labelled = phrases(name)

    missed = {phrase: found for phrase, meant in labelled.items() if not set(meant) & set(found := found_for(phrase))}

    assert Decimal(len(labelled) - len(missed)) / len(labelled) >= HITS_MIN, missed


def test_every_name_and_synonym_finds_its_own_indicator_first() -> None:
    lost = [
        (phrase, found)
        for entry in CATALOGUE.entries
        for phrase in entry.phrases
        if entry.code not in (found := found_for(phrase))
    ]

    assert not lost


@pytest.mark.parametrize(
    ("text", "code", "target"),
    [
        ("网站不出故障", "website-fault-rate", ("=", "0")),
        ("机房巡检次数", "room-inspections", None),
        ("投诉少于5%", "complaint-rate", ("<", "5")),
        ("没有死链接", "dead-links", ("=", "0")),
        ("没有弱密码", "weak-passwords", ("=", "0")),
        ("一个空白栏目都没有", "empty-columns", ("=", "0")),
        ("栏目不能空着", "empty-columns", ("=", "0")),
        ("漏洞全部整改", "vulnerability-fix-rate", ("=", "100")),
        ("政务外网乡镇全覆盖", "egov-network-coverage", (">=", "100")),
        ("2025年10月上线", "launch-by", ("by", "2025-10-31")),
        ("项目2018年12月10日前验收", "accept-by", ("by", "2018-12-10")),
        ("satisfaction rate", "public-satisfaction", None),
        ("availability rate", "usability", None),
    ],
)
def test_the_first_candidate_has_its_target(text: str, code: str, target: tuple[str, str] | None) -> None:
    [first] = CATALOGUE.matcher.match(text, 1)

    assert first.entry.code == code
    assert (first.target and (first.target.op, first.target.value)) == target


def test_the_unit_of_the_target_decides_between_a_rate_and_a_count() -> None:
    assert found_for("投诉不超过5%")[0] == "complaint-rate"
    assert found_for("投诉不超过5次")[0] == "complaint-count"


@pytest.mark.parametrize("text", ["投诉少于5%", "投诉少于５％", "  投诉少于 5 % ", "投诉少于百分之五"])
def test_width_and_spaces_and_numerals_make_no_difference(text: str) -> None:
    [first] = CATALOGUE.matcher.match(text, 1)

    assert first.entry.code == "complaint-rate"
    assert first.target is not None
    assert (first.target.op, first.target.value) == ("<", "5")


@pytest.mark.parametrize("text", ["???", "99999", "%", "qwertyuiop", "   ", "。"])
def test_what_is_like_nothing_finds_nothing(text: str) -> None:
    assert found_for(text) == []


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(min_value=1, max_value=20))
def test_any_text_is_answered_with_falling_confidence_within_bounds(text: str, limit: int) -> None:
    candidates = CATALOGUE.matcher.match(text, limit)

    confidences = [candidate.confidence for candidate in candidates]
    assert len(candidates) <= limit
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 < confidence <= 1 for confidence in confidences)
    assert len({candidate.entry.code for candidate in candidates}) == len(candidates)


@settings(deadline=None)
@given(st.sampled_from(sorted(phrases("first_phrases"))))
def test_fewer_candidates_are_the_first_of_more(text: str) -> None:
    assert found_for(text, 3) == found_for(text, 20)[:3]
