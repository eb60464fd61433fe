"""A form as PDF, typeset by typst: a compiler in a wheel, which asks nothing of the internet."""

import json
from functools import cache
from importlib import resources
from typing import Final

import typst

from services.evaluation.rules.forms.grid import Grid
from shared.problems import Unavailable

FAMILIES: Final = ("Noto Serif CJK SC", "Source Han Serif SC", "SimSun", "Noto Sans CJK SC")


class FontsMissing(Unavailable):
    """No font of this machine has Chinese signs."""

    slug, title = "fonts-missing", "No Chinese font is installed"


def printed(grid: Grid, title: str) -> bytes:
    """
    The grid as a page to print.

    Raises:
        FontsMissing: If no font with Chinese signs is installed.
    """
    data = {
        "title": title,
        "font": font(),
        "landscape": grid.orientation == "landscape",
        "widths": grid.widths,
        "head": [(cell.style, cell.text) for cell in grid.cells if cell.row < grid.head_rows],
        "cells": [
            {
                "x": cell.column,
                "y": cell.row - grid.head_rows,
                "colspan": cell.columns,
                "rowspan": cell.rows,
                "text": cell.text,
                "label": cell.style == "label",
            }
            for cell in grid.cells
            if grid.head_rows <= cell.row < grid.body_rows
        ],
        "foot": [cell.text for cell in grid.cells if cell.row >= grid.body_rows],
    }
    source = resources.files(__package__).joinpath("form.typ").read_bytes()
    made = typst.compile(source, format="pdf", sys_inputs={"form": json.dumps(data)})
    if not isinstance(made, bytes):
        raise TypeError("typst made several files of one form")
    return made


@cache
def font() -> str:
    """
    The first installed family that has Chinese signs.

    Raises:
        FontsMissing: If there is none.
    """
    installed = set(typst.Fonts().families())
    found = next((family for family in FAMILIES if family in installed), None)
    if found is None:
        raise FontsMissing("install a Chinese font; on Debian and Ubuntu: apt-get install fonts-noto-cjk")
    return found
