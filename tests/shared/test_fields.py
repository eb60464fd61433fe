"""The shapes of values in requests."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.fields import Amount, AmountOrZero, Day, Figure, Id, Moment, Name, Quantity, Text, Year, ZoneName, day_of


def accepts(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("value", ["a", "A.b_c-9", "x" * 64, "..", "-"])
def test_an_id_is_1_to_64_of_a_few_characters(value: str) -> None:
    assert accepts(Id, value)


@pytest.mark.parametrize("value", ["", "x" * 65, "a b", "a/b", "é", "a\n", "a\x00", 1, None, b"a"])
def test_anything_else_is_no_id(value: object) -> None:
    assert not accepts(Id, value)


@given(value=st.text())
def test_every_id_is_plain_ascii(value: str) -> None:
    if accepts(Id, value):
        assert value.isascii()
        assert value.isprintable()
        assert 1 <= len(value) <= 64


@pytest.mark.parametrize(("kind", "longest"), [(Name, 200), (Text, 2_000)])
def test_words_are_bounded(kind: Any, longest: int) -> None:
    assert accepts(kind, "字" * longest)
    assert not accepts(kind, "字" * (longest + 1))
    assert not accepts(kind, "")


@pytest.mark.parametrize("character", [*map(chr, range(32)), "\x7f"])
def test_words_have_no_control_characters_but_tabs_and_line_ends(character: str) -> None:
    assert accepts(Text, f"a{character}b") is (character in "\t\n\r")


@pytest.mark.parametrize(
    ("value", "amount"), [("60000.00", 6_000_000), (1, 100), (Decimal("0.1"), 10), (Decimal("1E3"), 100_000)]
)
def test_an_amount_is_a_string_or_an_exact_number(value: object, amount: int) -> None:
    assert TypeAdapter(Amount).validate_python(value, strict=True) == amount


@pytest.mark.parametrize(
    "value", [0.1, True, False, None, "", "1e2", Decimal("NaN"), Decimal("1E-999999999"), 10**41, [1]]
)
def test_anything_inexact_is_no_amount(value: object) -> None:
    assert not accepts(Amount, value)
    assert not accepts(AmountOrZero, value)


def test_zero_is_an_amount_only_where_it_may_be() -> None:
    assert accepts(AmountOrZero, "0.00")
    assert not accepts(Amount, "0.00")
    assert not accepts(AmountOrZero, "-0.01")


@pytest.mark.parametrize("value", ["999999999999.999999999999", Decimal("0.000000000001"), 0])
def test_a_figure_has_up_to_twelve_digits_on_each_side(value: object) -> None:
    assert accepts(Figure, value)
    assert accepts(Quantity, value)


@pytest.mark.parametrize("value", ["1000000000000", "0.0000000000001", Decimal("1E12"), "१२"])
def test_a_longer_figure_is_refused(value: object) -> None:
    assert not accepts(Figure, value)


def test_a_quantity_is_not_negative_but_a_figure_may_be() -> None:
    assert accepts(Figure, "-1")
    assert not accepts(Quantity, "-1")


@given(day=st.dates(date(1950, 1, 1), date(2199, 12, 31)))
def test_every_day_of_the_sane_years_is_read(day: date) -> None:
    assert day_of(day.isoformat()) == day


@pytest.mark.parametrize(
    "value", ["1949-12-31", "2200-01-01", "2019-02-29", "2018-1-1", "2018-01-01T00:00:00Z", "2018-W01-1"]
)
def test_what_is_no_day_of_them_is_refused(value: str) -> None:
    assert not accepts(Day, value)


@pytest.mark.parametrize(
    "text", ["2018-12-12T10:00:00+08:00", "2018-12-12 10:00:00.123456789+08:00", "2018-12-12t02:00:00z"]
)
def test_a_moment_keeps_its_offset(text: str) -> None:
    moment = TypeAdapter(Moment).validate_python(text, strict=True)

    assert moment.utcoffset() in (timedelta(hours=8), timedelta(0))
    assert moment.astimezone(UTC).replace(microsecond=0) == datetime(2018, 12, 12, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2018-12-12T10:00:00", "2018-12-12", "2018-12-12T10:00Z", "2018-12-12T10:00:00Z\n", 0]
)
def test_a_moment_without_its_offset_is_refused(text: object) -> None:
    assert not accepts(Moment, text)


def test_zones_and_years_are_real_ones() -> None:
    assert accepts(ZoneName, "Asia/Shanghai")
    assert not accepts(ZoneName, "Asia/Atlantis")
    assert accepts(Year, 2018)
    assert not accepts(Year, 1949)
    assert not accepts(Year, "2018")
