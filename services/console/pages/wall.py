"""The screen on the wall: the overview, larger, without login and without any way further. Only where switched on."""

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.console.door import WALL_COOKIE
from services.console.frame import scene_of
from services.console.login import set_session_cookie
from services.console.pages.overview import show_board
from services.console.parts import BOARD_SCOPES, Parts


def add(parts: Parts) -> None:
    """Add the page, if it is wanted."""
    if not parts.settings.wall_screen:
        return

    @ui.page("/wall")
    async def wall(request: Request) -> Response | None:
        visitor = request.state.visitor
        if visitor is None:
            visitor = parts.visitors.welcome("wall", BOARD_SCOPES, None, is_wall=True)
            begun = RedirectResponse("/wall", status_code=303)
            set_session_cookie(begun, parts, WALL_COOKIE, visitor.key)
            return begun
        scene = scene_of(request, parts, visitor)
        scene.client.title = "Scorebus"
        with ui.element("main").classes("content wall"):
            with ui.element("h1"):
                ui.label(scene.words("overview.title"))
            show_board(scene, is_wall=True)
        return None
