"""Scoring policies (评分办法) as dated data, one TOML file each."""

from importlib import resources

from services.evaluation.model import Policy
from services.evaluation.rules import read_policy


def read_all() -> dict[str, Policy]:
    """Every policy by name."""
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".toml"))
    found = (read_policy(file.read_text(encoding="utf-8")) for file in files)
    return {policy.name: policy for policy in found}
