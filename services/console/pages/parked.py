"""Parked events: what could not be applied, why, and a way to have it tried again or given up."""

import asyncio
from typing import Any, Final

from nicegui import ui

from services.console.frame import Scene, explain, section
from services.console.pages.asking import ask_reason
from services.console.sources import SERVICES, Refused

SHOWN: Final = 50


class Parked:
    """The list, built anew after each step."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        with section(scene.words("parked.title"), classes="whole"):
            self._place = ui.element("div").classes("requests")

    async def show(self) -> None:
        """Ask every service and show what it has parked."""
        found = [row for rows in await asyncio.gather(*(self._of(service) for service in SERVICES)) for row in rows]
        self._place.clear()
        with self._place:
            if not found:
                ui.label(f"✓ {self._scene.words('parked.none')}").classes("tone-good")
            for service, row in found[:SHOWN]:
                self._one(service, row)

    async def _of(self, service: str) -> list[tuple[str, dict[str, Any]]]:
        try:
            page = await self._scene.get(service, "/parked-events", limit=SHOWN)
        except Refused:
            return []
        return [(service, row) for row in page["items"]]

    def _one(self, service: str, row: dict[str, Any]) -> None:
        words = self._scene.words
        with ui.element("article").classes("request"):
            with ui.element("div").classes("request-what"):
                kind = str(row["type"]).partition(".v")[0].replace(".", "_")
                ui.label(f"{words.of('event', kind)} · {row['project'] or '–'}").classes("request-amount")
                place = f"{words.of('service', row['source'])} #{row['sequence']} → {words.of('service', service)}"
                ui.label(f"{place} · {words.moment(row['first_at'])}").classes("quiet small")
                ui.label(str(row["reason"]))
                if row["proposed_by"]:
                    ui.label(words("parked.proposed", person=row["proposed_by"])).classes("quiet")
            if self._scene.visitor.may("operations:write"):
                with ui.element("div").classes("request-steps"):
                    self._step(service, row, "replay")
                    self._step(service, row, "dismissal")

    def _step(self, service: str, row: dict[str, Any], step: str) -> None:
        words = self._scene.words

        async def take(reason: str) -> None:
            await self._take(service, row["position"], step, reason)

        name = words(f"parked.{step}")
        ui.button(name, on_click=lambda: ask_reason(self._scene, name, take)).props("outline no-caps dense")

    async def _take(self, service: str, position: int, step: str, reason: str) -> None:
        try:
            await self._scene.send("POST", service, f"/parked-events/{position}/{step}", {"reason": reason})
        except Refused as refused:
            with self._place:
                ui.notify(explain(self._scene.words, refused), type="warning")
            return
        await self.show()
