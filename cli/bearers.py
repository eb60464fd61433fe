"""Tokens for the calls of a command: minted with the platform's own key, or one that was given."""

import os
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cli.errors import CommandError
from cli.folder import DataFolder
from cli.keys import signing_pem
from shared.roles import ROLES
from shared.tokens import issue_token

TOKEN_VARIABLE = "SCOREBUS_TOKEN"  # noqa: S105  # The name of the variable.
CALL_TOKEN_SECONDS = 3600.0
SECONDS_PER_DAY = 86_400.0


class Bearers(Protocol):
    """Whose token a call carries."""

    def token(self, role: str) -> str: ...


class MintedBearers:
    """A token for each role, minted when it is needed and again before it expires."""

    def __init__(self, pem: str) -> None:
        self._pem = pem
        self._minted: dict[str, tuple[str, float]] = {}

    def token(self, role: str) -> str:
        token, fresh_until = self._minted.get(role, ("", 0.0))
        if time.monotonic() >= fresh_until:
            token = mint(self._pem, role=role, subject=role, projects=None, days=CALL_TOKEN_SECONDS / SECONDS_PER_DAY)
            self._minted[role] = (token, time.monotonic() + CALL_TOKEN_SECONDS / 2)
        return token


class GivenBearer:
    """One token for everything; the platform says what it is good for."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, role: str) -> str:
        return self._token


class KeptBearer:
    """The token in a file that somebody else renews: read for each call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def token(self, role: str) -> str:
        """
        The token as it is now.

        Raises:
            OSError: If the file cannot be read; it may come.
        """
        return self._path.read_text(encoding="utf-8").strip()


def mint(pem: str, *, role: str, subject: str, projects: Sequence[str] | None, days: float) -> str:
    """
    A token with the scopes of *role*.

    Raises:
        CommandError: If there is no such role.
    """
    return issue_token(
        pem, subject=subject, scopes=scopes_of(role), projects=projects, days=days, now=datetime.now(UTC)
    )


def scopes_of(role: str) -> Iterable[str]:
    """
    What *role* may do.

    Raises:
        CommandError: If there is no such role.
    """
    if role not in ROLES:
        raise CommandError(f"there is no role {role}; there are {', '.join(sorted(ROLES))}")
    return ROLES[role]


def bearers_for(folder: DataFolder, token: str | None, *, is_elsewhere: bool) -> Bearers:
    """
    The tokens to use: a given one; the folder's key; the environment's token. For a platform named by its address the
    environment goes before the folder, which is likely another platform's.

    Raises:
        CommandError: If there is none.
    """
    of_environment = os.environ.get(TOKEN_VARIABLE)
    if token is None and of_environment and (is_elsewhere or not folder.signing_key.exists()):
        token = of_environment
    if token:
        return GivenBearer(token)
    if folder.signing_key.exists():
        return MintedBearers(signing_pem(folder))
    raise CommandError(f"no token: give --token or {TOKEN_VARIABLE}, or name the platform's folder with --data")
