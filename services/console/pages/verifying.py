"""
Verification at a click: ``scorebus verify``, a program of its own, run with the visitor's token.

It reads the feeds alone and recomputes everything, so that this page proves nothing by its own word.
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from nicegui import ui

from services.console.frame import Scene, section

PROGRAM: Final = Path(sys.executable).with_name("scorebus")
SECONDS_MAX: Final = 600.0
SHOWN: Final = 50
TONES: Final = {"true": "good", "difference": "bad", "unverified": "bad"}

_one_at_a_time = asyncio.Semaphore(1)  # It reads every log from its beginning.


class Verification:
    """A button, and what came of it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        words = scene.words
        with section(words("verify.title"), classes="whole"):
            ui.label(words("verify.explained")).classes("quiet")
            self._button = ui.button(words("verify.run"), on_click=self._run)
            self._button.props("outline no-caps").classes("self-start")
            self._place = ui.element("div").classes("requests").props('aria-live="polite"')

    async def _run(self) -> None:
        words = self._scene.words
        self._button.disable()
        self._say(words("verify.running"), "quiet")
        try:
            async with _one_at_a_time:
                verdict = await _verified(self._scene)
            if verdict is None:
                self._say(words("verify.failed"), "tone-bad")
            else:
                self._show(verdict)
        finally:
            self._button.enable()

    def _say(self, text: str, classes: str) -> None:
        self._place.clear()
        with self._place:
            ui.label(text).classes(classes)

    def _show(self, verdict: dict[str, Any]) -> None:
        words, outcome = self._scene.words, str(verdict["outcome"])
        events = sum(chain["events"] for chain in verdict["sources"])
        tone = TONES.get(outcome, "bad")
        text = words(f"verify.{outcome}", events=f"{events:,}", seconds=f"{verdict['seconds']:.1f}")
        self._say(f"{'✓' if tone == 'good' else '✗'} {text}", f"tone-{tone}")
        with self._place:
            for finding in verdict["findings"][:SHOWN]:
                message = finding["message"][words.language]
                ui.label(f"{finding['where']}: {message}").classes("small")


async def _verified(scene: Scene) -> dict[str, Any] | None:
    """The verdict as the program prints it; None if it could not be had."""
    words = ("verify", "--json", "--url", scene.parts.platform.url("evaluation", ""))
    environment = {"PATH": os.environ.get("PATH", ""), "SCOREBUS_TOKEN": scene.token()}
    try:
        process = await asyncio.create_subprocess_exec(
            str(PROGRAM),
            *words,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(SECONDS_MAX):
            said, _ = await process.communicate()
        found: dict[str, Any] = json.loads(said)
    except (TimeoutError, ValueError):
        return None
    else:
        return found
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
