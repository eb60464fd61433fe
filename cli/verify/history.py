"""What the feeds told, as far as it is needed again: books that are kept up, and each project's events."""

from collections import Counter, defaultdict
from decimal import InvalidOperation

from cli.verify.events import Happening, Told
from cli.verify.findings import Findings
from cli.verify.ledger import Ledger
from cli.verify.records import Contracts, Faults
from cli.verify.versions import Versions

SOURCES = ("budget", "procurement", "monitoring", "evaluation")
OUTCOMES = frozenset({"score.updated", "alert.raised"})  # What follows from facts and is none.


class History:
    """Takes every event once, in the order of its log."""

    def __init__(self, findings: Findings) -> None:
        self.ledger = Ledger(findings)
        self.contracts = Contracts(findings)
        self.faults = Faults(findings)
        self.versions = Versions(findings)
        self.outcomes: Counter[str] = Counter()  # Kept as a number only.
        self._findings = findings
        self._events: dict[str, list[Happening]] = defaultdict(list)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._books = {
            "budget": self.ledger.take,
            "procurement": self.contracts.take,
            "monitoring": self.faults.take,
            "evaluation": self.versions.take,
        }

    def take(self, event: Happening) -> None:
        """Enter an event into the book of its source, and keep it for the scores."""
        self._counts[event.source, event.project] += 1
        if event.type in OUTCOMES:
            self.outcomes[event.type] += 1
        else:
            self._events[event.project].append(event)
        book = self._books.get(event.source)
        if book is None:
            return
        try:
            book(event.told())
        except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
            where = f"{event.source} {event.type} {event.seq}"
            self._findings.add("content-unreadable", where, expected="what its contract says", found=repr(error))

    def events(self, project: str) -> list[Told]:
        """A project's facts in the order of each source's log, read anew: only one project's are held at a time."""
        return [event.told() for event in self._events.get(project, ())]

    def place(self, project: str) -> tuple[int, ...]:
        """How many events of each source were told of *project*: it moves with every one."""
        return tuple(self._counts[source, project] for source in SOURCES)

    def planned(self) -> list[str]:
        """The projects that have a plan."""
        return sorted(
            project for project, events in self._events.items() if any(each.type == "plan.adopted" for each in events)
        )
