"""One verification from its first page to its verdict."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cli.client import Platform
from cli.errors import CommandError
from cli.verify.findings import Findings, Severity
from cli.verify.history import SOURCES, History
from cli.verify.reading import Feeds, Reader
from cli.verify.recount import read_policies
from cli.verify.scores import PATIENCE_SECONDS, Scores
from cli.verify.tips import Tip
from cli.verify.views import Views, check_contracts


@dataclass(slots=True)
class Verdict:
    """What was checked, in figures, and what was found."""

    findings: Findings
    history: History
    known_at: datetime
    chains: list[dict[str, Any]]
    tips: list[Tip]
    against: Sequence[Tip]
    checked: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 if all is true, 1 if something is not, 2 if something could not be judged."""
        counts = self.findings.counts
        return 1 if counts[Severity.DIFFERENCE] else 2 if counts[Severity.UNVERIFIED] else 0

    @property
    def outcome(self) -> str:
        return ("true", "difference", "unverified")[self.exit_code]


def verify(
    platform: Platform,
    *,
    source: str | None = None,
    against: Sequence[Tip] = (),
    patience_seconds: float = PATIENCE_SECONDS,
) -> Verdict:
    """
    Verify a platform, or the log of one *source* with what that source alone answers for.

    Raises:
        CommandError: If something cannot be read.
    """
    began = time.monotonic()
    sources = SOURCES if source is None else (source,)
    held = [tip for tip in against if tip.source in sources]
    if against and not held:
        raise CommandError(f"--against: no tip of {', '.join(sources)} is among them")
    findings = Findings()
    history = History(findings)
    reader = Reader(platform)
    feeds = Feeds(reader, sources, findings, history.take)
    known_at = feeds.open(held)
    checked: dict[str, int] = {}
    if source is None:
        check_contracts(history, findings)
    views = Views(reader, feeds, history, findings)
    views.check()
    checked |= views.checked
    if source is None:
        checked |= _check_scores(reader, feeds, history, findings, known_at, patience_seconds)
    return Verdict(
        findings=findings,
        history=history,
        known_at=known_at,
        chains=[_figures(feeds, index) for index in range(len(feeds.chains))],
        tips=feeds.tips(),
        against=held,
        checked=checked | {"answers": reader.calls},
        seconds=time.monotonic() - began,
    )


def _check_scores(
    reader: Reader, feeds: Feeds, history: History, findings: Findings, known_at: datetime, patience_seconds: float
) -> Mapping[str, int]:
    policies = read_policies()
    scores = Scores(reader, feeds, history, policies, findings, known_at=known_at, patience_seconds=patience_seconds)
    scores.check()
    return {
        "projects": scores.checked.projects,
        "indicators": sum(scores.checked.indicators.values()),
        "versions": history.versions.count,
        "policies": len(policies),
    }


def _figures(feeds: Feeds, index: int) -> dict[str, Any]:
    chain = feeds.chains[index]
    return {
        "source": chain.source,
        "partition": chain.partition,
        "epochs": len(chain.epochs),
        "events": chain.events,
        "bytes": chain.bytes,
        "seq": chain.seq,
        "hash": chain.hash,
    }
