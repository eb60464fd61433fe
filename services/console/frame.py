"""What is around every page: head line, ways to the others, language, appearance, and the end of a session."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, cast
from urllib.parse import urlencode

from nicegui import Client, ui
from nicegui.element import Element
from starlette.requests import Request

from services.console.board import Listener, News
from services.console.parts import APPEARANCE_COOKIE, Parts, visitor_of, words_of
from services.console.sources import Refused
from services.console.visitors import Visitor
from services.console.words import LANGUAGES, Words
from shared.roles import ROLES

DESK_SCOPES: Final = tuple(
    sorted(
        {scope for scopes in ROLES.values() for scope in scopes if not scope.endswith(":read")} - {"operations:write"}
    )
)
WAYS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (  # Path, text, scopes of which one is needed.
    ("/", "way.overview", ("scores:read",)),
    ("/desk", "way.desk", DESK_SCOPES),
    ("/catalogue", "way.catalogue", ("scores:read",)),
    ("/audit", "way.audit", ("scores:read",)),
    ("/bus", "way.bus", ("events:read",)),
)
DARK: Final[dict[str, bool | None]] = {"dark": True, "light": False}
NEXT_APPEARANCE: Final = {"auto": "dark", "dark": "light", "light": "auto"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One open page: for whom, in which words."""

    parts: Parts
    visitor: Visitor
    words: Words
    client: Client
    path: str
    query: str

    async def get(self, service: str, path: str, **query: Any) -> Any:
        """Ask a service as the visitor. Raises `Refused`."""
        return await self.parts.platform.get(self.token(), service, path, **query)

    async def every(self, service: str, path: str, **query: Any) -> list[dict[str, Any]]:
        """A whole list, as the visitor. Raises `Refused`."""
        return await self.parts.platform.every(self.token(), service, path, **query)

    async def send(
        self, method: str, service: str, path: str, body: Any, *, key: str | None = None, media_type: str | None = None
    ) -> dict[str, Any]:
        """Change something as the visitor. Raises `Refused`."""
        return await self.parts.platform.send(self.token(), method, service, path, body, key=key, media_type=media_type)

    def token(self) -> str:
        """The visitor's token, to act with."""
        if self.visitor.is_over:
            raise Refused(401, {"type": "/problems/unauthorized"})
        return self.parts.visitors.token(self.visitor)

    def on_news(self, listener: Listener) -> None:
        """Tell *listener* of changes while the page lives."""

        def heard(news: News) -> None:
            if not self.visitor.may("scores:read") or (
                news.project is not None and not self.visitor.may_see(news.project)
            ):
                return
            listener(news)

        self.client.on_delete(self.parts.board.listen(heard))

    def sees(self) -> list[str]:
        """The projects on the visitor's board."""
        if not self.visitor.may("scores:read"):
            return []
        return [project for project in self.parts.board.standings if self.visitor.may_see(project)]


def scene_of(request: Request, parts: Parts) -> Scene:
    """The page that is being built, set to the visitor's language and appearance."""
    words = words_of(request, parts.settings)
    client = ui.context.client
    client.page = copy.copy(client.page)
    client.page.language = cast("Any", words.tag)
    client.page.dark = DARK.get(request.cookies.get(APPEARANCE_COOKIE, "auto"))
    visitor = visitor_of(request)
    scene = Scene(
        parts=parts, visitor=visitor, words=words, client=client, path=request.url.path, query=request.url.query
    )
    _end_with_session(scene)
    ui.add_head_html('<link rel="stylesheet" href="/static/console.css">')
    return scene


def _end_with_session(scene: Scene) -> None:
    def farewell() -> None:
        scene.client.run_javascript("location.assign('/login')")

    scene.visitor.farewells.add(farewell)
    scene.client.on_delete(lambda: scene.visitor.farewells.discard(farewell))


