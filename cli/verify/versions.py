"""The published versions of each score: every one names its predecessor, and together they give the latest."""

from dataclasses import dataclass, field
from typing import Any

from cli.verify.events import Told
from cli.verify.findings import Findings


@dataclass(slots=True)
class Version:
    """A score as its events published it."""

    version: int
    total: str
    grade: str
    is_final: bool
    rows: dict[str, tuple[str, str]] = field(default_factory=dict)  # Score and status by code.

    def answer(self) -> dict[str, Any]:
        """What the score must say if it has not moved since."""
        return {"version": self.version, "total": self.total, "grade": self.grade, "final": self.is_final}


@dataclass(slots=True)
class Versions:
    """The latest version of every project."""

    findings: Findings
    by_project: dict[str, Version] = field(default_factory=dict)
    count: int = 0

    def take(self, event: Told) -> None:
        """Enter one event of evaluation."""
        if event.type != "score.updated":
            return
        says, where = event.says, f"evaluation {event.type} {event.seq}"
        last = self.by_project.get(says["project"])
        before = 0 if last is None else last.version
        if (says["previous"], says["version"]) != (before, before + 1):
            expected, found = f"{before} → {before + 1}", f"{says['previous']} → {says['version']}"
            self.findings.add("version-skipped", where, expected=expected, found=found)
        rows = {} if last is None else last.rows
        rows |= {each["code"]: (each["score"], each["status"]) for each in says["changed"]}
        self.by_project[says["project"]] = Version(says["version"], says["total"], says["grade"], says["final"], rows)
        self.count += 1
