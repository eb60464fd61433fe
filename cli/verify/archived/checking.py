"""One verification of an archive, from its first byte to its verdict."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.verify.archived.bundle import Bundle
from cli.verify.archived.figures import Figures
from cli.verify.archived.manifest import Manifest, check_members, read_manifest
from cli.verify.archived.retelling import Retelling
from cli.verify.findings import Findings, Severity
from cli.verify.history import History
from cli.verify.recount import read_policies
from cli.verify.views import check_contracts


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveVerdict:
    """What was checked, in figures, and what was found."""

    findings: Findings
    manifest: Manifest
    checked: dict[str, int]
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 if all is true, 1 if something is not, 2 if something could not be judged."""
        counts = self.findings.counts
        return 1 if counts[Severity.DIFFERENCE] else 2 if counts[Severity.UNVERIFIED] else 0

    @property
    def outcome(self) -> str:
        return ("true", "difference", "unverified")[self.exit_code]

    def facts(self) -> dict[str, Any]:
        """The figures as JSON, without the findings."""
        counts = {severity.value: self.findings.counts[severity] for severity in Severity}
        return {
            "outcome": self.outcome,
            "archive": self.manifest.facts(),
            "seconds": round(self.seconds, 3),
            "checked": self.checked,
            "counts": counts,
            "codes": self.findings.by_code(),
        }


def verify_archive(path: Path) -> ArchiveVerdict:
    """
    Verify an archive by itself.

    Raises:
        CommandError: If it is none that can be read.
    """
    began = time.monotonic()
    findings = Findings()
    policies = read_policies()
    with Bundle(path) as bundle:
        manifest = read_manifest(bundle)
        members = check_members(bundle, manifest, findings)
        history = History(findings)
        retelling = Retelling(bundle, manifest, findings, history)
        retelling.take_all()
        check_contracts(history, findings)
        figures = Figures(bundle, manifest, history, policies, findings)
        figures.check()
    return ArchiveVerdict(
        findings=findings,
        manifest=manifest,
        checked={
            "members": len(members),
            "documents": sum(name.startswith("documents/") for name in members),
            "events": retelling.events,
            "indicators": figures.indicators,
        },
        seconds=time.monotonic() - began,
    )