@contextlib.contextmanager
def framed(scene: Scene, title: str, appearance: str = "auto") -> Iterator[Element]:
    """A page with head line; *title* is the text of its heading."""
    words = scene.words
    scene.client.title = f"{title} · Scorebus"
    with ui.element("a").props('href="#content"').classes("skip"):
        ui.label(words("frame.skip"))
    with ui.element("header").classes("head"):
        with ui.element("a").props('href="/"').classes("brand"):
            ui.element("img").props('src="/static/mark.svg" alt="" width="26" height="26"')
            ui.label("Scorebus").classes("brand-name")
        with ui.element("nav").props(f'aria-label="{words("frame.ways")}"').classes("ways"):
            for path, text, scopes in WAYS:
                if not scopes or scene.visitor.may(*scopes):
                    _way(scene, path, words(text))
        with ui.element("div").classes("head-end"):
            line_state(scene)
            _choices(scene, appearance)
    # No landmark of its own: NiceGUI's page already is the main one.
    with ui.element("div").props('id="content" tabindex="-1"').classes("content") as content:
        yield content


def _way(scene: Scene, path: str, text: str) -> None:
    is_here = scene.path == path or (path != "/" and scene.path.startswith(path))
    link = ui.element("a").props(f'href="{path}"').classes("way")
    if is_here:
        link.props('aria-current="page"')
    with link:
        ui.label(text)


def line_state(scene: Scene) -> None:
    """Whether changes arrive, said in words and by a sign."""
    words, board = scene.words, scene.parts.board
    state = ui.element("div").props('role="status"').classes("line-state")
    with state:
        label = ui.label()

    def show(_: News | None = None) -> None:
        text = words("frame.live") if board.is_connected else words("frame.waiting")
        if label.text != text:
            label.set_text(text)
            state.classes(
                add="is-live" if board.is_connected else "is-waiting",
                remove="is-waiting" if board.is_connected else "is-live",
            )

    show()
    scene.on_news(show)


def _choices(scene: Scene, appearance: str) -> None:
    words = scene.words
    here = urlencode({"to": scene.path + (f"?{scene.query}" if scene.query else "")})
    for language in LANGUAGES:
        if language != words.language:
            with ui.element("a").props(f'href="/language/{language}?{here}" lang="{language}"').classes("choice"):
                ui.label(words(f"language.{language}"))
    following = NEXT_APPEARANCE.get(appearance, "dark")
    link = ui.element("a").props(f'href="/appearance/{following}?{here}"').classes("choice")
    link.props["title"] = link.props["aria-label"] = words(f"appearance.{following}")
    with link:
        ui.label({"auto": "◐", "dark": "☾", "light": "☀"}[appearance if appearance in NEXT_APPEARANCE else "auto"])
    if not scene.visitor.is_wall:
        with ui.element("form").props('method="post" action="/logout"').classes("leave"):
            ui.label(scene.visitor.name).classes("who")
            with ui.element("button").props('type="submit"').classes("choice"):
                ui.label(words("frame.leave"))


def section(title: str, *, level: Literal[2, 3] = 2, classes: str = "") -> Element:
    """A titled part of a page."""
    part = ui.element("section").classes(f"part {classes}")
    with part:
        heading(title, level)
    return part


def heading(text: str, level: int = 2) -> Element:
    """A heading; its text is text."""
    with ui.element(f"h{level}") as made:
        ui.label(text)
    return made


def explain(words: Words, refused: Refused) -> str:
    """A refusal in one sentence of the page's language."""
    name = f"problem.{refused.slug}"
    return words(name) if words.has(name) else words("problem.other", status=refused.status or "–")


def leave_out(scene: Scene, refused: Refused) -> None:
    """In place of what could not be fetched: why."""
    ui.label(explain(scene.words, refused)).classes("quiet")


def appearance_of(request: Request) -> str:
    """The appearance chosen."""
    return request.cookies.get(APPEARANCE_COOKIE, "auto")


Refresh = Callable[[], Any]
