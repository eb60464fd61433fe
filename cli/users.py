"""``scorebus user``: who may log in to the console."""

import re
import secrets
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.errors import CommandError
from cli.folder import DataFolder, write_private
from cli.options import DATA_DEFAULT, Data, Json
from cli.voice import print_json
from shared.identity import ID_PATTERN
from shared.roles import ROLES
from shared.users import User, UsersUnreadable, a_user, read_users, write_users

app = typer.Typer(help="Who may log in to the console.", no_args_is_help=True)

DEMO_PASSWORD: Final = "demo.password"  # noqa: S105  # The name of the file, in the folder of keys.
DEMO_BYTES: Final = 9
DEMO: Final = {  # One for everything, and three for what takes three people.
    "demo": ("admin",),
    "finance": ("finance", "viewer"),
    "approver": ("approver", "viewer"),
    "cashier": ("cashier", "viewer"),
}

Name = Annotated[str, typer.Argument(help="The name to log in with.")]


@app.command()
def add(
    name: Name,
    role: Annotated[list[str], typer.Option("--role", help=f"One of {', '.join(ROLES)}; may be repeated.")],
    project: Annotated[list[str] | None, typer.Option("--project", help="Only this project; may be repeated.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data: Data = DATA_DEFAULT,
) -> None:
    """Add a user, or give one another password and other roles; who was logged in by that name is logged out."""
    folder = _folder(data)
    users = _users(folder)
    for each in project or []:
        if not re.match(ID_PATTERN, each):
            raise CommandError(f"--project {each[:80]}: an id is 1 to 64 characters of A-Za-z0-9._-")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _asked()
    try:
        users[name] = a_user(name, password, role, project or None)
    except ValueError as error:
        raise CommandError(str(error)) from error
    write_users(folder.users, users.values())
    print(f"{name} may log in")


@app.command("list")
def list_(data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """Who may log in, and as what."""
    for user in _users(_folder(data)).values():
        projects = "*" if user.projects is None else list(user.projects)
        if as_json:
            print_json({"name": user.name, "roles": list(user.roles), "projects": projects})
        else:
            print(f"{user.name:<20} {', '.join(user.roles):<30} {projects if projects == '*' else ', '.join(projects)}")


@app.command()
def remove(name: Name, data: Data = DATA_DEFAULT) -> None:
    """Remove a user; who is logged in by that name is logged out."""
    folder = _folder(data)
    users = _users(folder)
    if users.pop(name, None) is None:
        raise CommandError(f"there is no user {name}")
    write_users(folder.users, users.values())
    print(f"{name} may no longer log in")


def ensure_demo(folder: DataFolder) -> str | None:
    """
    The password of the demo's users, who are made where nobody may log in yet. None once somebody changed who may.

    It is drawn at random for each folder: a password that is printed in a manual is none.
    """
    path = folder.keys / DEMO_PASSWORD
    if not folder.users.exists():
        password = secrets.token_urlsafe(DEMO_BYTES)
        write_users(folder.users, [a_user(name, password, roles) for name, roles in DEMO.items()])
        write_private(path, password)
        return password
    if "demo" in _users(folder) and path.exists():
        return path.read_text(encoding="ascii").strip()
    return None


def _asked() -> str:
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _folder(data: Path) -> DataFolder:
    folder = DataFolder(data.absolute())
    if not folder.path.is_dir():
        raise CommandError(f"there is no platform in {folder.path}: start one with `scorebus up`")
    return folder


def _users(folder: DataFolder) -> dict[str, User]:
    try:
        return read_users(folder.users)
    except UsersUnreadable as error:
        raise CommandError(str(error)) from error
