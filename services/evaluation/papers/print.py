"""A form as PDF, typeset by typst: a compiler in a wheel, which asks nothing of the internet."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any, Final

import typst

from services.evaluation.rules.forms.grid import Cell, Grid
from shared.problems import Unavailable

WHOLE_MAX: Final = 500  # Signs of a text that is kept on one page: a longer row may not fit on any.
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
        "language": grid.language,
        "landscape": grid.orientation == "landscape",
        "size": (8.5 if grid.orientation == "landscape" else 7.0) * grid.scale,
        "air": 3.4 * grid.scale**2,
        "widths": grid.widths,
        "head": [(cell.style, cell.text) for cell in grid.cells if cell.row < grid.head_rows],
        "heading": [row - grid.head_rows for row in grid.heading],
        "cells": list(_cells(grid)),
        "foot": [cell.text for cell in grid.cells if cell.row >= grid.body_rows],
    }
    source = resources.files(__package__).joinpath("form.typ").read_bytes()
    made = typst.compile(source, format="pdf", sys_inputs={"form": json.dumps(data)})
    if not isinstance(made, bytes):
        raise TypeError("typst made several files of one form")
    return made


def _cells(grid: Grid) -> Iterator[dict[str, Any]]:
    """The cells of the table; one that reaches out of the headings is drawn as two without a line between them."""
    below = grid.heading[1]
    for cell in grid.cells:
        if grid.head_rows <= cell.row < grid.body_rows:
            if cell.row < below < cell.row + cell.rows:
                above = below - cell.row
                yield _cell(grid, replace(cell, rows=above, text="")) | {"open": "bottom"}
                yield _cell(grid, replace(cell, row=below, rows=cell.rows - above)) | {"open": "top"}
            else:
                yield _cell(grid, cell)


def _cell(grid: Grid, cell: Cell) -> dict[str, Any]:
    return {
        "x": cell.column,
        "y": cell.row - grid.head_rows,
        "colspan": cell.columns,
        "rowspan": cell.rows,
        "text": cell.text,
        "style": cell.style,
        "long": len(cell.text) > WHOLE_MAX,
        "open": "",
    }


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
