"""
Every score against its recomputation, on a platform that goes on living.

Two questions a project. *As known at a moment* before the reading began: that answer no longer moves, evaluation only
may still have to catch up, so it is asked again until it agrees or the patience is over. *The latest*: it must agree
with everything that was told and with the last version that was published; while events of the project keep coming in,
it is in motion, and the question is put again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cli.verify.events import Told
from cli.verify.findings import Findings, Mismatch, mismatches
from cli.verify.history import History
from cli.verify.reading import Feeds, Reader, segment
from cli.verify.recount import NotRecomputable, recount
from cli.verify.recount.policies import Policy

HELD_BACK: Final = ("parked-events", "diverged")  # Evaluation says itself that it does not count every event.
PATIENCE_SECONDS: Final = 30.0  # As long as evaluation may be behind before `/readyz` says so.
PAUSE_SECONDS: Final = 0.5


@dataclass(slots=True)
class Suspect:
    """A question whose answer does not agree yet."""

    project: str
    ask: Callable[[str], list[Mismatch]]
    differences: list[Mismatch]
    place: tuple[int, ...]
    has_moved: bool = False  # Events of the project came in while we waited.


@dataclass(slots=True)
class Checked:
    """What was compared."""

    projects: int = 0
    indicators: dict[str, int] = field(default_factory=dict)  # By project.
    unknown: dict[tuple[str, str], str] = field(default_factory=dict)  # By project and code: why not.
    held_back: set[str] = field(default_factory=set)


class Scores:
    """Compares scores; `check` is the whole of it."""

    def __init__(
        self,
        reader: Reader,
        feeds: Feeds,
        history: History,
        policies: Mapping[str, Policy],
        findings: Findings,
        *,
        known_at: datetime,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._reader = reader
        self._feeds = feeds
        self._history = history
        self._policies = policies
        self._findings = findings
        self._known_at = known_at
        self._patience_seconds = patience_seconds
        self.checked = Checked()

    def check(self) -> None:
        """
        Compare the scores of every project that has a plan.

        Raises:
            CommandError: If an answer cannot be read.
        """
        projects = self._history.planned()
        self.checked.projects = len(projects)
        suspects = []
        for project in projects:
            suspects += [
                Suspect(project, ask, found, self._history.place(project))
                for ask in (self._pinned, self._latest)
                if (found := ask(project))
            ]
        left = self._ask_again(suspects)
        if left:
            self._judge(left)
        for (project, code), reason in sorted(self.checked.unknown.items()):
            self._findings.unverified("not-recomputable", f"evaluation {project} {code}", found=reason)
        for project in sorted(self.checked.held_back):
            self._findings.doubt("score-held-back", f"evaluation {project}", expected="every event counted", found="")

    def _ask_again(self, suspects: list[Suspect]) -> list[Suspect]:
        deadline = time.monotonic() + self._patience_seconds
        while suspects and time.monotonic() < deadline:
            time.sleep(min(PAUSE_SECONDS, self._patience_seconds))
            self._feeds.catch_up()
            suspects = [suspect for suspect in suspects if self._still(suspect)]
        return suspects

    def _still(self, suspect: Suspect) -> bool:
        suspect.differences = suspect.ask(suspect.project)
        suspect.has_moved = suspect.has_moved or self._history.place(suspect.project) != suspect.place
        return bool(suspect.differences)

    def _judge(self, suspects: list[Suspect]) -> None:
        """What has not agreed in all that time: a difference, unless there is a reason why it could not."""
        behind = self._behind()
        self._feeds.catch_up()
        for suspect in suspects:
            self._still(suspect)
            for each in suspect.differences:
                if behind or suspect.project in self.checked.held_back:
                    reason = behind or "evaluation says that events are set aside"
                    self._findings.unverified("score-not-level", each.where, expected=each.expected, found=reason)
                elif suspect.ask == self._latest and suspect.has_moved:
                    self._findings.doubt("score-moving", each.where, expected=each.expected, found=each.found)
                else:
                    self._findings.add("score-differs", each.where, expected=each.expected, found=each.found)

    def _behind(self) -> str:
        """Why evaluation cannot know every event that was read, if it says so itself."""
        for name, state in sorted(self._reader.readiness("evaluation").items()):
            if name.startswith("watermark.") and state != "ok":
                return f"{name}: {state}"
        return ""

    def _pinned(self, project: str) -> list[Mismatch]:
        """The score as of, and as known at, the moment before the reading."""
        moment = self._known_at.isoformat()
        where = f"evaluation {project} known at {moment}"
        answer = self._reader.find("evaluation", _path(project), as_of=moment, known_at=moment)
        events = self._history.events(project)
        known = on_record(events, self._known_at)
        plans = [event for event in events if event.type == "plan.adopted"]
        in_force = [event for event in known if event.type == "plan.adopted"][-1:]
        # Without a plan at that moment the one in force now is shown: whichever was when the answer was given.
        candidates = in_force or plans
        if answer is None:
            return [Mismatch(where, "a score", None)] if in_force else []
        found = [self._compare(where, project, known, plan, answer, self._known_at) for plan in candidates]
        return min(found, key=len, default=[])

    def _latest(self, project: str) -> list[Mismatch]:
        """The score as everybody sees it, and the version that was published last."""
        where = f"evaluation {project}"
        answer = self._reader.find("evaluation", _path(project))
        if not isinstance(answer, dict):
            return [Mismatch(where, "a score", answer)]
        try:
            as_of = datetime.fromisoformat(str(answer.get("as_of")))
        except ValueError:
            return [Mismatch(f"{where} as_of", "a moment", answer.get("as_of"))]
        events = self._history.events(project)
        plan = [event for event in events if event.type == "plan.adopted"][-1]
        found = self._compare(where, project, events, plan, answer, as_of)
        version = self._history.versions.by_project.get(project)
        if version is None:
            return [*found, Mismatch(f"{where} version", "none published", answer.get("version"))]
        found += mismatches(f"{where} published version", version.answer(), answer)
        for row in _rows(answer):
            published = version.rows.get(row.get("code", ""))
            shown = (row.get("score"), row.get("status"))
            if published != shown:
                found.append(Mismatch(f"{where} published version {row.get('code')}", published, shown))
        return found

    def _compare(
        self, where: str, project: str, events: list[Told], plan: Told, answer: Any, as_of: datetime
    ) -> list[Mismatch]:
        try:
            recounted = recount(events, plan.says, self._policies, as_of)
        except NotRecomputable as reason:
            self.checked.unknown[project, "*"] = str(reason)
            return []
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.checked.unknown[project, "*"] = f"an event has not the expected content: {error!r}"
            return []
        self.checked.unknown |= {(project, code): reason for code, reason in recounted.unknown.items()}
        self.checked.indicators[project] = len(recounted.document["details"])
        expected = {"project": project, **recounted.document}
        held = [reason for reason in HELD_BACK if reason in _list(answer, "reasons")]
        if held:
            self.checked.held_back.add(project)
            if "reasons" in expected:
                expected |= {"final": False, "reasons": [*expected["reasons"], *held]}
        return mismatches(where, comparable(expected), comparable(answer))


def on_record(events: Sequence[Told], moment: datetime) -> list[Told]:
    """Of each log its events up to the last one that was recorded by *moment*: what precedes it was there before it."""
    ends: dict[str, int] = {}
    for event in events:
        if event.recorded <= moment:
            ends[event.source] = max(event.seq, ends.get(event.source, 0))
    return [event for event in events if event.seq <= ends.get(event.source, 0)]


def _path(project: str) -> str:
    return f"/projects/{segment(project)}/score"


def _list(answer: Any, name: str) -> list[Any]:
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, list) else []


def _rows(answer: Any) -> list[dict[str, Any]]:
    return [row for row in _list(answer, "details") if isinstance(row, dict)]


def comparable(score: Any) -> Any:
    """A score with its rows by code, so that a finding names the indicator; of explanations only that there is one."""
    if not isinstance(score, dict) or not isinstance(score.get("details"), list):
        return score
    rows = {str(row.get("code")): row | {"deviation": bool(row.get("deviation"))} for row in _rows(score)}
    return score | {"details": rows, "execution_deviation": bool(score.get("execution_deviation"))}
