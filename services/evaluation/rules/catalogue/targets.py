"""What a text states as a target of an indicator: in its unit, with its direction where no sign is said."""

from decimal import Decimal
from typing import Final

from services.evaluation.model import Target
from services.evaluation.rules.catalogue import units
from services.evaluation.rules.catalogue.entry import Entry
from services.evaluation.rules.catalogue.stating import Stated


def target_for(entry: Entry, stated: tuple[Stated, ...]) -> Target | None:
    """The target that *stated* gives *entry*, in the entry's unit; None if it gives none."""
    if entry.direction == "level":
        return None
    if entry.direction == "by":
        return next((Target(op="by", value=one.day.isoformat()) for one in stated if one.day is not None), None)
    return next((target for one in stated if (target := _target(entry, one)) is not None), None)


def _target(entry: Entry, stated: Stated) -> Target | None:
    if stated.is_none:
        return _nothing(entry)
    if stated.day is not None:
        return None
    values = [_in_unit(value, entry, stated) for value in stated.values]
    is_foreign = stated.unit not in (None, entry.unit.casefold())
    told = [value for value in values if value is not None and (not is_foreign or _is_sane(value, entry))]
    if len(told) < len(values) or any(value >= _VALUE_LIMIT for value in told):
        return None
    texts = [_plain(value) for value in told]
    if len(texts) > 1:
        return Target(op="between", value=(texts[0], texts[1]))
    op = stated.op or ("=" if entry.direction == "between" else entry.direction)
    return Target(op=op, value=texts[0])


def _in_unit(value: Decimal, entry: Entry, stated: Stated) -> Decimal | None:
    found = units.converted(value, stated.unit, entry.unit)
    if found is None or stated.yearly == 1 or units.kind_of(entry.unit) != "count":
        return found
    return found * stated.yearly


def _is_sane(value: Decimal, entry: Entry) -> bool:
    """Whether *value* is within reach of the usual target: 365 days are no time for a page to load."""
    if entry.target is None or not isinstance(entry.target.value, str):
        return True
    usual = Decimal(entry.target.value)
    return not usual or not value or 1 / _REACH_OF_USUAL <= abs(value / usual) <= _REACH_OF_USUAL


_VALUE_LIMIT: Final = 10**15  # A plan takes no more digits.
_REACH_OF_USUAL: Final = Decimal(1_000)  # Times more or less than is usual.
_COUNTABLE: Final = ("count", "ratio", "money")  # What can be none; a time or a temperature cannot.


def _nothing(entry: Entry) -> Target | None:
    if entry.measure == "availability":
        return Target(op=">=", value="100")  # Availability is what faults leave over.
    can_be_none = units.kind_of(entry.unit) in _COUNTABLE and entry.direction in ("<=", "<", "=")
    return Target(op="=", value="0") if can_be_none else None


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
