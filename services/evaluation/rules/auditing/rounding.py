"""
Whether a printed score is what a figure gives under some usual rounding.

No published rule says how scores are rounded; tables print two decimals, one, or whole points, rounded half up, cut off
or rounded up. So a printed score follows if it is one of the two neighbours of the exact figure at one of these steps.
"""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from typing import Final

from services.evaluation.rules.scoring import rounded

STEPS: Final = (4, 3, 2, 1, 0)  # Digits after the point, finest first.


def step_of(printed: Decimal, exact: Fraction) -> int | None:
    """The finest step, in digits after the point, at which *exact* may be printed as *printed*; None if at none."""
    for digits in (max(decimals(printed), STEPS[0]), *STEPS):
        if printed in (rounded(exact, digits, ROUND_DOWN), rounded(exact, digits, ROUND_UP)):
            return digits
    return None


def is_half_up(printed: Decimal, exact: Fraction) -> bool:
    """Whether *printed* is *exact* rounded half up to whole points."""
    return printed == rounded(exact, 0, ROUND_HALF_UP)


def decimals(printed: Decimal) -> int:
    """The digits that *printed* needs after its point: 9.50 needs one."""
    return max(0, -int(printed.normalize().as_tuple().exponent))
