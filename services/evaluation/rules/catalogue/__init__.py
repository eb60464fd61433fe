"""The indicator catalogue (指标库): read, searched, and matched to free texts. Pure: its data are handed in."""

from services.evaluation.rules.catalogue import units
from services.evaluation.rules.catalogue.entry import Entry, Source
from services.evaluation.rules.catalogue.matching import Candidate, Matcher
from services.evaluation.rules.catalogue.reading import read_concepts, read_entries
from services.evaluation.rules.catalogue.searching import Index
from services.evaluation.rules.catalogue.words import Vocabulary

__all__ = ["Candidate", "Entry", "Index", "Matcher", "Source", "Vocabulary", "read_concepts", "read_entries", "units"]
