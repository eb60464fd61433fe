"""The catalogue: indicators to choose from, by Chinese or English words, and to copy into a plan."""

from urllib.parse import urlencode

from nicegui import ui
from starlette.requests import Request

from services.console.desk.forms import PLAN
from services.console.frame import Scene, appearance_of, framed, heading, scene_of
from services.console.pages.finding import CODES_MAX, Entry, Finder
from services.console.parts import Parts


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/catalogue")
    async def catalogue(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        with framed(scene, words("catalogue.title"), appearance_of(request)):
            heading(words("catalogue.title"), 1)
            with ui.element("section").classes("part whole"):
                ui.label(words("catalogue.explained")).classes("quiet")
                if scene.visitor.may(*PLAN.scopes):
                    tray = _Tray(scene)
                    Finder(scene, words("catalogue.choose"), tray.add, is_open=True)
                else:
                    Finder(scene, "", None, is_open=True)


class _Tray:
    """What was chosen, on its way into a plan."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._chosen: dict[str, str] = {}
        words, standings = scene.words, scene.parts.board.standings
        with ui.element("div").classes("tray") as self._place:
            self._names = ui.label().classes("tray-names").props("role=status")
            options = {project: f"{standings[project].title} ({project})" for project in scene.sees()}
            self._project = ui.select(options, label=words("field.project"), with_input=True)
            self._project.props("outlined dense options-dense clearable").classes("tray-project")
            ui.button(words("catalogue.copy"), on_click=self._copy).props("unelevated no-caps").classes("send")
            ui.button(words("catalogue.clear"), on_click=self._clear).props("flat no-caps")
        self._show()

    def add(self, entry: Entry) -> None:
        """Choose one more."""
        if len(self._chosen) < CODES_MAX:
            is_english = self._scene.words.language == "en"
            self._chosen[entry["code"]] = (entry.get("name_en") if is_english else "") or entry["name"]
            self._show()

    def _clear(self) -> None:
        self._chosen.clear()
        self._show()

    def _show(self) -> None:
        words = self._scene.words
        names = words("catalogue.and").join(self._chosen.values())
        self._names.set_text(words("catalogue.chosen", count=len(self._chosen), names=names))
        self._place.set_visibility(bool(self._chosen))

    def _copy(self) -> None:
        query = [("take", code) for code in self._chosen]
        if self._project.value:
            query.insert(0, ("project", str(self._project.value)))
        ui.navigate.to(f"/desk/plan?{urlencode(query)}")
