"""
An example: a folder with `project.toml` and `events.toml`. Each event is one call, at the time it happened.

    [[event]]
    id = "payment-ups"                # Names the event; with the example's name it is the call's Idempotency-Key.
    at = 2018-09-05                   # A day in the project's time zone, or a time with its offset.
    title = "…"                       # For whoever watches.
    role = "finance"                  # Who posts it.
    call = "POST budget /payments"    # Method, service, path.
    assumed = ["paid_on", "payment"]  # What no source states; `true` if that is everything.
    [event.body]

In a path, `{complaint-1.complaint}` is the member `complaint` of the answer to the event `complaint-1`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from cli.client import Answer, Call
from cli.errors import CommandError
from cli.folder import SERVICES
from cli.project_file import ProjectFile, read_project_file
from cli.tables import plain, read_toml
from shared.dates import start_of
from shared.roles import ROLES

TIME_ZONE: Final = "Asia/Shanghai"  # Unless the project names another.
BUNDLED: Final = Path(__file__).parents[1] / "examples"
_CALL = re.compile(r"^(POST|PUT) (" + "|".join(SERVICES) + r") (/\S*)$")
_REFERENCE = re.compile(r"\{([a-z0-9-]+)\.([a-z_]+)\}")
_ID = re.compile(r"^[a-z0-9-]{1,64}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as the call that reports it."""

    id: str
    at: datetime
    title: str
    call: Call

    def call_after(self, answers: Mapping[str, Answer]) -> Call:
        """The call, its path completed from the answers to earlier events."""

        def member(match: re.Match[str]) -> str:
            event, name = match.groups()
            try:
                return str(answers[event].body[name])
            except (KeyError, TypeError):
                raise CommandError(f"event {self.id}: the answer to {event} has no {name}") from None

        return replace(self.call, path=_REFERENCE.sub(member, self.call.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A project and its story."""

    name: str
    folder: Path
    project_file: ProjectFile
    events: tuple[Event, ...]  # In order of their time.


def find_example(name: str) -> Path:
    """
    The folder of an example: a path, or a name under `./examples` or among those that come with the command.

    Raises:
        CommandError: If there is none.
    """
    for folder in (Path(name), Path("examples") / name, BUNDLED / name):
        if (folder / "project.toml").is_file():
            return folder.absolute()
    raise CommandError(f"there is no example {name}: neither a folder with a project.toml nor a name under ./examples")


def read_example(name: str) -> Example:
    """
    Read an example.

    Raises:
        CommandError: If it is not there or has not the shape described above; the first fault is named.
    """
    folder = find_example(name)
    project_file = read_project_file(folder / "project.toml")
    zone = str(project_file.declaration.get("time_zone", TIME_ZONE))
    path = folder / "events.toml"
    events = [_event(path, index, table, folder.name, zone) for index, table in enumerate(_tables(path))]
    names = [event.id for event in events]
    if twice := sorted(name for name in set(names) if names.count(name) > 1):
        raise CommandError(f"{path}: two events are called {twice[0]}")
    ordered = tuple(sorted(events, key=lambda event: event.at))
    _check_references(path, ordered)
    return Example(name=folder.name, folder=folder, project_file=project_file, events=ordered)


def _tables(path: Path) -> list[Any]:
    found = read_toml(path).get("event", [])
    if not isinstance(found, list):
        raise CommandError(f"{path}: events are written as [[event]]")
    return found


def _event(path: Path, index: int, table: Any, example: str, zone: str) -> Event:
    name = table.get("id") if isinstance(table, dict) else None
    if not isinstance(name, str) or not _ID.match(name):
        raise CommandError(f"{path}: event {index + 1} needs an id of lower-case letters, digits and hyphens")
    place = f"{path}: event {name}"
    return Event(
        id=name,
        at=_moment(place, table.get("at"), zone),
        title=str(table.get("title", name)),
        call=_call(place, table, f"{example}/{name}"),
    )


def _moment(place: str, at: Any, zone: str) -> datetime:
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise CommandError(f"{place}: a time needs its offset, as 2018-09-05T10:00:00+08:00")
        return at
    if isinstance(at, date):
        return start_of(at, zone)
    raise CommandError(f"{place}: needs at, a day or a time")


def _call(place: str, table: Mapping[str, Any], key: str) -> Call:
    words = _CALL.match(str(table.get("call", "")))
    if words is None:
        raise CommandError(f'{place}: needs a call, as "POST budget /payments"')
    method, service, path = words.groups()
    role = table.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise CommandError(f"{place}: needs a role, one of {', '.join(sorted(ROLES))}")
    body = plain(table.get("body", {}))
    return Call(service=service, method=method, path=path, role=role, body=body, key=key if method == "POST" else None)


def _check_references(path: Path, events: tuple[Event, ...]) -> None:
    seen: set[str] = set()
    for event in events:
        for earlier, _ in _REFERENCE.findall(event.call.path):
            if earlier not in seen:
                raise CommandError(f"{path}: event {event.id} refers to {earlier}, which does not come before it")
        seen.add(event.id)
