"""
The answers of budget, procurement and monitoring against the books.

A fact and its event are one transaction, so an answer is exact: if no event of the project came in between two looks
at the feed, what was answered between them must be what the events say. If one did come, the question is asked again.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from cli.verify.findings import Findings, Mismatch, mismatches
from cli.verify.history import History
from cli.verify.reading import Feeds, Reader, segment

ATTEMPTS: Final = 50  # A project that gets an event between any two looks, fifty times over, is left in doubt.

Expected = Callable[[str], tuple[str, dict[str, Any]] | None]


class Views:
    """Compares what services show with what their events say."""

    def __init__(self, reader: Reader, feeds: Feeds, history: History, findings: Findings) -> None:
        self._reader = reader
        self._feeds = feeds
        self._history = history
        self._findings = findings
        self.checked: dict[str, int] = {}

    def check(self) -> None:
        """
        Compare every view of the sources that are read.

        Raises:
            CommandError: If an answer cannot be read.
        """
        history = self._history
        if "budget" in self._feeds.sources:
            self._budgets()
            payments = history.ledger.payments
            self._list("budget", "payment", payments, lambda name: _of(payments.get(name)))
        if "procurement" in self._feeds.sources:
            contracts = history.contracts.by_id
            self._list("procurement", "contract", contracts, lambda name: _of(contracts.get(name)))
        if "monitoring" in self._feeds.sources:
            faults = history.faults.by_id
            self._list("monitoring", "fault", faults, lambda name: _of(faults.get(name)))

    def _budgets(self) -> None:
        ledger = self._history.ledger
        self.checked["budgets"] = len(ledger.accounts)
        for project in sorted(ledger.accounts):
            path = f"/projects/{segment(project)}/budget"
            self._settle("budget", path, project, lambda name: (name, ledger.answer(name)), _budget)

    def _list(self, service: str, noun: str, known: Mapping[str, Any], expected: Expected) -> None:
        """Compare a list page by page; what differs or is missing is asked for by its id."""
        missing = dict.fromkeys(known)
        suspects: list[str] = []
        for item in self._reader.items(service, f"/{noun}s"):
            name = str(item.get(noun))
            missing.pop(name, None)
            if _differences(f"{service} /{noun}s/{name}", expected(name), item):
                suspects.append(name)
        self.checked[f"{noun}s"] = len(known)
        for name in [*suspects, *missing]:
            self._settle(service, f"/{noun}s/{segment(name)}", name, expected)

    def _settle(
        self,
        service: str,
        path: str,
        name: str,
        expected: Expected,
        shape: Callable[[Any], Any] = lambda answer: answer,
    ) -> None:
        """Ask until the answer agrees, or disagrees though nothing happened around it."""
        for _ in range(ATTEMPTS):
            before = self._place(service, expected(name))
            answer = shape(self._reader.find(service, path))
            if not _differences(f"{service} {path}", expected(name), answer):
                return
            self._feeds.catch_up(service)
            differences = _differences(f"{service} {path}", expected(name), answer)
            if not differences:
                return
            if before == self._place(service, expected(name)):
                for each in differences:
                    self._findings.add("answer-differs", each.where, expected=each.expected, found=each.found)
                return
        self._findings.doubt("answer-moving", f"{service} {path}", expected="a moment without change", found="none")

    def _place(self, service: str, expected: tuple[str, dict[str, Any]] | None) -> tuple[int, ...]:
        """What moves when anything happens that the answer could show; without a project, the whole feed."""
        return self._feeds.mark() if expected is None else self._history.place(expected[0])


def _of(record: Any) -> tuple[str, dict[str, Any]] | None:
    if record is None:
        return None
    answer = record.answer()
    return answer["project"], answer


def _differences(where: str, expected: tuple[str, dict[str, Any]] | None, answer: Any) -> list[Mismatch]:
    if expected is None:
        return [] if answer is None else [Mismatch(where, "no such thing in the feed", "an answer")]
    return [Mismatch(where, "an answer", None)] if answer is None else mismatches(where, expected[1], answer)


def _budget(answer: Any) -> Any:
    """A budget with its lines by name."""
    if not isinstance(answer, dict) or not isinstance(answer.get("lines"), list):
        return answer
    return answer | {"lines": {each.get("line"): each for each in answer["lines"]}}


def check_contracts(history: History, findings: Findings) -> None:
    """
    Hold what was paid on contracts against the contracts.

    Procurement must have been read after budget: a payment names a contract that was on record before it.
    """
    for name, paid in sorted(history.ledger.by_contract.items()):
        contract, where = history.contracts.by_id.get(name), f"budget contract {name}"
        if contract is None:
            findings.add("contract-unknown", where, expected="a signed contract", found=paid)
            continue
        if paid > contract.amount_max:
            findings.add("contract-exceeded", where, expected=f"at most {contract.amount_max}", found=paid)
        advance = Decimal(contract.signed["advance_amount"])
        if not contract.is_accepted and paid > advance:
            findings.add("contract-not-accepted", where, expected=f"at most {advance}", found=paid)
