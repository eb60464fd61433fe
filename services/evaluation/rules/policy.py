"""Scoring policies read from their data, and shown."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, TypeVar, get_args

import msgspec

from services.evaluation.model import (
    Band,
    Certainty,
    DimensionMethods,
    Grade,
    Level,
    Policy,
    Rounding,
    WeightVariant,
)
from services.evaluation.rules.fitting import DIGITS_MAX, misfits
from services.evaluation.rules.scoring import MODES
from shared.events.evaluation import Dimension, Operator, OverAchievement, Place, Scoring

T = TypeVar("T", bound=msgspec.Struct)

ZERO_TARGET: Final = "zero"  # Stands beside the operators: <= 0 and = 0.
PARTS: Final = frozenset(
    {"effective", "weights", "methods", "execution", "bands", "cap", "rounding", "grades", "over_achievement"}
)


def read_policy(text: str) -> Policy:
    """
    Read a policy from TOML.

    Raises:
        ValueError, KeyError: If it lacks a part or names a method that does not exist. A policy is part of the
            program: it stops the start.
    """
    data = tomllib.loads(text)
    policy = Policy(
        name=data["name"],
        title_zh=data["title"]["zh"],
        title_en=data["title"]["en"],
        effective_from=_day(data["effective_from"]),
        effective_to=_day(data["effective_to"]) if "effective_to" in data else None,
        source=data["source"],
        certainty=data["certainty"],
        notes=data.get("notes", {}),
        full=Decimal(data["full"]),
        weights=_weights(data["weights"]),
        weight_variants=tuple(
            WeightVariant(without=frozenset(each["without"]), weights=_weights(each["weights"]))
            for each in data.get("weight_variants", ())
        ),
        methods=_methods(data["methods"]),
        dimension_methods={
            dimension: DimensionMethods(unit=each["unit"], methods=_methods(each["methods"]))
            for dimension, each in data.get("dimension_methods", {}).items()
        },
        execution=_scoring(data["execution"]),
        over_achievement=_struct(data["over_achievement"], OverAchievement) if "over_achievement" in data else None,
        bands=tuple(_band(band) for band in data["bands"]),
        rounding=Rounding(**data["rounding"]),
        grades=tuple(_grade(grade) for grade in data["grades"]),
    )
    for check in (_check_dates, _check_certainty, _check_weights, _check_methods, _check_rounding, _check_ladders):
        check(policy)
    return policy


def policy_document(policy: Policy) -> dict[str, Any]:
    """A policy as JSON: all of it, with how sure each part is."""
    return {
        **policy_line(policy),
        "certainty": dict(policy.certainty),
        "notes": dict(policy.notes),
        "full": format(policy.full, "f"),
        "weights": _shown_weights(policy.weights),
        "weight_variants": [
            {"without": sorted(each.without), "weights": _shown_weights(each.weights)}
            for each in policy.weight_variants
        ],
        "methods": _shown_methods(policy.methods),
        "dimension_methods": {
            dimension: {"unit": each.unit, "methods": _shown_methods(each.methods)}
            for dimension, each in policy.dimension_methods.items()
        },
        "execution": msgspec.to_builtins(policy.execution),
        "over_achievement": None if policy.over_achievement is None else msgspec.to_builtins(policy.over_achievement),
        "bands": [
            {"level": band.level, "floor": format(band.floor, "f"), "ceiling": format(band.ceiling, "f")}
            for band in policy.bands
        ],
        "rounding": {
            "mode": policy.rounding.mode,
            "digits": policy.rounding.digits,
            "place": policy.rounding.place,
        },
        "grades": [
            {"name": grade.name, "zh": grade.zh, "en": grade.en, "floor": format(grade.floor, "f")}
            for grade in policy.grades
        ],
    }


def policy_line(policy: Policy) -> dict[str, Any]:
    """A policy in a list."""
    return {
        "name": policy.name,
        "title": {"zh": policy.title_zh, "en": policy.title_en},
        "effective_from": policy.effective_from.isoformat(),
        "effective_to": None if policy.effective_to is None else policy.effective_to.isoformat(),
        "source": policy.source,
    }


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError("a policy is in force from a date and to a date")  # A fault of the data, not of the caller.
    return value


def _weights(data: Mapping[str, str]) -> dict[str, Decimal]:
    return {dimension: Decimal(weight) for dimension, weight in data.items()}


def _shown_weights(weights: Mapping[str, Decimal]) -> dict[str, str]:
    return {dimension: format(weight, "f") for dimension, weight in weights.items()}


def _methods(data: Mapping[str, Any]) -> dict[str, Scoring]:
    return {op: _scoring(method) for op, method in data.items()}


def _shown_methods(methods: Mapping[str, Scoring]) -> dict[str, Any]:
    return {op: msgspec.to_builtins(scoring) for op, scoring in methods.items()}


def _scoring(data: Any) -> Scoring:
    """A method by its name alone, or with its figures."""
    return _struct({"method": data} if isinstance(data, str) else data, Scoring)


def _struct(data: Mapping[str, Any], shape: type[T]) -> T:
    unknown = set(data) - set(shape.__struct_fields__)
    if unknown:
        raise ValueError(f"a policy names members that do not exist: {sorted(unknown)}")
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        raise ValueError(f"a policy cannot be read: {error}") from error


def _band(data: Mapping[str, Any]) -> Band:
    return Band(level=data["level"], floor=Decimal(data["floor"]), ceiling=Decimal(data["ceiling"]))


def _grade(data: Mapping[str, Any]) -> Grade:
    return Grade(name=data["name"], zh=data["zh"], en=data["en"], floor=Decimal(data["floor"]))


def _check_dates(policy: Policy) -> None:
    if policy.effective_to is not None and policy.effective_to < policy.effective_from:
        raise ValueError(f"policy {policy.name} ends before it begins")


def _check_certainty(policy: Policy) -> None:
    missing = PARTS - set(policy.certainty)
    if missing or not set(policy.certainty.values()) <= set(get_args(Certainty)):
        raise ValueError(f"policy {policy.name} does not say how sure each part is: {sorted(missing)}")


def _check_weights(policy: Policy) -> None:
    _check_sum(policy, policy.weights)
    for variant in policy.weight_variants:
        _check_sum(policy, variant.weights)
        if not variant.without or not variant.without <= set(policy.weights):
            raise ValueError(f"policy {policy.name} varies weights that it does not have")


def _check_sum(policy: Policy, weights: Mapping[str, Decimal]) -> None:
    known = {*get_args(Dimension), "execution"}
    if not set(weights) <= known:
        raise ValueError(f"policy {policy.name} gives weights to unknown dimensions: {sorted(set(weights) - known)}")
    total = sum(weights.values(), Decimal(0))
    if total > policy.full or (set(weights) >= {"output", "benefit", "execution"} and total != policy.full):
        raise ValueError(f"the weights of policy {policy.name} do not sum to {policy.full}")


def _check_methods(policy: Policy) -> None:
    if set(policy.methods) != {*get_args(Operator), ZERO_TARGET}:
        raise ValueError(f"policy {policy.name} does not name one method for each operator")
    _check_fit(policy, policy.methods)
    _check_fit(policy, {">=": policy.execution})
    for special in policy.dimension_methods.values():
        _check_fit(policy, special.methods)


def _check_fit(policy: Policy, methods: Mapping[str, Scoring]) -> None:
    for op, scoring in methods.items():
        operators: Iterable[str] = ("<=", "=") if op == ZERO_TARGET else (op,)
        for each in operators:
            for field, _, message in misfits(scoring, each):
                raise ValueError(f"policy {policy.name} cannot score {each} so: {field}: {message}")


def _check_rounding(policy: Policy) -> None:
    rounding = policy.rounding
    if rounding.mode not in MODES or rounding.place not in get_args(Place) or not 0 <= rounding.digits <= DIGITS_MAX:
        raise ValueError(f"policy {policy.name} rounds in an unknown way: {rounding}")


def _check_ladders(policy: Policy) -> None:
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
