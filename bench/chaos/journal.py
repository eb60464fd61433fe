"""What was asked and what was answered: the load's own record, which the oracles hold against the platform."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["unknown", "promised", "refused"]


@dataclass(slots=True)
class Entry:
    """One request with its key: sent again under the same key until it is answered for good."""

    key: str
    kind: str  # The type of the event that a success puts on record.
    service: str
    path: str
    body: dict[str, Any]
    project: str
    fen: int = 0
    outcome: Outcome = "unknown"
    status: int = 0  # Of the answer that counted; 0: none.
    name: str = ""  # What the answer promised: the id under which it is on record.
    attempts: int = 0
    replayed: bool = False  # An earlier attempt had got through without our hearing of it.
    busy: bool = False


@dataclass(slots=True)
class Journal:
    """Every request of a run."""

    entries: list[Entry] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # Answers that no fault excuses.
    statuses: Counter[int] = field(default_factory=Counter)

    def unsettled(self) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.outcome == "unknown")

    def promised(self, kind: str, project: str | None = None) -> list[Entry]:
        return [
            entry
            for entry in self.entries
            if entry.outcome == "promised" and entry.kind == kind and project in (None, entry.project)
        ]

    def spent(self, project: str) -> int:
        """What the promised payments of *project* less the promised reversals come to, in fen."""
        paid = sum(entry.fen for entry in self.promised("payment.made", project))
        return paid - sum(entry.fen for entry in self.promised("payment.reversed", project))

    def counts(self) -> dict[str, int]:
        found = Counter(entry.outcome for entry in self.entries)
        return {
            "requests": len(self.entries),
            "promised": found["promised"],
            "refused": found["refused"],
            "unknown": found["unknown"],
            "attempts": sum(entry.attempts for entry in self.entries),
            "replayed": sum(entry.replayed for entry in self.entries),
        }
