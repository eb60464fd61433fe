"""The console's users: names, roles, and passwords as argon2id hashes, in one file that its owner alone reads."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.memory import give_back
from shared.roles import ROLES

if TYPE_CHECKING:
    from argon2 import PasswordHasher

NAME_LENGTH_MAX: Final = 64
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 256  # More would only cost time to hash.
MEMORY_KIB: Final = 19 * 1024  # With two passes the least OWASP names; small machines run this beside everything else.
PASSES: Final = 2


class UsersUnreadable(Exception):
    """The file of users is there and cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in."""

    name: str
    roles: tuple[str, ...]
    password: str  # An argon2id hash with its parameters.
    projects: tuple[str, ...] | None = None  # None: all.

    @property
    def scopes(self) -> frozenset[str]:
        """What the roles allow together."""
        return frozenset(scope for role in self.roles for scope in ROLES[role])


def a_user(name: str, password: str, roles: Sequence[str], projects: Sequence[str] | None = None) -> User:
    """
    A user with that password.

    Raises:
        ValueError: If the name, the password or a role cannot be; the message says why.
    """
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable() or name != name.strip():
        raise ValueError(f"a name is 1 to {NAME_LENGTH_MAX} printable characters")
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise ValueError(f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters")
    if not roles:
        raise ValueError("a user needs a role")
    if unknown := sorted(set(roles) - set(ROLES)):
        raise ValueError(f"there is no role {unknown[0]}; there are {', '.join(sorted(ROLES))}")
    return User(
        name=name,
        roles=tuple(roles),
        password=_hashed(password),
        projects=None if projects is None else tuple(projects),
    )


def matches(user: User | None, password: str) -> bool:
    """Whether *password* is the user's; nobody's takes as long to deny as somebody's."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415  # See `_hasher`.

    try:
        _hasher().verify(_nobody() if user is None else user.password, password[: PASSWORD_LENGTH_MAX + 1])
    except (VerificationError, InvalidHashError):
        return False
    finally:
        give_back()
    return user is not None


def _hashed(password: str) -> str:
    try:
        return _hasher().hash(password)
    finally:
        give_back()  # Else the process is larger by MEMORY_KIB for good.


@cache
def _hasher() -> "PasswordHasher":
    """Imported by whoever has a password to hash: most of those who read the file have none."""
    from argon2 import PasswordHasher  # noqa: PLC0415

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)


@cache
def _nobody() -> str:
    return _hashed("nobody has this password")


def read_users(path: Path) -> dict[str, User]:
    """
    The users in *path* by name; none where there is no file.

    Raises:
        UsersUnreadable: If there is a file that is not one of users.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {user.name: user for user in map(_user, found["users"])}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsersUnreadable(f"cannot read {path}: {error}") from error


def _user(row: dict[str, Any]) -> User:
    roles = tuple(str(role) for role in row["roles"] if role in ROLES)
    projects = row.get("projects")
    return User(
        name=str(row["name"]),
        roles=roles,
        password=str(row["password"]),
        projects=None if projects is None else tuple(str(project) for project in projects),
    )


def write_users(path: Path, users: Iterable[User]) -> None:
    """Write the file as a whole or not at all, for its owner alone."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        rows = [asdict(user) for user in sorted(users, key=lambda user: user.name)]
        json.dump({"users": rows}, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
