"""The indicator catalogue (指标库) as data: indicators by subject, their sources, concepts, and how names are spelt."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from services.evaluation.rules.catalogue import Entry, Index, Matcher, Vocabulary, read_concepts, read_entries

SUBJECTS: Final = (
    "websites",
    "networks",
    "rooms",
    "cloud",
    "security",
    "operations",
    "services",
    "procurement",
    "money",
    "satisfaction",
    "outcomes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The indicators to choose from, ready to be searched and matched."""

    entries: tuple[Entry, ...]
    index: Index
    matcher: Matcher


def read() -> Catalogue:
    """The whole catalogue, by subject and in the order of its files."""
    entries = read_all()
    matcher = Matcher(entries, Vocabulary(read_concepts(text("concepts.toml"))))
    return Catalogue(entries=entries, index=Index(entries, spellings(), matcher), matcher=matcher)


def read_all() -> tuple[Entry, ...]:
    """Every indicator, without what searching needs."""
    return read_entries([text(f"{subject}.toml") for subject in SUBJECTS], text("sources.toml"))


def spellings() -> dict[str, str]:
    """The pinyin of each Chinese name and synonym, a syllable a word; generated from them."""
    return tomllib.loads(text("pinyin.toml"))


def text(name: str) -> str:
    """The text of one of the catalogue's files."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
