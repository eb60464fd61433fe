"""The desk: what a visitor may do, as forms."""

from itertools import groupby
from typing import Final

from nicegui import ui
from starlette.requests import Request

from services.console.desk.forms import FORMS, Form
from services.console.desk.sheet import Sheet
from services.console.pages.frame import Scene, appearance_of, framed, heading, scene_of
from services.console.parts import Parts

GROUPS: Final = ("planning", "money", "contracts", "operation", "people")


def add(parts: Parts) -> None:
    """Add the pages."""

    @ui.page("/desk")
    async def desk(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        with framed(scene, words("desk.title"), appearance_of(request)):
            heading(words("desk.title"), 1)
            _menu(scene, None)
            with ui.element("section").classes("part desk-sheet"):
                ui.label(words("desk.choose") if tasks_of(scene) else words("desk.nothing")).classes("quiet")

    @ui.page("/desk/{task}", response_timeout=20)
    async def show(request: Request, task: str) -> None:
        scene = scene_of(request, parts)
        words, form = scene.words, FORMS.get(task)
        if form is None or not scene.visitor.may(*form.scopes):
            with framed(scene, words("problem.forbidden"), appearance_of(request)):
                heading(words("problem.forbidden"), 1)
            return
        with framed(scene, words(f"task.{form.name}"), appearance_of(request)):
            heading(words("desk.title"), 1)
            _menu(scene, form)
            with ui.element("section").classes("part desk-sheet"):
                heading(words(f"task.{form.name}"))
                Sheet(scene, form, project=request.query_params.get("project"))


def tasks_of(scene: Scene) -> list[Form]:
    """What the visitor may do, in the order of the menu."""
    allowed = [form for form in FORMS.values() if scene.visitor.may(*form.scopes)]
    return sorted(allowed, key=lambda form: GROUPS.index(form.group))


def _menu(scene: Scene, chosen: Form | None) -> None:
    words = scene.words
    menu = ui.element("nav").classes("part desk-menu")
    menu.props["aria-label"] = words("desk.tasks")
    with menu:
        for group, forms in groupby(tasks_of(scene), key=lambda form: form.group):
            ui.label(words(f"group.{group}")).classes("desk-group")
            for form in forms:
                link = ui.element("a").props(f'href="/desk/{form.name}"').classes("desk-task")
                if form is chosen:
                    link.props('aria-current="page"')
                with link:
                    ui.label(words(f"task.{form.name}"))
