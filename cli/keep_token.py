"""``scorebus keep-token``: renews the token with which services read one another's feeds."""

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.folder import write_private
from cli.keys import SERVICE_TOKEN_DAYS
from shared.access import ROLES, issue_token

RENEWAL_SECONDS = 24 * 3600.0  # A thirtieth of its life: a renewal may fail for weeks before anybody notices.
READABLE = 0o644  # By the services; the volume it is in belongs to them alone.


def keep_token(
    token: Annotated[Path, typer.Argument(help="The file of the token.")],
    signing_key: Annotated[Path, typer.Option("--signing-key", help="The private key that signs tokens.")],
) -> None:
    """Write the services' own token, and again each day, until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while True:
        _renew(token, signing_key)
        if stop.wait(RENEWAL_SECONDS):
            return


def _renew(token: Path, signing_key: Path) -> None:
    try:
        pem = signing_key.read_text(encoding="utf-8")
        made = issue_token(
            pem,
            subject="service",
            scopes=ROLES["service"],
            projects=None,
            days=SERVICE_TOKEN_DAYS,
            now=datetime.now(UTC),
        )
        write_private(token, made, READABLE)
    except OSError as error:
        raise CommandError(f"cannot renew {token}: {error.strerror} ({error.filename})") from error
    print(f"renewed {token}", flush=True)
