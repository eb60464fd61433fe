"""Numbers as people write them: 1,200 and 3.5, 百分之五, 两, 十二, 三百五十, 一点五, 半, seven."""

import re
from decimal import Decimal
from typing import Final

_DIGITS: Final = {digit: value for value, digits in enumerate(("零〇", *"一二三四五六七八九")) for digit in digits} | {
    "两": 2
}
_PLACES: Final = {"十": 10, "百": 100, "千": 1_000}
_GROUPS: Final = {"万": 10**4, "亿": 10**8}
_NAMES: Final = "zero one two three four five six seven eight nine ten eleven twelve"
_WORDS: Final = {word: value for value, word in enumerate(_NAMES.split())}

WHOLE: Final = "百分百"  # A number and its unit, per cent, in one.
_SET: Final = {"半": Decimal("0.5"), WHOLE: Decimal(100)}

CHINESE: Final = "[零〇一二两三四五六七八九十百千万亿]"
# At most 15 digits before the point and 6 after it: what a plan takes as a target.
PATTERN: Final = (
    r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,15}(?!\d))(?:\.\d{1,6}(?!\d))?"
    rf"|{WHOLE}|{CHINESE}+(?:点[零〇一二两三四五六七八九]{{1,6}})?|半|\b(?:{'|'.join(_WORDS)})\b"
)
_CHINESE = re.compile(rf"({CHINESE}+)(?:点([零〇一二两三四五六七八九]+))?")


def value_of(text: str) -> Decimal | None:
    """The number that *text* writes, which is one that `PATTERN` found; None if its signs make no number."""
    if text in _SET:
        return _SET[text]
    if text in _WORDS:
        return Decimal(_WORDS[text])
    found = _CHINESE.fullmatch(text)
    if found is None:
        return Decimal(text.replace(",", ""))
    whole = _whole(found[1])
    if whole is None:
        return None
    decimals = "".join(str(_DIGITS[sign]) for sign in found[2] or "")
    return Decimal(f"{whole}.{decimals}") if decimals else Decimal(whole)


def _whole(text: str) -> int | None:
    if all(sign in _DIGITS for sign in text):
        return int("".join(str(_DIGITS[sign]) for sign in text))  # 二〇一八, digit by digit.
    total = group = digit = 0
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _PLACES:
            group += (digit or 1) * _PLACES[sign]
            digit = 0
        else:
            if not (group or digit or total):
                return None  # 万 alone is a unit, no number.
            total = (total + group + digit) * _GROUPS[sign]
            group = digit = 0
    return total + group + digit
