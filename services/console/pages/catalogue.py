"""The catalogue: indicators to choose from, by Chinese or English words."""

from nicegui import ui
from starlette.requests import Request

from services.console.frame import appearance_of, framed, heading, scene_of
from services.console.pages.plan import search_catalogue
from services.console.parts import Parts


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/catalogue")
    async def catalogue(request: Request) -> None:
        scene = scene_of(request, parts)
        with framed(scene, scene.words("catalogue.title"), appearance_of(request)):
            heading(scene.words("catalogue.title"), 1)
            with ui.element("section").classes("part whole"):
                ui.label(scene.words("catalogue.explained")).classes("quiet")
                search_catalogue(scene, None)
