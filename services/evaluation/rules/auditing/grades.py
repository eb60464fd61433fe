"""The grade in a cell: a word, or the one of several whose box is ticked."""

import re
from typing import Final

TICKED: Final = "☑√✓✔■●☒"

_WORD: Final = re.compile(r"[、,;/(]*(优秀?|良好?|中等?|一般|合格|较差|差|不合格)级?[、,;/)]*")
_BOX: Final = re.compile(r"[☑√✓✔■●☒□☐○◯]")


def grade_word(text: str) -> str | None:
    """The grade that *text* tells; None if it tells none, or several."""
    found = _WORD.fullmatch(text)
    if found is not None:
        return found[1]
    # A box stands before each word or behind it: in both cases they pair up in order. A lone tick marks its word.
    boxes, words = _BOX.findall(text), [found[1] for word in _BOX.split(text) if (found := _WORD.fullmatch(word))]
    ticked = [word for box, word in zip(boxes, words, strict=False) if box in TICKED]
    return ticked[0] if len(ticked) == 1 and len(boxes) == len(words) else None
