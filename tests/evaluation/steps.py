"""Does the shown steps again: a small evaluator of their formulas, which shares nothing with the rules."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

_OPERATORS: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}


def _half_even(value: Fraction, digits: Fraction) -> Fraction:
    return Fraction(round(value * 10**digits)) / 10**digits


_FUNCTIONS: Final[Mapping[str, Callable[..., Fraction]]] = {
    "min": min,
    "max": max,
    "floor": lambda value: Fraction(math.floor(value)),
    "ceil": lambda value: Fraction(math.ceil(value)),
    "half_up": lambda value, digits: Fraction(math.floor(value * 10**digits + Fraction(1, 2))) / 10**digits,
    "half_even": _half_even,
    "down": lambda value, digits: Fraction(math.floor(value * 10**digits)) / 10**digits,
    "up": lambda value, digits: Fraction(math.ceil(value * 10**digits)) / 10**digits,
}


def value_of(formula: str, known: Mapping[str, Fraction]) -> Fraction:
    """The value of one formula, exact; *known* are the figures of earlier steps."""
    return _value(ast.parse(formula, mode="eval").body, formula, known)


def again(steps: list[dict[str, str]]) -> dict[str, Fraction]:
    """The value of each step that has a formula, from the formulas alone."""
    known: dict[str, Fraction] = {}
    for step in steps:
        if "formula" in step:
            known[step["name"]] = value_of(step["formula"], known)
    return known


def _value(node: ast.expr, text: str, known: Mapping[str, Fraction]) -> Fraction:
    def of(inner: ast.expr) -> Fraction:
        return _value(inner, text, known)

    match node:
        case ast.Constant():
            return Fraction(ast.get_source_segment(text, node) or "")  # The digits as written, not a float.
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -of(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return Fraction(_OPERATORS[type(op)](of(left), of(right)))
        case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right]), body=body, orelse=orelse):
            return of(body) if _OPERATORS[type(op)](of(left), of(right)) else of(orelse)
        case ast.Call(func=ast.Name(id=name), args=args):
            return Fraction(_FUNCTIONS[name](*map(of, args)))
    raise AssertionError(f"the formula {text} says what no formula says")
