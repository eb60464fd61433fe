"""The shapes of values in requests: bounded, exact, and with words for what is wrong."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from shared.identity import ID_PATTERN
from shared.money import fen_of

YEAR_MIN: Final = 1950  # Before it zones have odd offsets, and no public budget of today began there.
YEAR_MAX: Final = 2199
COUNT_MAX: Final = 10**12
NUMBER_LIMIT: Final = 10**40
NUMBER_DECIMALS: Final = 40
QUANTITY_DIGITS: Final = 12  # Before the point, and after it.
LIST_MAX: Final = 1_000

_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Body(BaseModel):
    """A request body. An unknown member is refused: a misspelt optional one must not vanish silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError("must be an exact number, best as a string")
    text = value if isinstance(value, str) else _plain(value)
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a plain decimal number")
    return Decimal(text)


def _plain(value: int | Decimal) -> str:
    # Neither 1e999999 nor 1e-999999 must be written out.
    if not Decimal(value).is_finite() or not -NUMBER_LIMIT < value < NUMBER_LIMIT:
        return ""
    if isinstance(value, int):
        return str(value)
    return format(value, "f") if -int(value.as_tuple().exponent) <= NUMBER_DECIMALS else ""


def _amount(value: Any) -> int:
    amount = fen_of(_exact(value))
    if amount < 0:
        raise ValueError("an amount must not be negative")
    return amount


def _positive(value: int) -> int:
    if value <= 0:
        raise ValueError("an amount must be above zero")
    return value


def _quantity(value: Any) -> Decimal:
    number = _exact(value)
    if number.adjusted() >= QUANTITY_DIGITS or -int(number.as_tuple().exponent) > QUANTITY_DIGITS:
        raise ValueError(f"at most {QUANTITY_DIGITS} digits before the point and as many after it")
    return number


def _figure_or_day(value: Any) -> Decimal | date:
    return day_of(value) if isinstance(value, str) and _DAY.fullmatch(value) else _quantity(value)


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return value


def day_of(value: Any) -> date:
    """
    Read a day as requests write it.

    Raises:
        ValueError: If it is not ``YYYY-MM-DD`` of a sane year.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a date, YYYY-MM-DD")
    day = date.fromisoformat(value)
    _check_year(day.year)
    return day


def moment_of(value: Any) -> datetime:
    """
    Read a moment as requests write it.

    Raises:
        ValueError: If it is not RFC 3339 with an offset, of a sane year.
    """
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("must be a time with its offset (RFC 3339), as 2018-12-12T10:00:00+08:00")
    moment = datetime.fromisoformat(value.upper().replace(" ", "T"))
    _check_year(moment.year)
    return moment


def _check_year(year: int) -> None:
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise ValueError(f"the year must be {YEAR_MIN} to {YEAR_MAX}")


def _no_controls(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


@cache
def _zones() -> set[str]:
    return available_timezones()  # Reads a folder of files.


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("must be an IANA time zone, as Asia/Shanghai")
    return value


_AMOUNT_SCHEMA = {
    "type": "string",
    "pattern": r"^\d{1,13}(\.\d{1,2})?$",
    "examples": ["60000.00"],
    "description": "Yuan (CNY), at most two decimals; an exact number is taken too.",
}
_FIGURE_SCHEMA = {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,12})?$", "description": "An exact decimal number."}

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_controls)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000), AfterValidator(_no_controls)]
LooseText = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_no_controls)]
AmountOrZero = Annotated[int, BeforeValidator(_amount), WithJsonSchema(_AMOUNT_SCHEMA)]
Amount = Annotated[int, AfterValidator(_positive), BeforeValidator(_amount), WithJsonSchema(_AMOUNT_SCHEMA)]
Figure = Annotated[Decimal, BeforeValidator(_quantity), WithJsonSchema(_FIGURE_SCHEMA)]
FigureOrDay = Annotated[
    Decimal | date,
    BeforeValidator(_figure_or_day),
    WithJsonSchema({"anyOf": [_FIGURE_SCHEMA, {"type": "string", "format": "date"}]}),
]
Quantity = Annotated[Decimal, AfterValidator(_not_negative), BeforeValidator(_quantity), WithJsonSchema(_FIGURE_SCHEMA)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Day = Annotated[date, BeforeValidator(day_of), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[datetime, BeforeValidator(moment_of), WithJsonSchema({"type": "string", "format": "date-time"})]
Count = Annotated[int, Field(ge=0, le=COUNT_MAX)]
Year = Annotated[int, Field(ge=YEAR_MIN, le=YEAR_MAX)]
