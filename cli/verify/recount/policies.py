"""Scoring policies: the platform's data files, read as data. No code of any service is run for it."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from cli.errors import CommandError

Policy = Mapping[str, Any]


def read_policies() -> dict[str, Policy]:
    """
    Every policy by name.

    Raises:
        CommandError: If there is none, or one cannot be read.
    """
    folder = resources.files("services").joinpath("evaluation", "policies")
    try:
        files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
        found = [tomllib.loads(file.read_text(encoding="utf-8"), parse_float=str) for file in files]
        policies: dict[str, Policy] = {str(policy["name"]): policy for policy in found}
    except (OSError, KeyError, ValueError) as error:
        raise CommandError(f"the scoring policies cannot be read: {error}") from error
    if not policies:
        raise CommandError(f"there are no scoring policies in {folder}")
    return policies
