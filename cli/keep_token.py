"""``scorebus keep-token``: renews a token of a deployment's own: the services', or the agent's."""

import signal
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.bearers import scopes_of
from cli.errors import CommandError
from cli.folder import write_private
from cli.keys import SERVICE_TOKEN_DAYS
from shared.tokens import issue_token

RENEWAL_SECONDS = 24 * 3600.0  # A thirtieth of its life: a renewal may fail for weeks before anybody notices.
READABLE = 0o644  # By those it is for; the volume it is in belongs to them alone.


def keep_token(
    token: Annotated[Path, typer.Argument(help="The file of the token.")],
    signing_key: Annotated[Path, typer.Option("--signing-key", help="The private key that signs tokens.")],
    role: Annotated[str, typer.Option("--role", help="What its holder may do.")] = "service",
) -> None:
    """Write a token of a deployment's own, and again each day, until told to stop."""
    scopes = scopes_of(role)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while True:
        _renew(token, signing_key, role, scopes)
        if stop.wait(RENEWAL_SECONDS):
            return


def _renew(token: Path, signing_key: Path, role: str, scopes: Iterable[str]) -> None:
    try:
        pem = signing_key.read_text(encoding="utf-8")
        made = issue_token(
            pem,
            subject=role,
            scopes=scopes,
            projects=None,
            days=SERVICE_TOKEN_DAYS,
            now=datetime.now(UTC),
        )
        write_private(token, made, READABLE)
    except OSError as error:
        raise CommandError(f"cannot renew {token}: {error.strerror} ({error.filename})") from error
    print(f"renewed {token}", flush=True)
