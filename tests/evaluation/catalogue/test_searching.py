"""The catalogue is searched by whatever somebody types."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation import catalogue
from services.evaluation.rules.catalogue import Entry

CATALOGUE = catalogue.read()
NAMES = st.sampled_from(CATALOGUE.entries)


def names(words: str) -> list[str]:
    return [entry.name for entry in CATALOGUE.index.search(words)]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("网站可用率", "网站可用率"),
        ("可用", "网站可用率"),
        ("站可用", "网站可用率"),
        ("网站 率 可用", "网站可用率"),
        ("宕机", "系统故障率"),
        ("wangzhankeyonglv", "网站可用率"),
        ("WangZhan KeYongLv", "网站可用率"),
        ("wang zhan ke yong lü", "网站可用率"),
        ("keyong", "网站可用率"),
        ("wzkyl", "网站可用率"),
        ("jfxj", "机房巡检次数"),
        ("jifang", "机房巡检次数"),
        ("tousulv", "投诉率"),
        ("website availability", "网站可用率"),
        ("UPTIME", "网站可用率"),
        ("room inspections", "机房巡检次数"),
        ("complaint", "投诉率"),
        ("MTTR", "故障平均修复时间"),
        ("ups", "电源系统组数"),
        ("website-availability", "网站可用率"),
        ("PUE", "机房能耗效率(PUE)"),
    ],
)
def test_words_parts_pinyin_initials_and_english_find(words: str, name: str) -> None:
    assert name in names(words)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("网站可用率", "网站可用率"),
        ("wzkyl", "网站可用率"),
        ("wang zhan ke yong lv", "网站可用率"),
        ("投诉率", "投诉率"),
    ],
)
def test_the_best_find_is_the_first(words: str, name: str) -> None:
    assert names(words)[0] == name


def test_what_no_name_holds_is_found_by_its_meaning() -> None:
    assert "网站无法访问比例" in names("网站老是进不去")


@pytest.mark.parametrize("words", ["xyzxyz", "???", "q"])
def test_nonsense_finds_nothing(words: str) -> None:
    assert names(words) == []


def test_nothing_asked_is_the_whole_catalogue_in_its_order() -> None:
    assert CATALOGUE.index.search() == list(CATALOGUE.entries)


def test_a_dimension_and_an_aspect_narrow_the_finds() -> None:
    found = CATALOGUE.index.search("满意", dimension="satisfaction", aspect="satisfaction")

    assert found
    assert {(entry.dimension, entry.aspect) for entry in found} == {("satisfaction", "satisfaction")}


@settings(deadline=None)
@given(NAMES, st.data())
def test_every_part_of_a_name_finds_it(entry: Entry, data: st.DataObject) -> None:
    first = data.draw(st.integers(min_value=0, max_value=len(entry.name) - 2))
    last = data.draw(st.integers(min_value=first + 2, max_value=len(entry.name)))

    assert entry.name in names(entry.name[first:last])


@settings(max_examples=30, deadline=None)
@given(NAMES)
def test_every_name_is_found_by_its_spelling_and_its_initials(entry: Entry) -> None:
    syllables = catalogue.spellings()[entry.name].lower().split()

    if all(syllable.isascii() and syllable.isalnum() for syllable in syllables):
        assert entry.name in names("".join(syllables))
        assert entry.name in names(" ".join(syllables))
        assert entry.name in names("".join(syllable[0] for syllable in syllables))


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_searched(words: str) -> None:
    found = names(words)

    assert len(found) == len(set(found))
