"""The archived score and forms against what the archived events give."""

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, TypeVar

import msgspec

from cli.verify.archived.bundle import Bundle, Damaged
from cli.verify.archived.manifest import Manifest
from cli.verify.events import Told
from cli.verify.findings import Findings, mismatches
from cli.verify.history import History
from cli.verify.recount import NotRecomputable, recount
from cli.verify.recount.policies import Policy
from cli.verify.recount.scoring import plain
from cli.verify.scores import HELD_BACK, comparable

YUAN_PER_WAN: Final = 10_000
SEALED: Final = "sealed/form.json"

Kind = TypeVar("Kind", dict[str, Any], list[Any])


class Figures:
    """Compares figure by figure; `check` is the whole of it."""

    def __init__(
        self,
        bundle: Bundle,
        manifest: Manifest,
        history: History,
        policies: Mapping[str, Policy],
        findings: Findings,
    ) -> None:
        self._bundle = bundle
        self._manifest = manifest
        self._history = history
        self._policies = policies
        self._findings = findings
        self.indicators = 0

    def check(self) -> None:
        """Compare score, form, plan, policy, sealed form and documents."""
        score = self._json("score.json", dict)
        if score is not None:
            self._add("manifest-differs", "score.json", _named(self._manifest), score)
        events = self._history.events(self._manifest.project)
        plans = [event for event in events if event.type == "plan.adopted"]
        if plans:
            self._plan(plans[-1])
            self._score(events, plans[-1], score)
        else:
            self._findings.add("plan-missing", "events/evaluation.ndjson", expected="an adopted plan", found="none")
        self._version(score)
        self._sealed(events)
        self._documents()

    def _json(self, name: str, kind: type[Kind]) -> Kind | None:
        """A member; None if it is not there, which is told with the members, or is none of that *kind*, told here."""
        if name not in self._bundle.names:
            return None
        found: Any = None
        try:
            found = msgspec.json.decode(self._bundle.read(name))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Damaged) as error:
            self._findings.add("member-unreadable", name, expected="JSON", found=error)
            return None
        if isinstance(found, kind):
            return found
        expected = "an object" if kind is dict else "a list"
        self._findings.add("member-unreadable", name, expected=expected, found=type(found).__name__)
        return None

    def _add(self, code: str, where: str, expected: Any, found: Any) -> None:
        """Take up every member of *found* that is not as expected."""
        for each in mismatches(where, expected, found):
            self._findings.add(code, each.where, expected=each.expected, found=each.found)

    def _plan(self, adopted: Told) -> None:
        self._add("plan-differs", "plan.json", adopted.says, self._json("plan.json", dict) or {})
        name = str(adopted.says.get("policy"))
        ours = self._policies.get(name)
        if "policy.toml" not in self._bundle.names:
            return
        try:
            theirs = tomllib.loads(self._bundle.read("policy.toml").decode(), parse_float=str)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, Damaged) as error:
            self._findings.add("member-unreadable", "policy.toml", expected="TOML", found=error)
            return
        if ours is not None and dict(ours) != theirs:
            self._findings.doubt("policy-differs", "policy.toml", expected=f"{name} as installed", found="another text")

    def _score(self, events: list[Told], plan: Told, score: dict[str, Any] | None) -> None:
        if score is None:
            return
        try:
            as_of = datetime.fromisoformat(str(score.get("as_of")))
            recounted = recount(events, plan.says, self._policies, as_of)
        except NotRecomputable as unknown:
            self._findings.unverified("not-recomputable", "score.json", found=unknown)
            return
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            self._findings.unverified("not-recomputable", "score.json", found=repr(error))
            return
        for code, reason in sorted(recounted.unknown.items()):
            self._findings.unverified("not-recomputable", f"score.json {code}", found=reason)
        expected = {"project": self._manifest.project, **recounted.document}
        self.indicators = len(recounted.document["details"])
        reasons = score.get("reasons")
        held = [reason for reason in HELD_BACK if reason in (reasons if isinstance(reasons, list) else [])]
        if held and "reasons" in expected:
            expected |= {"final": False, "reasons": [*expected["reasons"], *held]}
        self._add("score-differs", "score.json", comparable(expected), comparable(score))
        self._rows("score-differs", "score.json details", plan.says, score.get("details"))
        self._form(expected, plan.says)

    def _form(self, score: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """The figures on the form; its words are the hash's to guard."""
        form = self._json("form.json", dict)
        if form is None:
            return
        targets = {each["code"]: each["target"]["op"] for each in plan["indicators"]}
        found = form | {"indicators": _by_code(form.get("indicators")), "money": _first(form.get("money"))}
        expected: dict[str, Any] = {
            "project": self._manifest.project,
            "money": _money(score["execution"]),
            "indicators": {row["code"]: _cells(row, targets) for row in score["details"]},
        }
        if "total" in score:
            expected |= {"total": score["total"], "mark": not score["final"]}
            expected |= {"grade": score["grade_label"]} if form.get("language") == "zh" else {}
            found["mark"] = bool(form.get("mark"))  # Why it is not final, in words; none if it is.
        self._rows("form-differs", "form.json indicators", plan, form.get("indicators"))
        self._add("form-differs", "form.json", expected, found)

    def _rows(self, code: str, where: str, plan: Mapping[str, Any], rows: Any) -> None:
        """There are the plan's rows, each once and in its order: else a second one could say something else."""
        codes = [row.get("code") if isinstance(row, dict) else row for row in rows] if isinstance(rows, list) else rows
        self._add(code, f"{where} codes", [each["code"] for each in plan["indicators"]], codes)

    def _version(self, score: dict[str, Any] | None) -> None:
        """The version that was published last is the one that is archived."""
        last = self._history.versions.by_project.get(self._manifest.project)
        expected = 0 if last is None else last.version
        if score is not None and score.get("version") != expected:
            self._findings.add("score-differs", "score.json version", expected=expected, found=score.get("version"))

    def _sealed(self, events: list[Told]) -> None:
        """A sealed form is the one whose hash was published."""
        published = [event.says.get("form_sha256") for event in events if event.type == "score.sealed"]
        if SEALED in self._bundle.names:
            try:
                digest = hashlib.sha256(self._bundle.read(SEALED)).hexdigest()
            except Damaged:
                return  # Told with the members.
            if digest not in published:
                expected = published[-1] if published else "no sealed form"
                self._findings.add("sealed-differs", SEALED, expected=expected, found=digest)
        elif published:
            self._findings.add("member-missing", SEALED, expected=published[-1], found="none")

    def _documents(self) -> None:
        """The list of documents names the files that are there, by their hashes."""
        listed = self._json("documents.json", list)
        if listed is None:
            return
        there = {each.name: each.sha256 for each in self._manifest.members if each.name.startswith("documents/")}
        rows = [each if isinstance(each, dict) else {} for each in listed]
        named = {str(each.get("member")): each.get("sha256") for each in rows}
        for name in sorted(there.keys() | named.keys()):
            if there.get(name) != named.get(name):
                found = there.get(name)
                self._findings.add("document-differs", f"documents.json {name}", expected=named.get(name), found=found)


def _named(manifest: Manifest) -> dict[str, Any]:
    return {"project": manifest.project, "as_of": manifest.as_of, "version": manifest.version}


def _by_code(rows: Any) -> dict[str, dict[str, Any]]:
    found = rows if isinstance(rows, list) else []
    return {str(row.get("code")): row for row in found if isinstance(row, dict)}


def _first(lines: Any) -> Any:
    return lines[0] if isinstance(lines, list) and lines else None


def _money(execution: Mapping[str, str]) -> dict[str, str]:
    """The first row of the funds table, in 10,000 yuan."""
    return {
        "annual": plain(Fraction(execution["budget"]) / YUAN_PER_WAN),
        "executed": plain(Fraction(execution["spent"]) / YUAN_PER_WAN),
        "weight": execution["weight"],
        "score": execution["score"],
    }


def _cells(row: Mapping[str, Any], targets: Mapping[str, str]) -> dict[str, str]:
    """The cells of a row that every layout has and that hold figures; levels and what is missing are words."""
    op = targets[row["code"]]
    unit = "" if op in ("by", "level") else row["unit"]
    cells = {"level3": row["name"], "target": f"{row['target']}{unit}", "weight": row["weight"], "score": row["score"]}
    if row["measured"] is None or row["vacuous"] or op == "level":
        return cells
    return cells | {"measured": f"{row['measured']}{unit}"}
