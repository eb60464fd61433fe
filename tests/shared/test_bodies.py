"""What may be read as JSON at all. How calls answer to the rest is tested with a service."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bodies import DEPTH_MAX, read_json
from shared.problems import Malformed

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=values, escaped=st.booleans())
def test_json_means_what_it_means_elsewhere(value: Any, escaped: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped).encode()

    assert read_json(raw) == value


@given(raw=st.binary(max_size=200))
def test_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = read_json(raw)
    except Malformed:
        return

    assert value == json.loads(raw, parse_float=Decimal)


@pytest.mark.parametrize("text", ["60000.10", "0.1", "1e2", "12345678901234567890.1234567890", "1e-400", "1e999999"])
def test_a_number_keeps_the_digits_it_was_written_with(text: str) -> None:
    value = read_json(text.encode())

    assert str(value) == str(Decimal(text))


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_ends_at_32(opening: str, closing: str) -> None:
    read_json((opening * DEPTH_MAX + "1" + closing * DEPTH_MAX).encode())

    with pytest.raises(Malformed, match="deeper than 32"):
        read_json((opening * (DEPTH_MAX + 1) + "1" + closing * (DEPTH_MAX + 1)).encode())


def test_brackets_in_a_string_and_beside_one_another_are_not_deep() -> None:
    assert read_json(json.dumps("[" * 100 + '\\"[').encode()) == "[" * 100 + '\\"['
    assert read_json(json.dumps([[]] * 100).encode()) == [[]] * 100
    assert read_json(json.dumps(["[" * 40, "\\", "]" * 40]).encode()) == ["[" * 40, "\\", "]" * 40]


@pytest.mark.parametrize("text", ['"' + '\\"' * 100_000, '["' + "[" * 40, '"\\', "[" * 40 + '"'])
def test_a_string_without_an_end_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_json(text.encode())


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "[1, NaN]", "1e99999999999999999999", "9" * 65, "1." + "0" * 64]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_json(text.encode())


def test_a_repeated_name_is_refused_at_any_depth() -> None:
    with pytest.raises(Malformed, match="repeats a name"):
        read_json(b'[{"x": {"a": 1, "\\u0061": 1}}]')


@pytest.mark.parametrize("text", [r'"\ud800"', r'"\udfff\ud800"', r'{"\ud800": 1}', r'["a\ud83dx"]'])
def test_half_a_character_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="half a character"):
        read_json(text.encode())


def test_a_pair_of_halves_is_a_character() -> None:
    assert read_json(rb'"\ud83d\ude00"') == "😀"
