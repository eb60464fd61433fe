"""Whether a method's figures make sense, and go with an operator."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Final

from services.evaluation.rules.methods import DOWNWARD, OPERATORS, TAKES
from services.evaluation.rules.reading import Fault
from shared.events.evaluation import Scoring

DIGITS_MAX: Final = 6  # After the point, of rounded points.


def misfits(scoring: Scoring, op: str) -> Iterator[Fault]:
    """Every way in which *scoring* does not go with *op*, or its figures not with one another; fields are its own."""
    if op not in OPERATORS[scoring.method]:
        allowed = ", ".join(OPERATORS[scoring.method])
        yield "method", "operator", f"{scoring.method} goes with {allowed}, not with {op}"
    takes = TAKES[scoring.method]
    for name in sorted(_given(scoring) - takes):
        yield name, "unknown_member", f"{scoring.method} does not take it"
    if "steps" in takes:
        yield from _ladder_faults(scoring, is_downward=scoring.method == "steps" and op in DOWNWARD)
    if "deduct" in takes:
        yield from _loss_faults(scoring)
    if scoring.floor is not None and not 0 <= Fraction(scoring.floor) <= 1:
        yield "floor", "bounds", "must be a share, 0 to 1"


def _given(scoring: Scoring) -> set[str]:
    plain = Scoring(method=scoring.method)
    return {name for name in scoring.__struct_fields__ if getattr(scoring, name) != getattr(plain, name)} - {"method"}


def _ladder_faults(scoring: Scoring, *, is_downward: bool) -> Iterator[Fault]:
    if not scoring.steps:
        yield "steps", "missing", f"{scoring.method} needs them"
    whole = Fraction(scoring.out_of)
    if whole <= 0:
        yield "out_of", "bounds", "must be above 0"
    if any(not 0 <= Fraction(earned) <= whole for _, earned in scoring.steps):
        yield "steps", "bounds", f"a step earns from 0 to {scoring.out_of}"
    sign = -1 if is_downward else 1
    rungs = [(sign * Fraction(threshold), Fraction(earned)) for threshold, earned in scoring.steps]
    if any(better[0] <= worse[0] or better[1] < worse[1] for better, worse in pairwise(rungs)):
        yield "steps", "order", "the best step comes first, and a worse one never earns more"


def _loss_faults(scoring: Scoring) -> Iterator[Fault]:
    given = [figure for figure in (scoring.deduct, scoring.deduct_share) if figure is not None]
    if len(given) > 1 or (not given and scoring.method != "date"):
        yield "deduct", "missing", "give either deduct, in points, or deduct_share, of the weight"
    if any(Fraction(figure) < 0 for figure in (*given, scoring.tolerance)):
        yield "deduct", "bounds", "what is deducted or tolerated is not below 0"
    if Fraction(scoring.per) <= 0:
        yield "per", "bounds", "must be above 0"
