"""
The folder of a deployment: where compose.yml is, and the keys and passwords beside it.

It is a data folder to the other commands: they find its signing key and its addresses. Containers read the secrets as
files. Those are mounted one by one and may belong to users that this machine does not have, so the files can be read
by anybody, and the folder around them by its owner alone: see decision 0023.
"""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.acl import HEALTH, acl_file
from cli.addresses import local_addresses, write_addresses
from cli.errors import CommandError
from cli.folder import SERVICES, DataFolder, write_private
from cli.keys import ensure_keys
from shared.log import PARTITIONS

COMPOSE: Final = "compose.yml"
ENV: Final = ".env"
ENV_EXAMPLE: Final = ".env.example"
REDIS: Final = "redis"
POSTGRES: Final = "postgres"
GRAFANA: Final = "grafana"
ADMINISTRATOR: Final = "administrator"  # Of PostgreSQL; no service has its password.
ACL: Final = "redis.acl"
READABLE: Final = 0o644
PASSWORD_BYTES: Final = 32
DOCKER_SOCKET: Final = "DOCKER_SOCKET"
DOCKER_GROUP: Final = "DOCKER_GROUP"
LENGTH_MIN: Final = 32  # Characters of a password, and as many bits as that has with DISTINCT_MIN different ones.
DISTINCT_MIN: Final = 8
PORTS: Final = {  # The published ones and their defaults, as in .env.example.
    "evaluation": ("SCOREBUS_PORT_EVALUATION", 8000),
    "budget": ("SCOREBUS_PORT_BUDGET", 8001),
    "procurement": ("SCOREBUS_PORT_PROCUREMENT", 8002),
    "monitoring": ("SCOREBUS_PORT_MONITORING", 8003),
}


class WeakSecret(CommandError):
    """A password or key that somebody could guess, or that was shipped with a manual."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds a secret that can be guessed: at least {LENGTH_MIN} characters, {DISTINCT_MIN} of them "
            "different. Delete the file, and `scorebus init` draws a random one"
        )


def prepare(path: Path) -> list[str]:
    """
    Make what a deployment in the folder *path* lacks; what is there is kept.

    Returns:
        The names of the files that were made.

    Raises:
        CommandError: If *path* is no deployment's folder, a file cannot be written, or a password is weak.
    """
    folder = DataFolder(path.absolute())
    if not (folder.path / COMPOSE).is_file():
        raise CommandError(f"there is no {COMPOSE} in {folder.path}: name the folder that has it")
    try:
        before = _files(folder)
        folder.keys.mkdir(mode=0o700, exist_ok=True)
        folder.keys.chmod(0o700)
        _make(folder)
        return sorted(_files(folder) - before)
    except OSError as error:
        raise CommandError(f"cannot prepare {folder.path}: {error.strerror} ({error.filename})") from error


def _files(folder: DataFolder) -> set[str]:
    found = {f"keys/{path.name}" for path in folder.keys.glob("*")} if folder.keys.is_dir() else set()
    return found | {name for name in (ENV, folder.addresses.name) if (folder.path / name).exists()}


def _make(folder: DataFolder) -> None:
    ensure_keys(folder)
    for name in SERVICES:
        _strong(folder.keys / f"{name}.mac")  # Whoever guesses it can forge what stands on the streams.
    redis = {name: _password(folder, f"{name}.{REDIS}") for name in (*SERVICES, HEALTH)}
    postgres = {name: _password(folder, f"{name}.{POSTGRES}") for name in (*SERVICES, ADMINISTRATOR)}
    _password(folder, f"admin.{GRAFANA}")
    derived = {ACL: acl_file(redis, PARTITIONS)}
    for name in SERVICES:
        derived[f"{name}.redis_url"] = f"redis://{name}:{redis[name]}@{REDIS}:6379/0"
        derived[f"{name}.database_url"] = f"postgresql://{name}:{postgres[name]}@{POSTGRES}:5432/{name}"
    for name, content in derived.items():
        _write_if_changed(folder.keys / name, content)
    for made in folder.keys.iterdir():
        made.chmod(READABLE)
    if not (folder.path / ENV).exists():
        write_private(folder.path / ENV, _env((folder.path / ENV_EXAMPLE).read_text(encoding="utf-8")))
    ports = _ports(folder.path / ENV)
    write_addresses(folder, local_addresses(ports), "")


def _env(example: str) -> str:
    """The settings of the example, with the group that may use this machine's engine, where there is one."""
    socket = Path(read_lines(example).get(DOCKER_SOCKET, ""))
    if not socket.is_socket():
        return example
    return re.sub(rf"^{DOCKER_GROUP}=.*$", f"{DOCKER_GROUP}={socket.stat().st_gid}", example, flags=re.MULTILINE)


def _password(folder: DataFolder, name: str) -> str:
    path = folder.keys / name
    if not path.exists():
        write_private(path, secrets.token_hex(PASSWORD_BYTES), READABLE)
    return _strong(path)


def _strong(path: Path) -> str:
    secret = path.read_text(encoding="utf-8").strip()
    if len(secret) < LENGTH_MIN or len(set(secret)) < DISTINCT_MIN or not secret.isalnum():
        raise WeakSecret(path)
    return secret


def _write_if_changed(path: Path, content: str) -> None:
    # A container that has the file mounted keeps the old one when another takes its place.
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        write_private(path, content, READABLE)


def _ports(env: Path) -> dict[str, int]:
    settings = read_env(env)
    try:
        return {service: int(settings.get(name) or default) for service, (name, default) in PORTS.items()}
    except ValueError as error:
        raise CommandError(f"a port in {env} is no number: {error}") from error


def read_env(path: Path) -> Mapping[str, str]:
    """The settings in an env file: lines of ``NAME=value``."""
    return read_lines(path.read_text(encoding="utf-8"))


def read_lines(text: str) -> Mapping[str, str]:
    """The settings in the *text* of an env file."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}
