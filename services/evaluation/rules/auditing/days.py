"""Days as they are printed in the cells of a table: 2019年12月底前, 12月20日, 2019-12-20, 年底前."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.evaluation.rules.auditing.figures import LENGTH_MAX, normal

YEAR_ASSUMED: Final = 2000  # Of a target and an actual that both name none: only their order counts.

_LEAD: Final = r"(?:于|在|截至|截止|不晚于|不迟于|≤|<=)?"
_TAIL: Final = r"(?P<tail>以前|之前|前|内|止)?(?:完成|完工|支付|到位|上线|竣工|验收)*"
_LONG: Final = re.compile(
    rf"{_LEAD}(?:(?P<year>\d{{4}})年|当年|本年|(?P<next>次年|翌年|第二年))?(?P<month>\d{{1,2}})月(?:份?(?P<part>底|末|初|上旬|中旬|下旬)|(?P<day>\d{{1,2}})[日号])?{_TAIL}"
)
_SHORT: Final = re.compile(rf"{_LEAD}(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TAIL}")
_YEAR: Final = re.compile(rf"{_LEAD}(?:(?P<year>\d{{4}})年|当年|本年|年)(?:底|末|内)(?:以前|之前|前)?(?:完成)*")
_PARTS: Final = {"初": (1, 10), "上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31)}


@dataclass(frozen=True, slots=True)
class Days:
    """The first and last day that a printed date may mean."""

    first: date
    last: date
    year: int | None  # As printed.


def days_of(text: str, year: int | None) -> Days | None:
    """The days in a cell; *year* is that of a date without one. None if it is no date."""
    text = normal(text)
    if len(text) > LENGTH_MAX:
        return None
    found = _SHORT.fullmatch(text) or _LONG.fullmatch(text)
    try:
        return _ends(found, year) if found else _year(text, year)
    except ValueError:  # 31 February.
        return None


def _ends(found: re.Match[str], year: int | None) -> Days:
    named = int(found["year"]) if found["year"] else None
    is_next = found.groupdict().get("next") is not None
    of_year, month = _of_year(named, year) + is_next, int(found["month"])
    if found["day"]:
        day = date(of_year, month, int(found["day"]))
        return Days(day, day, named)
    first = date(of_year, month, 1)  # A wrong month raises here.
    length = monthrange(of_year, month)[1]
    begin, end = _PARTS.get(found.groupdict().get("part") or "", (1, 31))
    return Days(first.replace(day=begin), first.replace(day=min(end, length)), named)


def _year(text: str, year: int | None) -> Days | None:
    found = _YEAR.fullmatch(text)
    if found is None:
        return None
    named = int(found["year"]) if found["year"] else None
    of_year = _of_year(named, year)
    return Days(date(of_year, 1, 1), date(of_year, 12, 31), named)


def _of_year(named: int | None, year: int | None) -> int:
    return named if named is not None else year if year is not None else YEAR_ASSUMED
