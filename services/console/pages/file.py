"""A project file at the desk: each call that it makes, and what came of it."""

import asyncio
from typing import Final

from nicegui import ui
from nicegui.events import UploadEventArguments
from starlette.requests import Request

from services.console.components import Drop
from services.console.desk.menu import show_menu
from services.console.desk.project_file import Declared, NoProjectFile, declared_in
from services.console.desk.sheet import fault_text, show_figures
from services.console.frame import Scene, appearance_of, explain, framed, heading, scene_of
from services.console.parts import Parts
from services.console.sources import Refused

BYTES_MAX: Final = 256 * 1024  # The largest body that a service takes.
TRIES: Final = 20  # Others learn of a new project within moments.
PAUSE_SECONDS: Final = 0.5
NOT_YET: Final = frozenset({"project-unknown", "line-unknown", "contract-unknown"})


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/desk/file")
    async def file(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        if not scene.visitor.may("projects:write", "plans:write"):
            with framed(scene, words("problem.forbidden"), appearance_of(request)):
                heading(words("problem.forbidden"), 1)
            return
        with framed(scene, words("task.file"), appearance_of(request)):
            heading(words("desk.title"), 1)
            show_menu(scene, "file")
            with ui.element("section").classes("part desk-sheet"):
                heading(words("task.file"))
                ui.label(words("file.explained")).classes("quiet")
                outcome = ui.element("ol").classes("steps")

                async def take(event: UploadEventArguments) -> None:
                    outcome.clear()
                    await _apply(scene, await event.file.read(), outcome)

                Drop(
                    words("file.drop"),
                    words("file.limit"),
                    words.section("drop"),
                    kinds=".toml",
                    bytes_max=BYTES_MAX,
                    on_upload=take,
                )
                outcome.move(target_index=-1)


async def _apply(scene: Scene, content: bytes, outcome: ui.element) -> None:
    words = scene.words
    try:
        calls = declared_in(content)
    except NoProjectFile:
        with outcome:
            ui.label(f"✗ {words('file.none')}").classes("tone-bad")
        return
    for call in calls:
        with outcome, ui.element("li"):
            what = words(f"file.{call.service}", id=call.path.split("/")[2])
            line = ui.label(f"… {what}")
            try:
                await _put(scene, call)
            except Refused as refused:
                line.set_text(f"✗ {what}: {explain(words, refused)}")
                line.classes("tone-bad")
                for error in refused.problem.get("errors", ()):
                    ui.label(f"{error.get('field', '')}: {fault_text(error, words)}")
                show_figures(refused.problem, words)
                return
            line.set_text(f"✓ {what}")
            line.classes("tone-good")
    with outcome:
        ui.label(f"✓ {words('desk.done')}").classes("outcome-text tone-good")


async def _put(scene: Scene, call: Declared) -> None:
    for attempt in range(TRIES):
        try:
            await scene.send("PUT", call.service, call.path, call.body)
        except Refused as refused:
            if refused.slug not in NOT_YET or attempt == TRIES - 1:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
