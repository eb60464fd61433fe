"""``scorebus apply``."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import connect
from cli.options import DATA_DEFAULT, Data, Json, Token, Url
from cli.project_file import read_project_file
from cli.voice import print_json


def apply(
    file: Annotated[Path, typer.Argument(help="A project file (TOML): budget, suppliers, assets, performance plan.")],
    data: Data = DATA_DEFAULT,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """
    Apply a project file.

    Declares the budget, suppliers, assets and the performance plan. May be repeated.
    """
    declared = read_project_file(file)
    calls = []
    with connect(data, url, token) as platform:
        for call in declared.calls():
            answer = platform.perform(call)
            warnings = answer.body.get("warnings", []) if isinstance(answer.body, dict) else []
            calls.append({"service": call.service, "path": call.path, "status": answer.status, "warnings": warnings})
            if not as_json:
                print(f"{call.service:<12}{'created' if answer.status == 201 else 'up to date':<12}{call.path}")
                for warning in warnings:
                    print(f"            warning: {warning}")
    if as_json:
        print_json({"project": declared.project, "calls": calls})
