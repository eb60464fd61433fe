"""What the desk makes of entries and of refusals, without a browser."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.desk.concerns import concerned_field, figures_of
from services.console.desk.fields import read_day
from services.console.desk.forms import FORMS
from services.console.pages.plan import arguments_in, arguments_shown
from services.console.words import Words

ZH, EN = Words("zh"), Words("en")


@pytest.mark.parametrize(
    ("form", "slug", "field"),
    [
        ("payment", "line-exceeded", "amount"),
        ("payment", "funds-not-received", "amount"),
        ("payment", "payee-mismatch", "payee"),
        ("payment", "contract-not-accepted", "contract"),
        ("payment", "outside-fiscal-year", "paid_on"),
        ("contract", "outside-fiscal-year", "signed_on"),
        ("contract", "unknown-supplier", "supplier"),
        ("contract", "line-overcommitted", "amount"),
        ("acceptance", "same-person", "inspectors"),
        ("acceptance", "above-contract-quantity", "items"),
        ("declare", "line-below-paid", "lines"),
        ("survey", "project-unknown", "project"),
        ("answer", "already-responded", "fault"),
        ("payment", "unavailable", None),
    ],
)
def test_a_refusal_is_said_at_the_field_that_it_concerns(form: str, slug: str, field: str | None) -> None:
    assert concerned_field(slug, {each.name for each in FORMS[form].fields}) == field


def test_the_figures_of_a_refusal_are_written_as_the_language_writes_them() -> None:
    problem = {"type": "t", "status": 409, "limit": "60000.00", "paid": "5.00", "date": "2026-03-01", "also": []}

    assert figures_of(problem, ZH) == [("预算", "6 万元"), ("已支付", "5.00 元"), ("日期", "2026年3月1日")]
    assert figures_of({"request_status": "paid"}, EN) == [("State", "Paid")]


@given(
    st.dates(date(1950, 1, 1), date(2199, 12, 31)),
    st.sampled_from(["{}-{}-{}", "{}/{}/{}", "{}年{}月{}日", "{}.{}.{}"]),
)
def test_a_day_is_read_however_it_is_written(day: date, writing: str) -> None:
    assert read_day(writing.format(day.year, day.month, day.day)) == day.isoformat()


@pytest.mark.parametrize("text", ["", "soon", "2026", "2026-1", "1/2/2026"])
def test_what_is_no_day_is_left_for_the_service_to_refuse(text: str) -> None:
    assert read_day(text) == text


@pytest.mark.parametrize("words", [ZH, EN], ids=lambda words: words.language)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"item": "broadband"},
        {"metric": "hours", "statistic": "max", "asset": "ups"},
        {"statistic": "p95"},
        {"item": "统计"},
    ],
)
def test_arguments_are_shown_in_the_language_and_read_back(words: Words, arguments: dict[str, Any]) -> None:
    shown = arguments_shown(arguments, words)

    assert arguments_in(shown, words) == arguments
    assert words is EN or "statistic" not in shown


def test_arguments_are_also_read_as_the_plan_has_them() -> None:
    assert arguments_in("item=a，资产＝b", ZH) == {"item": "a", "asset": "b"}
