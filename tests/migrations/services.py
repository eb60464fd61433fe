"""The services that have a database, and the tables that their programs expect in it."""

import importlib
from pathlib import Path

from sqlalchemy import MetaData

from shared.migrations import Migrations
from shared.service import TABLES

SERVICES = ("budget", "procurement", "monitoring", "evaluation")
SOURCES = {
    "budget": ("procurement",),
    "procurement": ("budget",),
    "monitoring": ("budget",),
    "evaluation": ("budget", "procurement", "monitoring"),
}
DUMPS = Path(__file__).parent / "dumps"


def migrations_of(service: str) -> Migrations:
    return Migrations(f"services.{service}")


def metadata_of(service: str) -> list[MetaData]:
    """The tables that the program has: those of every service and its own."""
    own: MetaData = importlib.import_module(f"services.{service}.store").Table.metadata
    return [*TABLES, own]
