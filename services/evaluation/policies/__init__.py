"""Scoring policies (评分办法) as dated data, one TOML file each."""

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

from services.evaluation.model import Policy
from services.evaluation.rules import read_policy


def read_all() -> dict[str, Policy]:
    """Every policy by name."""
    found = (read_policy(file.read_text(encoding="utf-8")) for file in _files())
    return {policy.name: policy for policy in found}


def source_of(name: str) -> bytes:
    """
    The file of the policy *name*, as it is.

    Raises:
        KeyError: If there is none.
    """
    for file in _files():
        if read_policy(file.read_text(encoding="utf-8")).name == name:
            return file.read_bytes()
    raise KeyError(name)


def _files() -> Iterator[Traversable]:
    return (file for file in resources.files(__package__).iterdir() if file.name.endswith(".toml"))
