"""A form on a page: asks, sends, and says beside each field what the service has against it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from nicegui import ui

from services.console.desk.concerns import concerned_field, figures_of
from services.console.desk.fields import Asked, AskedRows
from services.console.desk.forms import Form
from services.console.frame import Scene, explain
from services.console.sources import Refused
from services.console.words import Words
from shared.identity import new_id

EMPTIED: Final = frozenset({"amount", "long", "number"})  # After success: nothing is entered twice by mistake.


class Sheet:
    """One form, filled in by one visitor."""

    def __init__(
        self,
        scene: Scene,
        form: Form,
        *,
        project: str | None = None,
        body: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body,
    ) -> None:
        self._scene = scene
        self._form = form
        self.chosen = project  # By the address of the page.
        self._key = new_id()  # Kept until it is done: sent twice, it is done once.
        self._shape = body  # Makes of what was entered what the call wants.
        self._asked: dict[str, Asked | AskedRows] = {}
        words = scene.words
        with ui.element("form").classes("desk-form").props("novalidate") as place:
            place.props["aria-label"] = words(f"task.{form.name}")
            for field in form.fields:
                asked = AskedRows(scene, field) if field.kind == "rows" else Asked(scene, field)
                self._asked[field.name] = asked
            self._outcome = ui.element("div").classes("outcome").props("role=status aria-live=polite")
            self._button = ui.button(words(f"send.{form.name}" if words.has(f"send.{form.name}") else "desk.send"))
            self._button.props("type=submit unelevated no-caps").classes("send")
        place.on("submit.prevent", self._send)
        self._follow_project()

    def input(self, name: str) -> Asked | AskedRows:
        """The input of a field."""
        return self._asked[name]

    def _follow_project(self) -> None:
        for name in ("project", "_project"):
            asked = self._asked.get(name)
            if isinstance(asked, Asked) and isinstance(asked.input, ui.select):
                asked.input.on_value_change(self._fill)
                options = list(asked.input.options)
                chosen = self.chosen if self.chosen in options else options[0] if len(options) == 1 else None
                if chosen is not None:
                    asked.input.set_value(chosen)

    async def _fill(self) -> None:
        project = self._project()
        for asked in self._asked.values():
            if isinstance(asked, Asked):
                await asked.fill(project)

    def _project(self) -> str | None:
        for name in ("project", "_project"):
            asked = self._asked.get(name)
            if isinstance(asked, Asked):
                value = asked.value()
                return None if value is None else str(value)
        return None

    async def _send(self) -> None:
        self._quiet()
        values = {name: asked.value() for name, asked in self._asked.items()}
        if self._misses():
            return
        path = self._form.path.format(**{name: value for name, value in values.items() if isinstance(value, str)})
        self._button.disable()
        try:
            await self._scene.send(self._form.method, self._form.service, path, self._body(values), key=self._key)
        except Refused as refused:
            self._refused(refused)
            return
        finally:
            self._button.enable()
        await self._accepted()

    def _misses(self) -> bool:
        """Whether something required is empty; it is said at once, without asking the service."""
        missing = False
        for asked in self._asked.values():
            inputs = asked.inputs().values() if isinstance(asked, AskedRows) else ()
            for each in (asked, *inputs):
                if each.field.is_required and each.value() in (None, []):
                    each.complain(self._scene.words("error.missing"))
                    missing = True
        if missing:
            self._tell(self._scene.words("problem.validation"), is_good=False)
        return missing

    def _body(self, values: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for name, value in values.items():
            if value is None or name.startswith("_") or f"{{{name}}}" in self._form.path:
                continue
            place, _, member = name.rpartition(".")
            (body.setdefault(place, {}) if place else body)[member] = value
        if any(field.name.startswith("sources.") for field in self._form.fields):
            body.setdefault("sources", {})
        return self._shape(body)

    async def _accepted(self) -> None:
        words = self._scene.words
        self._key = new_id()
        self._tell(words("desk.done"), is_good=True)
        if project := self._project():
            self._scene.parts.board.ask_again(project)
        for asked in self._asked.values():
            if isinstance(asked, Asked) and asked.field.kind in EMPTIED and isinstance(asked.input, ui.input):
                asked.input.set_value("")
            if isinstance(asked, Asked):  # What is left of a line, which faults are still open.
                await asked.fill(self._project(), is_again=True)

    def _refused(self, refused: Refused) -> None:
        if refused.slug == "idempotency-key-reused":  # The form was changed after an answer that never came back.
            self._key = new_id()
        inputs: dict[str, Asked | AskedRows] = dict(self._asked)
        for asked in self._asked.values():
            if isinstance(asked, AskedRows):
                inputs |= asked.inputs()
        rest = []
        for error in refused.problem.get("errors", ()):
            message = fault_text(error, self._scene.words)
            place = str(error.get("field", ""))
            while place and place not in inputs:
                place = place.rpartition(".")[0]
            if place:
                inputs[place].complain(message)
            else:
                rest.append(f"{error.get('field', '')}: {message}" if error.get("field") else message)
        also = [Refused(refused.status, problem) for problem in refused.problem.get("also", ())]
        self._tell(explain(self._scene.words, refused), is_good=False, further=rest)
        with self._outcome:
            show_figures(refused.problem, self._scene.words)
            for each in also:
                ui.label(f"✗ {explain(self._scene.words, each)}").classes("outcome-text")
                show_figures(each.problem, self._scene.words)
        for each in reversed([refused, *also]):  # Of two about one field, the first that was found stays.
            if concerned := concerned_field(each.slug, self._asked):
                self._asked[concerned].complain(explain(self._scene.words, each))

    def _tell(self, text: str, *, is_good: bool, further: list[str] | None = None) -> None:
        self._outcome.clear()
        self._outcome.classes(add="is-good" if is_good else "is-bad", remove="is-bad" if is_good else "is-good")
        with self._outcome:
            ui.label(("✓ " if is_good else "✗ ") + text).classes("outcome-text")
            for line in further or ():
                ui.label(line)

    def _quiet(self) -> None:
        self._outcome.clear()
        for asked in self._asked.values():
            asked.complain(None)
            if isinstance(asked, AskedRows):
                for each in asked.inputs().values():
                    each.complain(None)


def fault_text(error: Mapping[str, Any], words: Words) -> str:
    """What is wrong with a field, in the page's language."""
    name = f"error.{error.get('code')}"
    if words.has(name):
        return words(name)
    if words.language == "en":
        return str(error.get("message", ""))
    return words("error.other")


def show_figures(problem: Mapping[str, Any], words: Words) -> None:
    """The figures that a refusal rests on."""
    figures = figures_of(problem, words)
    if problem.get("detail") and "errors" not in problem and figures:
        with ui.element("dl").classes("facts"):
            for name, text in figures:
                with ui.element("div"):
                    with ui.element("dt"):
                        ui.label(name)
                    with ui.element("dd"):
                        ui.label(text)
