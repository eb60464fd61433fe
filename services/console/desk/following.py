"""What one entry on a form says of its other fields, so that nobody copies by hand what the platform knows."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from nicegui import ui

from services.console.desk.fields import Asked, AskedRows
from services.console.desk.forms import ORIGINS
from services.console.desk.sheet import Sheet
from services.console.frame import Scene
from services.console.sources import Refused


def follow(scene: Scene, sheet: Sheet, form: str) -> None:
    """Fill in what follows from what is entered on *sheet*."""
    if form in _OF_CONTRACT:
        _after_choice(sheet, _OF_CONTRACT[form], scene)
    elif form == "declare":
        _after_naming(sheet, scene)


def _after_choice(sheet: Sheet, fill: "Fill", scene: Scene) -> None:
    asked = _one(sheet, "contract")

    async def chosen() -> None:
        contract = asked.value()
        if contract is None:
            return
        try:
            found = await scene.get("procurement", f"/contracts/{contract}")
            await fill(scene, sheet, found)
        except Refused:
            return  # Whoever may not read contracts fills in what stands on paper.

    asked.input.on_value_change(chosen)


async def _fill_paid(scene: Scene, sheet: Sheet, contract: Mapping[str, Any]) -> None:
    _one(sheet, "line").begin(contract["line"])
    supplier = await scene.get("procurement", f"/suppliers/{contract['supplier']}")
    _one(sheet, "payee").begin(supplier["name"])


async def _fill_accepted(_: Scene, sheet: Sheet, contract: Mapping[str, Any]) -> None:
    rows = sheet.input("items")
    assert isinstance(rows, AskedRows)
    rows.set([_rest(item) for item in contract["items"]])


def _rest(item: Mapping[str, Any]) -> dict[str, str]:
    """What of *item* is not accepted yet, taken for as good as it should be."""
    rest = f"{max(Decimal(item['quantity']) - Decimal(item['accepted']), Decimal(0)):f}"
    return {"item": item["item"], "inspected": rest, "passed": rest}


def _after_naming(sheet: Sheet, scene: Scene) -> None:
    asked = _one(sheet, "project")
    shown: list[str] = []

    async def named() -> None:
        project = asked.value()
        if project is None or shown == [project] or not scene.visitor.may("budget:read"):
            return
        shown[:] = [project]
        try:
            found = await scene.get("budget", f"/projects/{project}/budget")
        except Refused:
            return  # A new project.
        _fill_declared(sheet, found)
        ui.notify(scene.words("desk.loaded"), type="info")

    asked.input.on("blur", named)
    if sheet.chosen:
        asked.begin(sheet.chosen)
        ui.timer(0.01, named, once=True)


def _fill_declared(sheet: Sheet, found: Mapping[str, Any]) -> None:
    for name in ("name", "unit", "department", "fiscal_year", "nature", "starts_on", "ends_on"):
        value = found[name]
        _one(sheet, name).begin(str(value))
    rows = sheet.input("lines")
    assert isinstance(rows, AskedRows)
    rows.set([{"line": line["line"], "name": line["name"], "amount": line["adjusted"]} for line in found["lines"]])
    for origin in ORIGINS:
        amount = found["sources"][origin]
        _one(sheet, f"sources.{origin}").begin(amount if Decimal(amount) else "")


def _one(sheet: Sheet, name: str) -> Asked:
    asked = sheet.input(name)
    assert isinstance(asked, Asked)
    return asked


Fill = Callable[[Scene, Sheet, Mapping[str, Any]], Awaitable[None]]
_OF_CONTRACT: Final[Mapping[str, Fill]] = {
    "payment": _fill_paid,
    "request": _fill_paid,
    "acceptance": _fill_accepted,
}
