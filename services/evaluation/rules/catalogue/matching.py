"""
Matching free texts to indicators.

A text is as like an indicator as it is like the best of its names, by what both speak of: concepts first, then single
words and pairs of characters; what few indicators speak of weighs more. The unit of a stated target and its sign help
where names leave a doubt.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.evaluation.model import Target
from services.evaluation.rules.catalogue.entry import Entry
from services.evaluation.rules.catalogue.stating import NOTHING_BAD, Stated, forbids, parse
from services.evaluation.rules.catalogue.targets import target_for
from services.evaluation.rules.catalogue.words import Vocabulary, normalised

CONFIDENCE_MIN: Final = 0.15  # Below it the likeness is chance.

# Decision 0010 says what else was tried, and what it found.
_WEIGHTS: Final = {"c": 1.0, "w": 0.8, "b": 0.3}  # Of a concept, a word, a pair of characters.
_KIND: Final = 0.6  # Of a concept that only says what sort of figure it is.
_UNKNOWN: Final = 1.5  # What no indicator speaks of weighs as if it were common.
_ONLY_ASKED: Final = 0.6  # What only the text has,
_ONLY_NAMED: Final = 0.35  # and what only the name has, against what both have.
_SAME_UNIT: Final = 0.08  # Added where the text's unit is the indicator's,
_SAME_KIND: Final = 0.05  # or can be told in it.
_OTHER_KIND: Final = 0.6
_ALL: Final = re.compile(r"全部|全都|全覆盖|\ball\b")
_AGAINST: Final = 0.8  # The stated sign points away from the indicator's.


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An indicator that a text may mean. *confidence* is 0 to 1; *target* is what the text says, in its unit."""

    entry: Entry
    confidence: float
    target: Target | None


class Matcher:
    """Entries, indexed by what they speak of."""

    def __init__(self, entries: Sequence[Entry], vocabulary: Vocabulary) -> None:
        self._entries = tuple(entries)
        self._vocabulary = vocabulary
        self._owner: list[int] = []  # Of each name, its entry.
        self._names: list[frozenset[str]] = []
        self._in_names: dict[str, list[int]] = {}
        self._in_entries: dict[str, set[int]] = {}
        for index, entry in enumerate(self._entries):
            for phrase in entry.phrases:
                self._index(index, phrase)
        self._weight = {feature: self._weigh(feature) for feature in self._in_names}
        self._sizes = [math.fsum(self._weight[feature] for feature in name) for name in self._names]

    def _index(self, index: int, phrase: str) -> None:
        features = frozenset(self._vocabulary.find(normalised(phrase)).features)
        for feature in features:
            self._in_names.setdefault(feature, []).append(len(self._names))
            self._in_entries.setdefault(feature, set()).add(index)
        self._owner.append(index)
        self._names.append(features)

    def _weigh(self, feature: str) -> float:
        owners = len(self._in_entries.get(feature, ()))
        rarity = math.log(1 + (len(self._entries) - owners + 0.5) / (owners + 0.5)) if owners else _UNKNOWN
        return rarity * _WEIGHTS[feature[0]] * (_KIND if self._vocabulary.is_kind(feature) else 1)

    def match(self, text: str, limit: int) -> list[Candidate]:
        """The *limit* best candidates, best first; none if nothing is like it."""
        plain = normalised(text)
        stated, rest = parse(plain)
        found = self._vocabulary.find(rest)
        if not stated and forbids(rest, found.unwelcome):
            stated = (NOTHING_BAD,)
        likeness = self._likeness(found.features)
        rated = [(_hinted(likeness[index], self._entries[index], stated), index) for index in likeness]
        best = sorted(rated, key=lambda pair: (-pair[0], pair[1]))[:limit]
        return [
            Candidate(entry=entry, confidence=confidence, target=self._target(entry, stated, plain))
            for confidence, index in best
            if confidence >= CONFIDENCE_MIN
            for entry in (self._entries[index],)
        ]

    def _likeness(self, features: Sequence[str]) -> dict[int, float]:
        weight = {feature: self._weight.get(feature) or self._weigh(feature) for feature in features}
        asked = math.fsum(weight.values())
        common: dict[int, float] = {}  # By name: what it has of the text.
        for feature in features:
            for name in self._in_names.get(feature, ()):
                common[name] = common.get(name, 0.0) + weight[feature]
        best: dict[int, float] = {}  # By entry: the likeness of its best name.
        for name, both in common.items():
            alike = both / (both + _ONLY_ASKED * (asked - both) + _ONLY_NAMED * (self._sizes[name] - both))
            owner = self._owner[name]
            best[owner] = max(best.get(owner, 0.0), round(alike, 6))
        return best

    @staticmethod
    def _target(entry: Entry, stated: tuple[Stated, ...], plain: str) -> Target | None:
        if entry.direction == "level" and entry.target is not None and str(entry.target.value) in plain:
            return entry.target
        if not stated and entry.unit == "%" and entry.direction in (">=", "=") and _ALL.search(plain):
            return Target(op=entry.direction, value="100")  # 漏洞全部整改
        return target_for(entry, stated)


def _hinted(likeness: float, entry: Entry, stated: tuple[Stated, ...]) -> float:
    if not stated:
        return likeness
    target = target_for(entry, stated)
    if target is not None and target.op == "by":
        likeness += _SAME_KIND  # Who names a day means a day.
    if any(one.kind for one in stated):
        if target is None:
            likeness *= _OTHER_KIND
        else:
            likeness += _SAME_UNIT if entry.unit.casefold() in {one.unit for one in stated} else _SAME_KIND
    first = stated[0]
    against = first.op in (">", ">=") and entry.direction in ("<", "<=")
    if entry.direction in (">", ">="):  # That nothing bad happens may still say all of it: availability.
        against = first.is_low and not (first.is_none and target is not None)
    return min(1.0, likeness * _AGAINST if against else likeness)
