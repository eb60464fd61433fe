"""The catalogue read from its data."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from services.evaluation.model import Target
from services.evaluation.rules.catalogue.entry import Certainty, Entry, Source
from shared.events.evaluation import Operator

# The aspects (二级指标) that each dimension (一级指标) has on the forms of 财预〔2020〕10号 and 财预〔2021〕101号.
ASPECTS: Final[Mapping[str, frozenset[str]]] = {
    "output": frozenset({"quantity", "quality", "timeliness", "cost"}),
    "benefit": frozenset({"economic", "social", "ecological", "sustainable"}),
    "satisfaction": frozenset({"satisfaction"}),
    "cost": frozenset({"economic", "social", "ecological"}),
}
_OPTIONAL: Final = frozenset({"target", "with"})
_MEMBERS: Final = frozenset(
    [
        "code",
        "name",
        "name_en",
        "synonyms",
        "synonyms_en",
        "dimension",
        "aspect",
        "unit",
        "direction",
        "measure",
        "collect",
        "collect_en",
        "source",
        "certainty",
    ]
)


def read_entries(texts: Iterable[str], sources: str) -> tuple[Entry, ...]:
    """
    Read the entries of several TOML texts, in their order, with the sources that they name.

    Raises:
        ValueError, KeyError: If an entry lacks a part, names what does not exist, or has the code or the name of
            another. The catalogue is part of the program: it stops the start.
    """
    known = {name: Source(name=name, **titles) for name, titles in tomllib.loads(sources).items()}
    entries = tuple(_entry(raw, known) for text in texts for raw in tomllib.loads(text)["indicators"])
    _check_unique("code", [entry.code for entry in entries])
    _check_unique("phrase", [phrase.casefold() for entry in entries for phrase in entry.phrases])
    return entries


def read_concepts(text: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Words by concept, the concepts by table."""
    return {
        table: {concept: tuple(words) for concept, words in concepts.items()}
        for table, concepts in tomllib.loads(text).items()
    }


def _entry(raw: dict[str, Any], sources: Mapping[str, Source]) -> Entry:
    code = raw["code"]
    if set(raw) - _OPTIONAL != _MEMBERS:
        raise ValueError(f"indicator {code} lacks or has too much: {sorted(set(raw) - _OPTIONAL ^ _MEMBERS)}")
    if raw["aspect"] not in ASPECTS[raw["dimension"]]:
        raise ValueError(f"indicator {code}: {raw['dimension']} has no aspect {raw['aspect']}")
    if raw["direction"] not in get_args(Operator) or raw["certainty"] not in get_args(Certainty):
        raise ValueError(f"indicator {code} has an unknown direction or certainty")
    target = raw.get("target")
    value = tuple(target) if isinstance(target, list) else target
    return Entry(
        **{name: raw[name] for name in _MEMBERS - {"synonyms", "synonyms_en", "source"}},
        synonyms=tuple(raw["synonyms"]),
        synonyms_en=tuple(raw["synonyms_en"]),
        target=None if value is None else Target(op=raw["direction"], value=value),
        arguments=raw.get("with", {}),
        source=sources[raw["source"]],
    )


def _check_unique(what: str, found: list[str]) -> None:
    twice = sorted({each for each in found if found.count(each) > 1})
    if twice:
        raise ValueError(f"the catalogue has a {what} twice: {', '.join(twice)}")
