"""The services as programs: how each is started, and with which settings."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from cli.addresses import Addresses
from cli.folder import SERVICES, DataFolder
from cli.ports import HOST
from cli.supervisor import Program

PREFIX = "SCOREBUS_"
CONSOLE = "console"
NURSERY = "nursery"
SHARED = (  # What all services load; the rest is the business of each.
    "shared.serving",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
)
SHARED_AT_FIRST = ("shared.migrations.upgrading",)  # To make the tables of a new folder.
PASSED_ON = frozenset(  # A service refuses settings it does not know, so only these are handed on from outside.
    {"SCOREBUS_JWKS_URL", "SCOREBUS_ISSUER", "SCOREBUS_AUDIENCE", "SCOREBUS_LOG_LEVEL"}
)
SOURCES: Mapping[str, tuple[str, ...]] = {  # Whose events each service consumes.
    "budget": ("procurement",),
    "procurement": ("budget",),
    "monitoring": ("budget",),
    "evaluation": ("budget", "procurement", "monitoring"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What the services need to know of one another."""

    folder: DataFolder
    addresses: Addresses
    ports: Mapping[str, int]
    redis_url: str
    database_urls: Mapping[str, str]  # Of the services that do not use their file in the folder.
    console_port: int | None = None  # None: without the console.
    wall_screen: bool = False


def service_programs(wiring: Wiring) -> list[Program]:
    """Every service."""
    return [
        Program(
            name=service,
            command=(sys.executable, "-m", "shared.serving", f"services.{service}.app"),
            log=wiring.folder.logs / f"{service}.log",
            environment=_inherited(os.environ) | _settings(service, wiring),
        )
        for service in SERVICES
    ]


def console_program(wiring: Wiring) -> Program | None:
    """The console, if there shall be one."""
    if wiring.console_port is None:
        return None
    settings = {f"{service.upper()}_URL": wiring.addresses.of(service) for service in SERVICES} | {
        "HOST": HOST,
        "PORT": str(wiring.console_port),
        "USERS_FILE": str(wiring.folder.users),
        "SIGNING_KEY": str(wiring.folder.signing_key),
        "WALL_SCREEN": str(wiring.wall_screen).lower(),
    }
    level = {name: value for name, value in os.environ.items() if name == PREFIX + "LOG_LEVEL"}
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return Program(
        name=CONSOLE,
        command=(sys.executable, "-m", "services.console.app"),
        log=wiring.folder.logs / f"{CONSOLE}.log",
        environment=others | level | {PREFIX + name: value for name, value in settings.items()},
    )


def nursery_program(folder: DataFolder) -> Program:
    """What the others are started from. It knows no setting: each brings its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    loaded = SHARED if folder.has_facts() else (*SHARED, *SHARED_AT_FIRST)
    command = (sys.executable, "-m", "shared.nursery", *loaded)
    return Program(name=NURSERY, command=command, log=folder.logs / f"{NURSERY}.log", environment=environment)


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(PREFIX) or name in PASSED_ON}


def _settings(service: str, wiring: Wiring) -> dict[str, str]:
    own = {
        "HOST": HOST,
        "PORT": str(wiring.ports[service]),
        "DATABASE_URL": wiring.database_urls.get(service) or f"sqlite:///{wiring.folder.database(service)}",
        "REDIS_URL": wiring.redis_url,
        "KEYS_DIR": str(wiring.folder.keys),
    }
    if service == "evaluation":
        own["DOCUMENTS_DIR"] = str(wiring.folder.documents)
    sources = {f"{source.upper()}_URL": wiring.addresses.of(source) for source in SOURCES[service]}
    return {PREFIX + name: value for name, value in (own | sources).items()}
