"""
The commands of ``scorebus``, each in a module that is imported when it is called.

A command needs little of what the others need: `up`, which runs as long as the platform, neither databases nor Docker.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is, and what it is for: the first sentence of its docstring, known without reading it."""

    module: str
    name: str  # Of its function there, or of the `Typer` of its own commands.
    summary: str
    hidden: bool = False

    def load(self) -> Any:
        """The function or the `Typer`."""
        return getattr(import_module(self.module), self.name)


COMMANDS: Final = {
    "up": Place("cli.up", "up", "Start everything and keep it running."),
    "play": Place("cli.play", "play", "Play an example against a running platform."),
    "apply": Place("cli.apply", "apply", "Apply a project file."),
    "token": Place(
        "cli.token",
        "token",
        "Mint a bearer token with the platform's key and print it alone.",
    ),
    "watch": Place("cli.watch", "watch", "Show live scores in the terminal."),
    "audit": Place("cli.audit", "audit", "Audit a finished self-evaluation table."),
    "verify": Place(
        "cli.verify.command",
        "verify_command",
        "Read the feeds alone, recompute chains, ledgers and scores, and compare with what the services answer.",
    ),
    "init": Place("cli.init", "init", "Make keys, passwords, the ACL file of Redis and .env for a deployment."),
    "backup": Place(
        "cli.backup.command",
        "backup",
        "Copy all databases into one file, such that they fit together; the platform goes on working.",
    ),
    "restore": Place(
        "cli.backup.command",
        "restore_command",
        "Put a backup into empty databases, of either store; the platform must not run.",
    ),
    "user": Place("cli.users", "app", "Who may log in to the console."),
    "agent": Place("cli.agent.command", "app", "The bundled monitoring agent."),
    "keep-token": Place(  # The container of that name runs it.
        "cli.keep_token",
        "keep_token",
        "Write a token of a deployment's own, and again each day, until told to stop.",
        hidden=True,
    ),
}


class Commands(TyperGroup):
    """Knows the names of all commands, and loads the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else loaded(name), rest


def make_app() -> typer.Typer:
    """``scorebus``, with its commands by name and summary."""
    app = _plain(
        name="scorebus",
        cls=Commands,
        help="Live, re-derivable performance scores of publicly funded projects.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, place in COMMANDS.items():
        app.command(name, help=place.summary, hidden=place.hidden)(_unloaded)
    return app


def loaded(name: str) -> Any:
    """The command of that name, ready to be called."""
    found = COMMANDS[name].load()
    group = _plain()
    group.callback()(_unloaded)  # Without it a single command would be the group itself.
    if isinstance(found, typer.Typer):
        group.add_typer(found, name=name)
    else:
        group.command(name)(found)
    return typer.main.get_command(group).commands[name]  # type: ignore[attr-defined]


def _plain(**settings: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **settings)


def _unloaded() -> None:
    """Stands for a command until it is called."""
