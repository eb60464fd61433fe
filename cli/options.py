"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", help="The platform's data folder.", show_default=True)]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Evaluation's address, in place of the folder's; the others are on the next ports."),
]
Token = Annotated[
    str | None,
    typer.Option("--token", help="A bearer token; else the folder's key mints what is needed, or SCOREBUS_TOKEN."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

DATA_DEFAULT = Path("data")
