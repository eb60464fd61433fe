"""The desk: what a visitor may do, as forms."""

from nicegui import ui
from starlette.requests import Request

from services.console.desk.following import follow
from services.console.desk.forms import FORMS
from services.console.desk.menu import show_menu, tasks_of
from services.console.desk.sheet import Sheet
from services.console.frame import appearance_of, framed, heading, scene_of
from services.console.parts import Parts


def add(parts: Parts) -> None:
    """Add the pages."""

    @ui.page("/desk")
    async def desk(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        with framed(scene, words("desk.title"), appearance_of(request)):
            heading(words("desk.title"), 1)
            show_menu(scene, None)
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
            show_menu(scene, form.name)
            with ui.element("section").classes("part desk-sheet"):
                heading(words(f"task.{form.name}"))
                sheet = Sheet(scene, form, project=request.query_params.get("project"))
                follow(scene, sheet, form.name)
