"""A small dialog that asks for one thing before a step is taken."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from nicegui import ui

from services.console.frame import Scene, heading


@contextmanager
def small_dialog(scene: Scene, title: str) -> Iterator[ui.dialog]:
    """A dialog with a heading, open when its content is there; it is no part of what is built anew around it."""
    with scene.client, ui.dialog() as dialog, ui.element("div").classes("sheet sheet-small"):
        dialog.props["aria-label"] = title
        heading(title)
        yield dialog
    dialog.on("hide", dialog.delete)
    dialog.open()


def add_buttons(scene: Scene, dialog: ui.dialog, step: str, take: Callable[[], Awaitable[None]]) -> None:
    """The button that takes the step, and the way out."""
    with ui.element("div").classes("sheet-buttons"):
        ui.button(step, on_click=take).props("unelevated no-caps").classes("send")
        ui.button(scene.words("frame.close"), on_click=dialog.close).props("flat no-caps")


def ask_reason(scene: Scene, step: str, take: Callable[[str], Awaitable[None]]) -> None:
    """Ask why, then call *take* with the answer."""
    words = scene.words
    with small_dialog(scene, step) as dialog:
        reason = (
            ui.input(label=words("field.reason")).props("outlined autogrow type=textarea autofocus").classes("field")
        )

        async def taken() -> None:
            text = str(reason.value or "").strip()
            if not text:
                reason.error = words("error.missing")
                return
            dialog.close()
            await take(text)

        add_buttons(scene, dialog, step, taken)
