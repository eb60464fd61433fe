"""
Searching the catalogue by what somebody types: Chinese words or parts of them, pinyin, initials, English, a code.

Every word typed must be found in the entry. Where nothing holds all of them, what is alike in meaning is found instead.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from services.evaluation.rules.catalogue.entry import Entry
from services.evaluation.rules.catalogue.matching import Matcher
from services.evaluation.rules.catalogue.words import normalised

ALIKE_MAX: Final = 20  # Found by meaning, where no words are found.

# Ranks of a find, the best first.
_EXACT, _START, _INSIDE, _SPELT, _OTHER_NAME, _OTHER_SPELT, _SCATTERED = range(7)
_LATIN: Final = re.compile(r"[a-z0-9]+")
_UMLAUT: Final = str.maketrans({"ü": "v"})


class Index:
    """Entries with their spellings, ready to be searched."""

    def __init__(self, entries: Sequence[Entry], spellings: Mapping[str, str], matcher: Matcher) -> None:
        self._entries = tuple(entries)
        self._matcher = matcher
        self._texts = [_Texts(entry, spellings) for entry in self._entries]

    def search(self, words: str = "", *, dimension: str | None = None, aspect: str | None = None) -> list[Entry]:
        """The entries found, best first; all in their order where no words are given."""
        asked = normalised(words).translate(_UMLAUT)
        ranked = [(rank, at) for at, texts in enumerate(self._texts) if (rank := texts.rank(asked)) is not None]
        found = [self._entries[at] for _, at in sorted(ranked)]
        if not found:
            found = [candidate.entry for candidate in self._matcher.match(asked, ALIKE_MAX)]
        return [entry for entry in found if dimension in (None, entry.dimension) and aspect in (None, entry.aspect)]


class _Texts:
    """One entry as it can be found."""

    def __init__(self, entry: Entry, spellings: Mapping[str, str]) -> None:
        self._name = normalised(entry.name)
        self._names = (*map(normalised, entry.phrases), entry.code)
        phrases = (entry.name, *entry.synonyms)  # The name's spelling first.
        self._spellings = tuple(_Spelling(normalised(spellings[phrase]).split()) for phrase in phrases)

    def rank(self, asked: str) -> int | None:
        """How well the entry holds all of the words, 0 the best; None if it does not."""
        whole = self._rank_of(asked)
        if whole is not None or " " not in asked:
            return whole
        joined = asked.replace(" ", "")
        if _LATIN.fullmatch(joined) and (spelt := self._rank_of_spelling(joined)) is not None:
            return spelt  # wang zhan ke yong lv
        ranks = [self._rank_of(word) for word in asked.split()]
        return None if None in ranks else _SCATTERED

    def _rank_of(self, word: str) -> int | None:
        if word in ("", self._name):
            return _EXACT
        if len(word) == 1 and word.isascii():
            return None  # It would be in half the catalogue.
        if self._name.startswith(word):
            return _START
        if word in self._name:
            return _INSIDE
        spelt = self._rank_of_spelling(word) if _LATIN.fullmatch(word) else None
        if spelt == _SPELT:
            return spelt
        return _OTHER_NAME if any(word in name for name in self._names) else spelt

    def _rank_of_spelling(self, letters: str) -> int | None:
        holds = [spelling.holds(letters) for spelling in self._spellings]
        if not any(holds):
            return None
        return _SPELT if holds[0] else _OTHER_SPELT


class _Spelling:
    """The pinyin of one name."""

    def __init__(self, syllables: Sequence[str]) -> None:
        self._whole = "".join(syllables)
        self._initials = "".join(syllable[0] for syllable in syllables)
        self._starts = [sum(map(len, syllables[:count])) for count in range(len(syllables))]

    def holds(self, letters: str) -> bool:
        """Whether *letters* are initials in a row, or spell syllables from the beginning of one on."""
        return letters in self._initials or any(self._whole.startswith(letters, start) for start in self._starts)
