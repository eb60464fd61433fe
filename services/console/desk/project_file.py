"""A project file, dropped in: TOML as `scorebus apply` reads it, read into the calls that declare the project."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

PARTS: Final = frozenset({"project", "suppliers", "assets", "plan"})
MARK: Final = "assumed"  # Says what no source states; never sent.


@dataclass(frozen=True, slots=True)
class Declared:
    """One call of a project file; all of them are PUT."""

    service: str
    path: str
    body: Mapping[str, Any]


class NoProjectFile(Exception):
    """The file has not the shape of one."""


def declared_in(content: bytes) -> list[Declared]:
    """
    The calls, the budget first, because the others learn of the project from it.

    Raises:
        NoProjectFile: If it is not TOML, or lacks a project, or has parts that none has.
    """
    try:
        found = _plain(tomllib.loads(content.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise NoProjectFile from error
    if found.keys() - PARTS or not isinstance(found.get("project"), dict) or "id" not in found["project"]:
        raise NoProjectFile
    project = str(found["project"]["id"])
    try:
        return list(_calls(project, found))
    except (KeyError, TypeError, AttributeError) as error:
        raise NoProjectFile from error


def _calls(project: str, found: Mapping[str, Any]) -> list[Declared]:
    calls = [Declared("budget", f"/projects/{project}", _without(found["project"], "id"))]
    calls += [
        Declared("procurement", f"/suppliers/{supplier['supplier']}", _without(supplier, "supplier"))
        for supplier in found.get("suppliers", ())
    ]
    for asset in found.get("assets", ()):
        body = {"project": project} | _without(asset, "asset")
        calls.append(Declared("monitoring", f"/assets/{asset['asset']}", body))
    if "plan" in found:
        calls.append(Declared("evaluation", f"/projects/{project}/plan", {"project": project} | found["plan"]))
    return calls


def _plain(value: Any) -> Any:
    """As JSON has it: dates as texts, and without the marks of what is assumed."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items() if name != MARK}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _without(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in table.items() if member != name}
