"""How a form asks: an input for each field, its choices from the services, its value as the call wants it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from services.console.desk.forms import THIS_YEAR, Field
from services.console.frame import Scene
from services.console.sources import Refused

Value = Any
LIST_KINDS: Final = frozenset(
    {"choice", "project", "budgeted", "line", "contract", "asset", "fault", "indicator", "complaint"}
)
DAY_WRITTEN: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(.*)", re.DOTALL)
OF_PROJECT: Final = frozenset({"line", "contract", "asset", "fault", "indicator", "complaint"})


class Asked:
    """One input on a form."""

    def __init__(self, scene: Scene, field: Field) -> None:
        self.field = field
        self._scene = scene
        self._label = scene.words(f"field.{field.label or field.name}")
        self.input: ui.input | ui.select | ui.checkbox = self._made()
        self.input.props["data-field"] = field.name
        self.input.classes(field.look)

    def _made(self) -> ui.input | ui.select | ui.checkbox:
        field, label = self.field, self._label + ("" if self.field.is_required else self._scene.words("desk.optional"))
        if field.kind == "yes":
            return ui.checkbox(self._label, value=bool(field.value)).classes("field")
        if field.kind in LIST_KINDS:
            made = self._select(label)
            made.props("outlined dense options-dense").classes("field")
            if not field.is_required:
                made.props("clearable")
            return made
        text = ui.input(label=label, value=self._first()).props("outlined dense").classes("field")
        if field.kind == "long":
            text.props("type=textarea autogrow").classes("field-long")
        elif field.kind in ("amount", "number", "count"):
            text.props("inputmode=decimal")
            if field.kind == "amount":
                text.props["suffix"] = self._scene.words("desk.yuan")
        elif field.kind in ("day", "moment"):
            self._add_calendar(text)
        elif field.kind == "people":
            text.props["hint"] = self._scene.words("desk.people_hint")
        return text

    def _add_calendar(self, text: ui.input) -> None:
        """A day is typed or chosen; browsers' own fields write it in the browser's language, not in the page's."""
        is_moment = self.field.kind == "moment"
        text.props["placeholder"] = self._scene.words("desk.moment_hint" if is_moment else "desk.day_hint")
        mask = "YYYY-MM-DD HH:mm" if is_moment else "YYYY-MM-DD"
        with text.add_slot("append"), ui.button(icon="event", color=None) as button:
            button.props("flat round dense")
            button.props["aria-label"] = self._scene.words("desk.calendar", field=self._label)
            with ui.menu().props("no-parent-event") as menu, ui.element("div").classes("calendar"):
                ui.date(mask=mask).props("minimal first-day-of-week=1").bind_value(text)
                if is_moment:
                    ui.time(mask=mask).props("format24h").bind_value(text)
            button.on_click(menu.open)

    def _select(self, label: str) -> ui.select:
        if self.field.kind == "choice":
            return ui.select(self._options(), label=label, value=self.field.value)
        # Whoever may not read the list, or names what is not on it yet, types the id.
        return ui.select(
            self._options(),
            label=label,
            value=self.field.value,
            with_input=True,
            new_value_mode="add-unique",
            key_generator=str,
        )

    def _first(self) -> str:
        now = datetime.now(self._zone())
        if self.field.kind == "day":
            return now.date().isoformat() if self.field.value is None else f"{now.year}-{self.field.value}"
        if self.field.kind == "moment":
            return now.strftime("%Y-%m-%d %H:%M")
        if self.field.value == THIS_YEAR:
            return str(now.year)
        return "" if self.field.value is None else str(self.field.value)

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._scene.parts.settings.time_zone)

    def _options(self) -> dict[str, str]:
        field, words = self.field, self._scene.words
        if field.kind in ("project", "budgeted"):
            standings = self._scene.parts.board.standings
            return {project: f"{standings[project].title} ({project})" for project in self._scene.sees()}
        return {option: words.of(field.words, option) for option in field.options}

    async def fill(self, project: str | None, *, is_again: bool = False) -> None:
        """Offer what *project* has; again after a change, where what is chosen stays if it is still there."""
        if self.field.kind not in OF_PROJECT or not isinstance(self.input, ui.select):
            return
        options = {} if project is None else await choices(self._scene, self.field, project)
        only = next(iter(options)) if len(options) == 1 and not is_again else None
        chosen = self.input.value if is_again and self.input.value in options else only
        self.input.set_options(options, value=chosen)

    def begin(self, value: Any) -> None:
        """Put *value* in; a choice that is not offered is offered from now on."""
        if isinstance(self.input, ui.select) and value and value not in self.input.options:
            self.input.set_options({**dict(self.input.options), value: str(value)}, value=value)
        else:
            self.input.set_value(value)

    def value(self) -> Value:
        """What was entered, as the call wants it; None where nothing was."""
        raw = self.input.value
        if self.field.kind == "yes":
            return bool(raw)
        text = str(raw or "").strip()
        return self._read(text) if text else None

    def _read(self, text: str) -> Value:
        match self.field.kind:
            case "amount" | "number":
                return text.replace(",", "").replace("，", "")
            case "count":
                return int(text) if text.isascii() and text.lstrip("-").isdigit() else text
            case "day":
                return read_day(text)
            case "moment":
                return _with_offset(read_day(text), self._zone())
            case "people":
                names = text.replace("、", ",").replace("，", ",").replace("\n", ",").split(",")
                return [name.strip() for name in names if name.strip()]
        return text

    def complain(self, message: str | None) -> None:
        """Say beside the input what is wrong with it."""
        if isinstance(self.input, ValidationElement):
            self.input.error = message
            self.input.props["aria-invalid"] = "false" if message is None else "true"


