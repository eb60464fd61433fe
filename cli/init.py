"""``scorebus init``."""

from pathlib import Path
from typing import Annotated

import typer

from cli.deployment import prepare
from cli.options import Json
from cli.voice import print_json


def init(
    folder: Annotated[Path, typer.Argument(help="The folder with compose.yml.")] = Path("deploy"),
    as_json: Json = False,
) -> None:
    """
    Make keys, passwords, the ACL file of Redis and .env for a deployment.

    What is there is kept, so it can be run again; secrets that can be guessed are refused.
    """
    made = prepare(folder)
    if as_json:
        print_json({"folder": str(folder), "made": made})
        return
    for name in made:
        print(f"made {folder / name}")
    print("Everything is there. Keep the folder keys private, and a copy of it in a safe place.")
