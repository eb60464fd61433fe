"""Money is exact: an integer number of fen inside, two decimals outside, and nothing in between."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import AMOUNT_FEN_MAX, fen, fen_of, yuan

amounts = st.integers(-AMOUNT_FEN_MAX, AMOUNT_FEN_MAX)


@given(amount=amounts)
def test_what_is_written_is_read_again(amount: int) -> None:
    assert fen(yuan(amount)) == amount
    assert fen_of(Decimal(yuan(amount))) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [(6_000_000, "60000.00"), (0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-12_345, "-123.45")],
)
def test_yuan_have_two_decimals(amount: int, text: str) -> None:
    assert yuan(amount) == text


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0", "1.000", "+1.00", "1.00\n", " 1.00", "１.００", "1e2", "--1.00", ".50", "1" * 14 + ".00", "NaN"],
)
def test_what_events_never_write_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        fen(text)


@pytest.mark.parametrize(
    ("number", "amount"), [("60000.1", 6_000_010), ("6E+4", 6_000_000), ("1.2300000000000000000000000000000000", 123)]
)
def test_a_number_of_yuan_is_read_however_it_is_written(number: str, amount: int) -> None:
    assert fen_of(Decimal(number)) == amount


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "0.001",
        "1.0000000000000000000000000000000000001",
        "9999999999999.9900000000000000000000000000000000001",
        "1E-400",
        "1E+400",
        "10000000000000",
        "-10000000000000",
        "9999999999999.991",
    ],
)
def test_a_number_that_is_no_amount_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="an amount"):
        fen_of(Decimal(number))


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14))
def test_an_amount_is_read_exactly_or_not_at_all(number: Decimal) -> None:
    try:
        amount = fen_of(number)
    except ValueError:
        return

    assert Decimal(amount).scaleb(-2) == number
