"""What a visitor may do at the desk, as a menu."""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from nicegui import ui

from services.console.desk.forms import FORMS
from services.console.frame import Scene

GROUPS: Final = ("planning", "money", "contracts", "operation", "people")


@dataclass(frozen=True, slots=True)
class Task:
    """A page of the desk and the scopes of which one opens it."""

    name: str
    group: str
    scopes: tuple[str, ...]


TASKS: Final = (
    *(Task(form.name, form.group, form.scopes) for form in FORMS.values()),
    Task("file", "planning", ("projects:write", "plans:write")),
    Task("requests", "money", ("payments:request", "payments:approve", "payments:pay")),
)


def tasks_of(scene: Scene) -> list[Task]:
    """What the visitor may do, in the order of the menu."""
    return sorted(
        (task for task in TASKS if scene.visitor.may(*task.scopes)), key=lambda task: GROUPS.index(task.group)
    )


def show_menu(scene: Scene, chosen: str | None) -> None:
    """The menu, with the page that is open marked; on a phone folded, or it would stand before every form."""
    words = scene.words
    menu = ui.element("nav").classes("part desk-menu")
    menu.props["aria-label"] = words("desk.tasks")
    with menu:
        _links(scene, chosen)
    with ui.element("details").classes("part desk-fold") as fold:
        if chosen is None:
            fold.props("open")
        with ui.element("summary"):
            ui.label(words("desk.tasks"))
        with ui.element("nav").classes("desk-links") as folded:
            folded.props["aria-label"] = words("desk.tasks")
            _links(scene, chosen)


def _links(scene: Scene, chosen: str | None) -> None:
    words = scene.words
    for group, tasks in groupby(tasks_of(scene), key=lambda task: task.group):
        ui.label(words(f"group.{group}")).classes("desk-group")
        for task in tasks:
            link = ui.element("a").props(f'href="/desk/{task.name}"').classes("desk-task")
            if task.name == chosen:
                link.props('aria-current="page"')
            with link:
                ui.label(words(f"task.{task.name}"))
