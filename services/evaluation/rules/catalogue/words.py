"""Texts as sets of what they speak of: concepts, words, and pairs of Chinese characters."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

UNWELCOME: Final = "unwelcome"  # The concepts that a negation makes a target of none.
FILLERS: Final = "fillers"
KINDS: Final = "kinds"
PHRASE_TOKENS_MAX: Final = 3  # English words that stand for one concept together.

_HAN = r"\u3400-\u9fff"
_HAN_RUN = re.compile(rf"[{_HAN}]+")
_TOKEN = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")
_ENDINGS: Final = ("ies", "ing", "ed", "es", "s", "e")
_STEM_LENGTH_MIN: Final = 4


def normalised(text: str) -> str:
    """One form for full-width and half-width, upper and lower case, and spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Found:
    """What a text speaks of, and where it names unwelcome things."""

    features: tuple[str, ...]
    unwelcome: tuple[tuple[int, int], ...] = field(default=())


class Vocabulary:
    """The concepts and their words."""

    def __init__(self, tables: Mapping[str, Mapping[str, tuple[str, ...]]]) -> None:
        lists = tables["lists"]
        self._unwelcome = frozenset(lists[UNWELCOME])
        self._kinds = frozenset(tables[KINDS])
        self._han: dict[str, list[str]] = {}
        self._english: dict[str, list[str]] = {}
        for name, concepts in tables.items():
            for concept, words in concepts.items() if name != "lists" else ():
                for word in words:
                    self._take(concept, word)
        self._longest = max(map(len, self._han))
        fillers = sorted(lists[FILLERS], key=len, reverse=True)
        self._han_fillers = re.compile("|".join(word for word in fillers if _HAN_RUN.search(word)))
        self._english_fillers = frozenset(word for word in fillers if word.isascii())

    def _take(self, concept: str, word: str) -> None:
        plain = normalised(word)
        if _HAN_RUN.search(plain):
            self._han.setdefault(plain, []).append(concept)
        else:
            stems = " ".join(stem(token) for token in _TOKEN.findall(plain))
            self._english.setdefault(stems, []).append(concept)

    def is_kind(self, feature: str) -> bool:
        """Whether *feature* says only what sort of figure it is: a rate, a count, a time."""
        return feature.startswith("c:") and feature[2:] in self._kinds

    def find(self, text: str) -> Found:
        """What the normalised *text* speaks of."""
        spans = self._han_spans(text) + self._english_spans(text)
        features = {f"c:{concept}": None for _, _, concepts in spans for concept in concepts}
        covered = {start for start, _, _ in spans}
        features |= dict.fromkeys(
            f"w:{stem(token)}" for start, token in self._rare_tokens(text) if start not in covered
        )
        features |= dict.fromkeys(f"b:{pair}" for pair in self._pairs(text))
        unwelcome = tuple((start, end) for start, end, concepts in spans if self._unwelcome & set(concepts))
        return Found(tuple(features), unwelcome)

    def _han_spans(self, text: str) -> list[tuple[int, int, list[str]]]:
        spans = []
        last_end = 0
        for start in range(len(text)):
            for length in range(min(self._longest, len(text) - start), 0, -1):
                concepts = self._han.get(text[start : start + length])
                if concepts and start + length > last_end:  # Not inside a longer word.
                    spans.append((start, start + length, concepts))
                    last_end = start + length
                    break
        return spans

    def _english_spans(self, text: str) -> list[tuple[int, int, list[str]]]:
        tokens = [(found.start(), found.end(), stem(found[0])) for found in _TOKEN.finditer(text)]
        spans = []
        for first in range(len(tokens)):
            for count in range(PHRASE_TOKENS_MAX, 0, -1):
                phrase = tokens[first : first + count]
                concepts = self._english.get(" ".join(token for _, _, token in phrase))
                if concepts and len(phrase) == count:
                    spans += [(start, end, concepts) for start, end, _ in phrase]
                    break
        return spans

    def _rare_tokens(self, text: str) -> list[tuple[int, str]]:
        return [
            (found.start(), found[0])
            for found in _TOKEN.finditer(text)
            if found[0] not in self._english_fillers and not found[0].isdigit()
        ]

    def _pairs(self, text: str) -> list[str]:
        rest = self._han_fillers.sub(" ", text)
        return [run[at : at + 2] for run in _HAN_RUN.findall(rest) for at in range(len(run) - 1)]


def stem(token: str) -> str:
    """An English word without its common endings."""
    for ending in _ENDINGS:
        if token.endswith(ending) and len(token) - len(ending) >= _STEM_LENGTH_MIN - 1:
            return token.removesuffix(ending)
    return token
