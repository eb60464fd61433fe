"""Audit: drop a finished self-evaluation table in, read what is wrong with it."""

import json
from typing import Any, Final

from nicegui import ui
from nicegui.events import UploadEventArguments
from starlette.requests import Request

from services.console.components import Drop, Ledger
from services.console.frame import Scene, appearance_of, explain, framed, heading, scene_of
from services.console.parts import Parts
from services.console.sources import Refused

BYTES_MAX: Final = 2 * 1024 * 1024  # What evaluation takes as a workbook; of JSON it says itself what is too much.
WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SIGNS: Final = {"error": "✗", "doubt": "?"}


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/audit")
    async def audit(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        with framed(scene, words("audit.title"), appearance_of(request)):
            heading(words("audit.title"), 1)
            with ui.element("section").classes("part whole"):
                ui.label(words("audit.explained")).classes("quiet")
                Drop(
                    words("audit.drop"),
                    words("audit.limit"),
                    words.section("drop"),
                    kinds=".xlsx,.json",
                    bytes_max=BYTES_MAX,
                    on_upload=_Audit(scene).take,
                )


class _Audit:
    """Asks for an audit and shows its findings."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._place: ui.element | None = None

    async def take(self, event: UploadEventArguments) -> None:
        """Have a file audited."""
        words = self._scene.words
        name, content = event.file.name, await event.file.read()
        place = self._findings()
        try:
            found = await self._ask(name, content)
        except (ValueError, UnicodeError):
            with place:
                ui.label(f"{name}: {words('audit.unreadable')}").classes("tone-bad")
            return
        except Refused as refused:
            with place:
                ui.label(f"{name}: {explain(words, refused)}").classes("tone-bad")
            return
        with place:
            self._show(name, found)

    def _findings(self) -> ui.element:
        if self._place is None:
            with self._scene.client.content.default_slot.children[-1]:
                self._place = ui.element("section").classes("part whole").props("aria-live=polite")
        self._place.clear()
        return self._place

    async def _ask(self, name: str, content: bytes) -> dict[str, Any]:
        if name.lower().endswith(".json"):
            return await self._scene.send("POST", "evaluation", "/audits", json.loads(content))
        return await self._scene.send("POST", "evaluation", "/audits", content, media_type=WORKBOOK)

    def _show(self, name: str, found: dict[str, Any]) -> None:
        words, findings = self._scene.words, found["findings"]
        heading(name)
        errors = sum(finding["severity"] == "error" for finding in findings)
        summary = words("audit.summary", errors=errors, doubts=len(findings) - errors, policy=found["policy"])
        ui.label(summary).classes("outcome-text")
        total = found.get("recomputed_total")
        if total is not None:
            ui.label(words("audit.total", total=total))
        columns = [
            {"key": "severity", "label": words("audit.severity")},
            {"key": "row", "label": words("audit.row")},
            {"key": "message", "label": words("audit.message")},
            {"key": "printed", "label": words("audit.printed")},
            {"key": "expected", "label": words("audit.expected")},
        ]
        Ledger(columns, [self._row(finding) for finding in findings], words("audit.title"), words("audit.clean"))

    def _row(self, finding: dict[str, Any]) -> dict[str, Any]:
        words, severity = self._scene.words, finding["severity"]
        text = f"{SIGNS.get(severity, '')} {words.of('finding', severity)}"
        return {
            "severity": {"text": text, "tone": "bad" if severity == "error" else ""},
            "row": "–" if finding["row"] is None else str(finding["row"] + 1),
            "message": str(finding["message"].get(words.language, "")),
            "printed": _plain(finding.get("printed")),
            "expected": _plain(finding.get("expected")),
        }


def _plain(value: Any) -> str:
    return "–" if value is None else str(value)
