"""Money: an integer number of fen inside, a decimal string in yuan at the edges."""

import re
from decimal import Decimal
from typing import Final, NewType

Fen = NewType("Fen", int)

FEN_PER_YUAN: Final = 100
_FEN: Final = Decimal("0.01")
AMOUNT_FEN_MAX: Final = 10**15 - 1  # 9,999,999,999,999.99 yuan: above any public budget, below 2**53.

AMOUNT_DIGITS: Final = 13  # Before the point.

_YUAN = re.compile(r"-?[0-9]{1,13}\.[0-9]{2}")


def yuan(amount: int) -> str:
    """Write *amount* (fen, may be negative) as yuan with two decimals: ``6000000`` is ``"60000.00"``."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), FEN_PER_YUAN)
    return f"{sign}{whole}.{rest:02d}"


def fen(text: str) -> Fen:
    """
    Read yuan as events write them: always two decimals, an optional minus, at most 13 whole digits.

    Raises:
        ValueError: If *text* has any other shape.
    """
    if _YUAN.fullmatch(text) is None:
        raise ValueError(f"not an amount in yuan with two decimals: {text[:40]!r}")
    return Fen(int(text.replace(".", "")))


def fen_of(amount: Decimal) -> Fen:
    """
    Read an exact decimal number of yuan.

    Raises:
        ValueError: If *amount* is not finite, has a fraction of a fen, or exceeds the largest amount.
    """
    if not amount.is_finite():
        raise ValueError("an amount must be a finite number")
    if amount.adjusted() > AMOUNT_DIGITS:
        raise ValueError(f"an amount is at most {yuan(AMOUNT_FEN_MAX)} yuan")
    rounded = amount.quantize(_FEN)
    if rounded != amount:  # Compared, not multiplied: arithmetic would drop the 29th digit.
        raise ValueError("an amount has at most two decimals")
    fen_exact = int(rounded.scaleb(2))
    if abs(fen_exact) > AMOUNT_FEN_MAX:
        raise ValueError(f"an amount is at most {yuan(AMOUNT_FEN_MAX)} yuan")
    return Fen(fen_exact)
