"""``scorebus token``."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.bearers import mint, scopes_of
from cli.errors import CommandError
from cli.folder import DataFolder
from cli.keys import signing_pem
from cli.options import DATA_DEFAULT, Data, Json
from cli.voice import print_json
from shared.identity import ID_PATTERN
from shared.roles import ROLES

DAYS_MAX = 3660
SUBJECT_LENGTH_MAX = 200


def token(
    role: Annotated[str, typer.Option("--role", help=f"One of {', '.join(ROLES)}.")],
    subject: Annotated[str, typer.Option("--subject", help="Who will use it: a person, an agent, a system.")],
    project: Annotated[
        list[str] | None, typer.Option("--project", help="Only for this project; may be repeated. Else for all.")
    ] = None,
    days: Annotated[float, typer.Option("--days", help="How long it is valid.")] = 1.0,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Mint a bearer token with the platform's key and print it alone."""
    _check(subject, project or [], days)
    scopes = sorted(scopes_of(role))
    pem = signing_pem(DataFolder(data.absolute()))
    made = mint(pem, role=role, subject=subject, projects=project or None, days=days)
    if as_json:
        expires = datetime.now(UTC) + timedelta(days=days)
        print_json(
            {
                "token": made,
                "role": role,
                "subject": subject,
                "scopes": scopes,
                "projects": project or "*",
                "expires": expires.isoformat(timespec="seconds"),
            }
        )
    else:
        print(made)


def _check(subject: str, projects: list[str], days: float) -> None:
    if not 0 < len(subject.strip()) <= SUBJECT_LENGTH_MAX or not subject.isprintable():
        raise CommandError(f"--subject needs 1 to {SUBJECT_LENGTH_MAX} printable characters")
    if not 0 < days <= DAYS_MAX:
        raise CommandError(f"--days must be above 0 and at most {DAYS_MAX}")
    for name in projects:
        if not re.match(ID_PATTERN, name):
            raise CommandError(f"--project {name[:80]}: an id is 1 to 64 characters of A-Za-z0-9._-")
