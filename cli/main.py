"""``scorebus``: the command and its errors."""

import os
import sys
from collections.abc import Sequence

import typer

from cli.agent.command import app as agent
from cli.apply import apply
from cli.audit import audit
from cli.backup.command import backup, restore_command
from cli.errors import CommandError
from cli.init import init
from cli.keep_token import keep_token
from cli.play import play
from cli.token import token
from cli.up import up
from cli.users import app as users
from cli.verify.command import verify_command
from cli.watch import watch

app = typer.Typer(
    name="scorebus",
    help="Live, re-derivable performance scores of publicly funded projects.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (up, play, apply, token, watch, audit):
    app.command()(command)
app.add_typer(users, name="user")
app.add_typer(agent, name="agent")
app.command("verify")(verify_command)
app.command()(init)
app.command()(backup)
app.command("restore")(restore_command)
app.command("keep-token", hidden=True)(keep_token)  # The container of that name runs it.


def run(words: Sequence[str] | None = None) -> None:
    """The console script: a failure is one line on stderr and an exit code that is not zero."""
    try:
        app(words)
    except CommandError as error:
        print(f"scorebus: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # Whoever read our output has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    run()
