"""The plan editor: indicators found in the catalogue, and weights that show their sum."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from nicegui import ui
from starlette.requests import Request

from services.console.desk.fields import Asked, AskedRows
from services.console.desk.forms import PLAN
from services.console.desk.menu import show_menu
from services.console.desk.sheet import Sheet
from services.console.frame import Scene, appearance_of, framed, heading, scene_of
from services.console.pages.finding import Finder, entries_of, plain_target
from services.console.parts import Parts
from services.console.sources import Refused
from services.console.words import Words

FULL: Final = Decimal(100)
KEPT: Final = ("scoring",)  # Of an indicator: not asked, but not lost either.


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/desk/plan", response_timeout=20)
    async def plan(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        if not scene.visitor.may(*PLAN.scopes):
            with framed(scene, words("problem.forbidden"), appearance_of(request)):
                heading(words("problem.forbidden"), 1)
            return
        with framed(scene, words("task.plan"), appearance_of(request)):
            heading(words("desk.title"), 1)
            show_menu(scene, "plan")
            with ui.element("section").classes("part desk-sheet"):
                heading(words("task.plan"))
                editor = _Editor(scene)
                await editor.open(request.query_params.get("project"), request.query_params.getlist("take"))


class _Editor:
    """A form for the plan, a catalogue to pick from, and the sum of the weights."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._kept: dict[str, dict[str, Any]] = {}
        self._overrides: Any = None
        self._taken: list[Mapping[str, Any]] = []

    async def open(self, project: str | None, codes: list[str]) -> None:
        """Show the editor, with the plan in force where there is one, and the indicators of the catalogue's *codes*."""
        self._taken = await entries_of(self._scene, codes)
        catalogue = ui.element("div").classes("catalogue-search")
        self._sum = ui.label().classes("weight-sum").props("role=status")
        self._sheet = Sheet(self._scene, PLAN, project=project, body=self._body)
        self._rows = self._sheet.input("indicators")
        assert isinstance(self._rows, AskedRows)
        await self._offer_policies()
        with catalogue:
            Finder(self._scene, self._scene.words("catalogue.take"), self._pick)
        self._asked("project").input.on_value_change(self._load)
        self._asked("execution.weight").input.on_value_change(self._add_up)
        self._rows.on_change(self._changed)
        await self._load()

    def _asked(self, name: str) -> Asked:
        asked = self._sheet.input(name)
        assert isinstance(asked, Asked)
        return asked

    async def _offer_policies(self) -> None:
        words, select = self._scene.words, self._asked("policy").input
        assert isinstance(select, ui.select)
        try:
            found = await self._scene.every("evaluation", "/policies")
        except Refused:
            return
        options = {each["name"]: _policy_name(each, words) for each in found}
        first = "mof-2020" if "mof-2020" in options else next(iter(options), None)
        select.set_options(options, value=first)

    async def _load(self) -> None:
        """Put the plan in force into the form; without one, what the budget says of the project."""
        project = self._asked("project").value()
        if project is None:
            self._add_up()
            return
        try:
            self._fill(await self._scene.get("evaluation", f"/projects/{project}/plan"))
        except Refused:
            await self._begin(str(project))
        while self._taken:
            self._pick(self._taken.pop(0))
        self._changed()

    def _fill(self, plan: Mapping[str, Any]) -> None:
        for name in ("title", "fiscal_year", "from", "to", "objective", "policy"):
            self._asked(name).begin(plain_target(plan[name]))
        self._asked("execution.weight").begin(plan["execution"]["weight"])
        assert isinstance(self._rows, AskedRows)
        self._rows.set([_flat(each, self._scene.words) for each in plan["indicators"]])
        self._overrides = plan.get("policy_overrides")
        self._kept = {
            each["code"]: {name: each[name] for name in KEPT if each.get(name)} for each in plan["indicators"]
        }

    async def _begin(self, project: str) -> None:
        try:
            budget = await self._scene.get("budget", f"/projects/{project}/budget")
        except Refused:
            return
        values = {"title": budget["name"], "fiscal_year": budget["fiscal_year"]}
        values |= {"from": budget["starts_on"], "to": budget["ends_on"]}
        for name, value in values.items():
            self._asked(name).begin(plain_target(value))

    def _pick(self, entry: Mapping[str, Any]) -> None:
        assert isinstance(self._rows, AskedRows)
        target = entry.get("target") or {}
        row = _flat({**entry, "code": self._next_code(), "target": target, "weight": ""}, self._scene.words)
        row["name"] = entry["name"]
        self._rows.add(row)
        self._changed()

    def _next_code(self) -> str:
        assert isinstance(self._rows, AskedRows)
        return f"{len(self._rows.value()) + 1}"

    def _changed(self) -> None:
        self._add_up()
        self._hint()

    def _hint(self) -> None:
        """Say in each row what its measure wants to be told."""
        assert isinstance(self._rows, AskedRows)
        for row in self._rows.rows():
            name = f"argument_hint.{row['measure'].value()}"
            hint = self._scene.words(name) if self._scene.words.has(name) else ""
            if row["with"].input.props.get("hint") != hint:
                row["with"].input.props["hint"] = hint
                row["with"].input.update()

    def _add_up(self) -> None:
        assert isinstance(self._rows, AskedRows)
        total = _number(self._asked("execution.weight").value())
        total += sum((_number(row.get("weight")) for row in self._rows.value()), Decimal(0))
        fits = total == FULL
        self._sum.set_text(f"{'✓' if fits else '▲'} {self._scene.words('plan.sum', total=f'{total.normalize():f}')}")
        self._sum.classes(add="tone-good" if fits else "tone-bad", remove="tone-bad" if fits else "tone-good")

    def _body(self, body: dict[str, Any]) -> dict[str, Any]:
        indicators = []
        for row in body.get("indicators", ()):
            indicator = {name: row.get(name, "") for name in ("code", "dimension", "aspect", "name", "unit", "measure")}
            indicator["weight"] = row.get("weight", "")
            indicator["target"] = {"op": row.get("op", ""), "value": _target(row.get("op"), row.get("value", ""))}
            indicator["with"] = arguments_in(row.get("with", ""), self._scene.words)
            indicators.append(indicator | self._kept.get(row.get("code", ""), {}))
        whole = body | {"project": self._asked("project").value(), "indicators": indicators}
        return whole if self._overrides is None else whole | {"policy_overrides": self._overrides}


