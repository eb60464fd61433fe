"""Finding indicators in the catalogue, by words and by their levels."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from nicegui import ui

from services.console.desk.forms import ASPECTS, DIMENSIONS
from services.console.frame import Scene, explain
from services.console.sources import Refused
from services.console.words import Words

FOUND_AT_ONCE: Final = 12
CODES_MAX: Final = 30  # Taken into a plan at once.

Entry = Mapping[str, Any]


class Finder:
    """
    A search of the catalogue. Each find has a button named *take* that calls *pick*; without *pick* it has none.

    With *is_open* everything is shown before anything is asked.
    """

    def __init__(self, scene: Scene, take: str, pick: Callable[[Entry], None] | None, *, is_open: bool = False) -> None:
        self._scene = scene
        self._take = take
        self._pick = pick
        self._is_open = is_open
        self._next: str | None = None
        words = scene.words
        with ui.element("div").classes("find-tools").props("role=search"):
            self._text = ui.input(label=words("catalogue.search")).props("outlined dense clearable debounce=300")
            self._text.classes("tool-wide").props["data-field"] = "catalogue"
            self._dimension = self._filter("dimension", DIMENSIONS)
            self._aspect = self._filter("aspect", ASPECTS)
        self._count = ui.label().classes("unseen").props("role=status")
        self._found = ui.element("div").classes("finds")
        self._more = ui.button(words("catalogue.more"), on_click=self._add_page).props("flat no-caps")
        self._more.set_visibility(False)
        for asked in (self._text, self._dimension, self._aspect):
            asked.on_value_change(self._search)
        if is_open:
            ui.timer(0.01, self._search, once=True)

    def _filter(self, section: str, options: tuple[str, ...]) -> ui.select:
        words = self._scene.words
        named = {option: words.of(section, option) for option in options}
        return ui.select(named, label=words(f"field.{section}")).props("outlined dense options-dense clearable")

    async def _search(self) -> None:
        self._next = None
        if not self._is_open and not any(asked.value for asked in (self._text, self._dimension, self._aspect)):
            self._found.clear()
            self._more.set_visibility(False)
            return
        await self._fetch(is_first=True)

    async def _add_page(self) -> None:
        await self._fetch(is_first=False)

    async def _fetch(self, *, is_first: bool) -> None:
        words = self._scene.words
        query = {
            "q": str(self._text.value or "").strip()[:200],
            "dimension": self._dimension.value,
            "aspect": self._aspect.value,
            "limit": FOUND_AT_ONCE,
            "cursor": None if is_first else self._next,
        }
        try:
            page = await self._scene.get("evaluation", "/catalogue", **query)
        except Refused as refused:
            ui.notify(explain(words, refused), type="warning")
            return
        self._next = page["next"]
        if is_first:
            self._found.clear()
        with self._found:
            if is_first and not page["items"]:
                ui.label(words("catalogue.none")).classes("quiet")
            for entry in page["items"]:
                self._show(entry)
        self._count.set_text(words("catalogue.count", count=len(page["items"])))
        self._more.set_visibility(self._next is not None)

    def _show(self, entry: Entry) -> None:
        words = self._scene.words
        zh, en = entry["name"], entry.get("name_en") or ""
        names = (zh, en) if words.language == "zh" else (en or zh, zh)
        with ui.element("article").classes("find"):
            with ui.element("div").classes("find-what"):
                ui.label(names[0]).classes("find-name")
                ui.label(" · ".join(filter(None, (names[1], entry["code"])))).classes("quiet small")
                ui.label(_measured(entry, words)).classes("small")
                if self._is_open:
                    collect = entry.get("collect") or {}
                    ui.label(str(collect.get(words.language) or "")).classes("quiet small")
            if (pick := self._pick) is not None:
                button = ui.button(self._take, on_click=lambda: pick(entry)).props("outline dense no-caps")
                button.props["aria-label"] = f"{self._take}: {names[0]}"


def _measured(entry: Entry, words: Words) -> str:
    place = f"{words.of('dimension', entry['dimension'])} / {words.of('aspect', entry['aspect'])}"
    target = entry.get("target")
    shown = "" if target is None else f"{words.of('op', target['op'])} {plain_target(target['value'])}"
    measure = words.of("measure", entry["measure"])
    return " · ".join(filter(None, (place, f"{shown} {entry['unit'] or ''}".strip(), measure)))


def plain_target(value: Any) -> str:
    """The value of a target as one text."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


async def entries_of(scene: Scene, codes: list[str]) -> list[Entry]:
    """The catalogue's entries of *codes*, those that there are."""
    found = []
    for code in codes[:CODES_MAX]:
        try:
            page = await scene.get("evaluation", "/catalogue", q=code[:200], limit=FOUND_AT_ONCE)
        except Refused:
            continue
        found += [entry for entry in page["items"] if entry["code"] == code]
    return found
