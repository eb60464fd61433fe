"""Which field of a form a refusal concerns, so that it is said there, and how its figures are written."""

from collections.abc import Container, Mapping
from typing import Any, Final

from services.console.words import Words

_DAYS: Final = ("paid_on", "received_on", "signed_on", "starts_on")
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {  # The first that the form has.
    "above-contract-quantity": ("items",),
    "already-closed": ("complaint",),
    "already-exists": ("contract", "supplier", "project"),
    "already-resolved": ("fault",),
    "already-responded": ("fault",),
    "contract-exceeded": ("amount",),
    "contract-not-accepted": ("contract",),
    "contract-terminated": ("contract",),
    "contract-unknown": ("contract",),
    "fault-resolved": ("fault",),
    "funds-not-received": ("amount",),
    "line-below-paid": ("lines",),
    "line-exceeded": ("amount",),
    "line-overcommitted": ("amount",),
    "line-unknown": ("line",),
    "outside-fiscal-year": _DAYS,
    "payee-mismatch": ("payee",),
    "project-unknown": ("project", "_project"),
    "same-person": ("inspectors",),
    "unknown-asset": ("asset",),
    "unknown-indicator": ("code",),
    "unknown-item": ("items",),
    "unknown-line": ("line",),
    "unknown-project": ("project", "_project"),
    "unknown-supplier": ("supplier",),
}
_MONEY: Final = frozenset(
    {
        "amount", "paid", "remaining", "limit", "received", "contract_amount", "advance_amount", "committed",
    }
)  # fmt: skip
_NAMED: Final = frozenset({"request_status", "fault_status"})  # Their values are words of the page.
_HIDDEN: Final = frozenset({"type", "title", "status", "detail", "also", "errors"})


def concerned_field(slug: str, fields: Container[str]) -> str | None:
    """The one of *fields* that the refusal of that slug is about; None where it is about the whole."""
    return next((place for place in _PLACES.get(slug, ()) if place in fields), None)


def figures_of(problem: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    """The figures that a refusal rests on: what each is called, and how it is written."""
    return [
        (words.of("figure", name), _written(name, value, words))
        for name, value in problem.items()
        if name not in _HIDDEN and isinstance(value, (str, int, float)) and not isinstance(value, bool)
    ]


def _written(name: str, value: str | float, words: Words) -> str:
    if name in _MONEY:
        return words.money(str(value))
    if name in _NAMED:
        return words.of(name, str(value))
    if isinstance(value, str) and name.endswith(("_on", "date")):
        return words.day(value)
    return words.moment(value) if isinstance(value, str) and name.endswith("_at") else str(value)