def _policy_name(policy: Mapping[str, Any], words: Words) -> str:
    title = policy.get("title")
    if isinstance(title, dict):
        title = title.get(words.language)
    return f"{policy['name']} · {title}" if title else str(policy["name"])


def _flat(indicator: Mapping[str, Any], words: Words) -> dict[str, Any]:
    target = indicator.get("target") or {}
    row = {
        name: indicator.get(name) or "" for name in ("code", "dimension", "aspect", "name", "unit", "weight", "measure")
    }
    arguments = indicator.get("with") or {}
    return row | {
        "op": target.get("op", ">="),
        "value": plain_target(target.get("value", "")),
        "with": arguments_shown(arguments, words),
    }


def _target(op: Any, value: str) -> Any:
    if op == "between":
        return [part.strip() for part in value.replace("，", ",").split(",")]
    return value


def arguments_shown(arguments: Mapping[str, Any], words: Words) -> str:
    """The arguments of a measure as one text, in the page's language."""
    return ", ".join(
        f"{words.of('argument', name)}={words.of('statistic', value) if name == 'statistic' else value}"
        for name, value in arguments.items()
    )


def arguments_in(text: str, words: Words) -> dict[str, str]:
    """The arguments that *text* names, in the page's language or as the plan has them."""
    names = {word: name for name, word in words.section("argument").items()}
    statistics = {word: name for name, word in words.section("statistic").items()}
    found = {}
    for part in text.replace("，", ",").replace("＝", "=").split(","):
        if part.strip():
            written, _, value = (each.strip() for each in part.partition("="))
            name = names.get(written, written)
            found[name] = statistics.get(value, value) if name == "statistic" else value
    return found


def _number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value or 0))
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
