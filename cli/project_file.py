"""
A project file: what a project is, as calls that declare it. TOML, because people write it.

    [project]      id, and the declaration of its budget with [[project.lines]] and [project.sources]
    [[suppliers]]  supplier, name, credit_code, small_business
    [[assets]]     asset, name, kind
    [plan]         the performance plan with [plan.execution] and [[plan.indicators]]

Only `[project]` is needed. `assumed = true` in a table, or `assumed = ["name", …]`, says what no source states.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.client import Call
from cli.errors import CommandError
from cli.tables import plain, read_toml

PARTS: Final = frozenset({"project", "suppliers", "assets", "plan"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """A project and everything that is declared of it."""

    project: str
    name: str
    declaration: Mapping[str, Any]
    suppliers: tuple[Mapping[str, Any], ...]
    assets: tuple[Mapping[str, Any], ...]
    plan: Mapping[str, Any] | None

    def calls(self) -> Iterator[Call]:
        """The calls that declare it: the budget first, because the others learn of the project from it."""
        yield _put("budget", f"/projects/{self.project}", "planner", self.declaration)
        for supplier in self.suppliers:
            yield _put("procurement", f"/suppliers/{supplier['supplier']}", "buyer", _without(supplier, "supplier"))
        for asset in self.assets:
            body = {"project": self.project} | _without(asset, "asset")
            yield _put("monitoring", f"/assets/{asset['asset']}", "agent", body)
        if self.plan is not None:
            yield _put(
                "evaluation", f"/projects/{self.project}/plan", "planner", {"project": self.project} | dict(self.plan)
            )


def read_project_file(path: Path) -> ProjectFile:
    """
    Read a project file.

    Raises:
        CommandError: If it cannot be read, or has not the shape described above.
    """
    found = plain(read_toml(path))
    if unknown := sorted(found.keys() - PARTS):
        raise CommandError(f"{path}: unknown part {unknown[0]}; a project file has {', '.join(sorted(PARTS))}")
    declaration = found.get("project")
    if not isinstance(declaration, dict) or not isinstance(declaration.get("id"), str):
        raise CommandError(f"{path}: [project] with an id is missing")
    return ProjectFile(
        project=declaration["id"],
        name=str(declaration.get("name", declaration["id"])),
        declaration=_without(declaration, "id"),
        suppliers=_listed(path, found, "suppliers", "supplier"),
        assets=_listed(path, found, "assets", "asset"),
        plan=found.get("plan"),
    )


def _listed(path: Path, found: Mapping[str, Any], part: str, name: str) -> tuple[Mapping[str, Any], ...]:
    items = found.get(part, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) and name in item for item in items):
        raise CommandError(f"{path}: each of [[{part}]] needs {name}")
    return tuple(items)


def _put(service: str, path: str, role: str, body: Mapping[str, Any]) -> Call:
    return Call(service=service, method="PUT", path=path, role=role, body=body)


def _without(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in table.items() if member != name}