def read_day(text: str) -> str:
    """*text* with the day that it begins with as ISO 8601 has it, if it begins with one."""
    written = DAY_WRITTEN.fullmatch(text)
    if written is None:
        return text
    year, month, day, rest = written.groups()
    return f"{year}-{month:0>2}-{day:0>2}{rest}"


def _with_offset(text: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        return text  # The service says what is wrong with it.


class AskedRows:
    """A field with rows: a small table to which rows are added."""

    def __init__(self, scene: Scene, field: Field) -> None:
        self.field = field
        self._scene = scene
        self._rows: list[list[Asked]] = []
        self._listener: Callable[[], None] = lambda: None
        words = scene.words
        with ui.element("fieldset").classes(f"rows rows-{field.name}") as place:
            place.props["data-field"] = field.name
            with ui.element("legend"):
                ui.label(words(f"field.{field.label or field.name}"))
            self._place = ui.element("div").classes("rows-rows")
            self._trouble = ui.label().classes("trouble").props("role=alert")
            self._trouble.set_visibility(False)
            ui.button(words("desk.add_row"), on_click=self._add_empty).props("flat dense no-caps")
        self.add()

    def add(self, values: Mapping[str, Any] | None = None) -> None:
        """One more row, empty or with *values*."""
        with self._place, ui.element("div").classes("row-fields") as place:
            row = [Asked(self._scene, field) for field in self.field.rows]
            remove = ui.button("✕", on_click=lambda: self._remove(row, place)).props("flat dense round")
            remove.props["aria-label"] = self._scene.words("desk.remove_row")
        self._rows.append(row)
        for asked in row:
            if values is not None:
                asked.begin(values.get(asked.field.name, ""))
            asked.input.on_value_change(self._changed)

    def _remove(self, row: list[Asked], place: ui.element) -> None:
        self._rows.remove(row)
        place.delete()
        self._changed()

    def rows(self) -> list[dict[str, Asked]]:
        """The inputs of each row by the names of their fields."""
        return [{asked.field.name: asked for asked in row} for row in self._rows]

    def on_change(self, work: Callable[[], None]) -> None:
        """Call *work* whenever something in a row changes."""
        self._listener = work

    def _changed(self) -> None:
        self._listener()

    def _add_empty(self) -> None:
        self.add()

    def set(self, rows: list[dict[str, Any]]) -> None:
        """Begin with these rows."""
        self._place.clear()
        self._rows.clear()
        for values in rows:
            self.add(values)

    def value(self) -> Value:
        return [
            {asked.field.name: asked.value() for asked in row if asked.value() is not None}
            for row in self._rows
            if any(asked.value() not in (None, False) for asked in row)
        ]

    def inputs(self) -> dict[str, Asked]:
        """Every input by its place, as ``lines.0.amount``: of the rows that are sent."""
        sent = [row for row in self._rows if any(asked.value() not in (None, False) for asked in row)] or self._rows
        return {
            f"{self.field.name}.{number}.{asked.field.place or asked.field.name}": asked
            for number, row in enumerate(sent)
            for asked in row
        }

    def complain(self, message: str | None) -> None:
        """Say below the rows what is wrong with them."""
        self._trouble.set_text(message or "")
        self._trouble.set_visibility(message is not None)


async def choices(scene: Scene, field: Field, project: str) -> dict[str, str]:
    """What a field of a project's things offers; nothing where the visitor may not read it."""
    try:
        return await _CHOICES[field.kind](scene, field, project)
    except Refused:
        return {}


async def _lines(scene: Scene, _: Field, project: str) -> dict[str, str]:
    words = scene.words
    if not scene.visitor.may("budget:read"):
        return {}
    found = await scene.get("budget", f"/projects/{project}/budget")
    return {
        line["line"]: f"{line['name']} · {words('desk.left', amount=words.money(line['remaining']))}"
        for line in found["lines"]
    }


async def _contracts(scene: Scene, _: Field, project: str) -> dict[str, str]:
    found = await scene.every("procurement", "/contracts", project=project)
    return {each["contract"]: f"{each['contract']} · {scene.words.money(each['amount'])}" for each in found}


async def _assets(scene: Scene, _: Field, project: str) -> dict[str, str]:
    found = await scene.every("monitoring", "/assets", project=project)
    return {each["asset"]: each["name"] for each in found}


async def _faults(scene: Scene, field: Field, project: str) -> dict[str, str]:
    found = await scene.every("monitoring", "/faults", project=project)
    wanted = ("open",) if field.words == "open" else ("open", "responded")
    return {
        each["fault"]: f"{each['title']} · {scene.words.moment(each['occurred_at'])}"
        for each in found
        if each["status"] in wanted
    }


async def _indicators(scene: Scene, field: Field, project: str) -> dict[str, str]:
    standing = scene.parts.board.standings.get(project)
    details = [] if standing is None else standing.score.get("details", [])
    of_source = [each for each in details if each["source"] == field.words]  # What only people tell.
    wanted = of_source or details
    return {each["code"]: f"{each['code']} {each['name']}" for each in wanted}


async def _complaints(scene: Scene, _: Field, project: str) -> dict[str, str]:
    found = await scene.every("monitoring", "/complaints", project=project, status="open")
    return {each["complaint"]: f"{each['subject']} · {scene.words.moment(each['received_at'])}" for each in found}


_CHOICES: Final[dict[str, Callable[[Scene, Field, str], Awaitable[dict[str, str]]]]] = {
    "line": _lines,
    "contract": _contracts,
    "asset": _assets,
    "fault": _faults,
    "indicator": _indicators,
    "complaint": _complaints,
}
