"""Scoring policies read from their data."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

from services.evaluation.model import Band, Grade, Level, Policy, Rounding
from services.evaluation.rules.scoring import EXECUTION_METHODS, METHODS, MODES


def read_policy(text: str) -> Policy:
    """
    Read a policy from TOML.

    Raises:
        ValueError, KeyError: If it lacks a part or names a method that does not exist. A policy is part of the
            program: it stops the start.
    """
    data = tomllib.loads(text)
    effective_from = data["effective_from"]
    if not isinstance(effective_from, date):
        raise ValueError("effective_from is not a date")  # A fault of the data, not of the caller.
    policy = Policy(
        name=data["name"],
        title_zh=data["title"]["zh"],
        title_en=data["title"]["en"],
        effective_from=effective_from,
        source=data["source"],
        certainty=data["certainty"],
        full=Decimal(data["full"]),
        weights={dimension: Decimal(weight) for dimension, weight in data["weights"].items()},
        methods=data["methods"],
        execution_method=data["execution"]["method"],
        bands=tuple(_band(band) for band in data["bands"]),
        rounding=Rounding(mode=data["rounding"]["mode"], digits=data["rounding"]["digits"]),
        grades=tuple(_grade(grade) for grade in data["grades"]),
    )
    _check(policy)
    return policy


def _band(data: Mapping[str, Any]) -> Band:
    return Band(level=data["level"], floor=Decimal(data["floor"]), ceiling=Decimal(data["ceiling"]))


def _grade(data: Mapping[str, Any]) -> Grade:
    return Grade(name=data["name"], zh=data["zh"], en=data["en"], floor=Decimal(data["floor"]))


def _check(policy: Policy) -> None:
    unknown = set(policy.methods.values()) - set(METHODS) | {policy.execution_method} - set(EXECUTION_METHODS)
    if unknown:
        raise ValueError(f"policy {policy.name} names unknown methods: {sorted(unknown)}")
    if sum(policy.weights.values()) != policy.full:
        raise ValueError(f"the weights of policy {policy.name} do not sum to {policy.full}")
    if policy.rounding.mode not in MODES:
        raise ValueError(f"policy {policy.name} rounds in an unknown mode: {policy.rounding.mode}")
    floors = [grade.floor for grade in policy.grades]
    if floors[-1] != 0:
        raise ValueError(f"policy {policy.name} leaves low totals without a grade")
    if any(better <= worse for better, worse in pairwise(floors)):
        raise ValueError(f"the grades of policy {policy.name} do not fall: one would never be earned")
    *inner, lowest = [band.floor for band in policy.bands]
    if [band.ceiling for band in policy.bands] != [100, *inner] or lowest != 0:
        raise ValueError(f"the bands of policy {policy.name} leave percents out or overlap")
    if [band.level for band in policy.bands] != list(get_args(Level)):
        raise ValueError(f"the bands of policy {policy.name} are not {', '.join(get_args(Level))}")
