"""Reading what people write: TOML files, as the plain values that calls take."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cli.errors import CommandError

ASSUMED = "assumed"  # Marks a table, or names its members, that no source states. A mark is never sent.


def read_toml(path: Path) -> dict[str, Any]:
    """
    Read a TOML file. Numbers with a point stay as they are written: money is never a float.

    Raises:
        CommandError: If it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error


def plain(value: Any) -> Any:
    """*value* as JSON has it: dates as text, marks left out."""
    match value:
        case dict():
            return {name: plain(member) for name, member in value.items() if name != ASSUMED}
        case list():
            return [plain(item) for item in value]
        case datetime() | date():
            return value.isoformat()
        case _:
            return value
