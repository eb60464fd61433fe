"""The screen on the wall: the overview, larger, without login and without any way further. Only where switched on."""

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.console.door import WALL_COOKIE
from services.console.frame import heading, line_state, scene_of
from services.console.login import set_session_cookie
from services.console.pages.overview import show_board
from services.console.parts import Parts


def add(parts: Parts) -> None:
    """Add the page, if it is wanted."""
    if not parts.settings.wall_screen:
        return

    @ui.page("/wall")
    async def wall(request: Request) -> Response | None:
        if request.state.visitor is None:
            begun = RedirectResponse("/wall", status_code=303)
            set_session_cookie(begun, parts, WALL_COOKIE, parts.wall.key)
            return begun
        scene = scene_of(request, parts)
        scene.client.title = "Scorebus"
        with ui.element("div").classes("content wall"):
            with ui.element("div").classes("wall-head"):
                heading(scene.words("overview.title"), 1)
                line_state(scene)  # What does not move any more must not look like a quiet day.
            if scene.visitor.may("scores:read"):
                show_board(scene, is_wall=True)
            else:
                ui.label(scene.words("problem.forbidden")).classes("quiet")
        return None
