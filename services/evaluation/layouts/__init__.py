"""Layouts of the statutory form as data, one TOML file each."""

import tomllib
from importlib import resources

from services.evaluation.rules.forms.layout import Layout, read_layout


def read_all() -> dict[str, Layout]:
    """Every layout by name."""
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".toml"))
    found = (read_layout(tomllib.loads(file.read_text(encoding="utf-8"))) for file in files)
    return {layout.name: layout for layout in found}
