"""
Early warning: where a result is heading, from its pace and the time that is left.

双监控 (中发〔2018〕34号, general knowledge of the document) asks that goals and budget execution are both watched
while the year runs; no published rule says from which figure on. The margins below are the platform's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.evaluation.model import Outlook, Target
from services.evaluation.rules.measures.base import Course, Range
from services.evaluation.rules.methods import bounds, number
from shared.events.evaluation import Outlook as State

LAG: Final = Fraction(1, 4)  # How far a growing result may lie behind the time that has passed.
LATE: Final = Fraction(3, 4)  # From this share of the time on, a result that is not there at all is a warning.
NEAR: Final = Fraction(9, 10)  # Of a limit: above it, the limit is close.
# Below it a reason must be given on Sichuan's form (预算执行率低于90%); read in one published page.
EXECUTION_FLOOR: Final = Fraction(9, 10)

WORSE: Final[Mapping[State, int]] = {"on_track": 0, "at_risk": 1, "missed": 2, "out_of_reach": 3}

ON_TRACK: Final = Outlook(state="on_track", zh="正常", en="on track")
TIME_LEFT: Final = Outlook(state="on_track", zh="尚无数据,时间尚早", en="nothing to measure yet, and time is left")
NOTHING_NEEDED: Final = Outlook(
    state="on_track",
    zh="至今没有发生;若保持到期末,即为达成",
    en="nothing happened so far; if it stays so, the target counts as met",
)
NOTHING_YET: Final = Outlook(
    state="at_risk",
    zh="评价期已过四分之三,尚无数据",
    en="three quarters of the time have passed and there is nothing to measure",
)
DAY_PASSED: Final = Outlook(
    state="at_risk",
    zh="指标值规定的日期已过,尚无数据",
    en="the day to reach has passed and there is nothing to measure",
)
BEHIND: Final = Outlook(
    state="at_risk",
    zh="完成进度落后于时间进度四分之一以上",
    en="more than a quarter of the window behind the time that has passed",
)
NEAR_LIMIT: Final = Outlook(state="at_risk", zh="已超过上限的九成", en="more than nine tenths of the limit are used")
BELOW: Final = Outlook(state="missed", zh="目前未达到指标值,仍可改善", en="not reached now; it can still recover")
ENDED: Final = Outlook(
    state="missed", zh="评价期已结束,未达到指标值", en="the window is over and the target is not reached"
)
TOO_LATE: Final = Outlook(
    state="out_of_reach",
    zh="余下时间内已无法达到指标值",
    en="whatever happens in the time left, the target cannot be reached",
)
OVERSPENT: Final = Outlook(state="missed", zh="支出超过预算", en="more was spent than the budget")
NOT_SPENT: Final = Outlook(
    state="missed",
    zh="评价期已结束,预算执行率低于90%",
    en="the window is over and less than 90 % of the budget is spent",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    Where one indicator stands.

    Attributes:
        measured: In the indicator's unit; None if there is nothing to measure.
        target: The value to reach.
        is_met_by_nothing: Whether it will be reached if nothing happens: no fault needs no response.
        is_reached: Whether it is reached now, vacuously or by what was measured.
        course: Whether the value accumulates with time.
        range: What the value can still become, in the indicator's unit.
        has_limit_warning: Whether nearing an upper limit is a warning; amounts are agreed on and may use theirs up.
        has_day_passed: Whether the target is a day, and that day is over.
        elapsed: The share of the window that has passed.
        is_over: Whether the window is over.
    """

    measured: Fraction | None
    target: Target
    is_met_by_nothing: bool
    is_reached: bool
    course: Course
    range: Range
    has_limit_warning: bool
    has_day_passed: bool
    elapsed: Fraction
    is_over: bool


def outlook(standing: Standing) -> Outlook:
    """The outlook of one indicator."""
    if standing.is_over:
        return ON_TRACK if standing.is_reached else ENDED
    if standing.is_reached:
        return NEAR_LIMIT if _is_near_limit(standing) else ON_TRACK
    if _is_out_of_reach(standing):
        return TOO_LATE
    if standing.measured is None:
        return _without_facts(standing)
    low, _ = _wanted(standing.target)
    if standing.course == "grows" and low is not None and 0 < low >= standing.measured:
        return _by_pace(standing.measured / low, standing.elapsed)
    return BELOW


def _without_facts(standing: Standing) -> Outlook:
    if standing.is_met_by_nothing:
        return NOTHING_NEEDED
    if standing.has_day_passed:  # What was done in time may still be reported.
        return DAY_PASSED
    return TIME_LEFT if standing.elapsed < LATE else NOTHING_YET


def execution_outlook(rate: Fraction, elapsed: Fraction, *, is_over: bool) -> Outlook:
    """The outlook of budget execution: the share spent against the share of time that has passed (序时进度)."""
    if rate > 1:
        return OVERSPENT
    if is_over:
        return ON_TRACK if rate >= EXECUTION_FLOOR else NOT_SPENT
    return _by_pace(rate, elapsed)


def _by_pace(share: Fraction, elapsed: Fraction) -> Outlook:
    return ON_TRACK if share + LAG >= elapsed else BEHIND


def _is_near_limit(standing: Standing) -> bool:
    if not standing.has_limit_warning or standing.measured is None or standing.target.op not in ("<=", "<"):
        return False
    limit = number(standing.target)
    return limit > 0 and standing.measured > NEAR * limit


def _wanted(target: Target) -> Range:
    """The least and the most that reach the target."""
    if target.op == "between":
        return bounds(target)
    if target.op in ("level", "by"):
        return None, None
    value = number(target)
    return (value if target.op in ("=", ">=", ">") else None, value if target.op in ("=", "<=", "<") else None)


def stays_reached(target: Target, found: Range) -> bool:
    """Whether every value that is still possible reaches *target*: a rating may always be given anew."""
    if target.op == "level":
        return False
    (low, high), (floor, ceiling) = found, _wanted(target)
    is_high_enough = floor is None or (low is not None and (low > floor or (low == floor and target.op != ">")))
    return is_high_enough and (
        ceiling is None or (high is not None and (high < ceiling or (high == ceiling and target.op != "<")))
    )


def _is_out_of_reach(standing: Standing) -> bool:
    """Whether no value that is still possible reaches the target."""
    (low, high), (floor, ceiling), op = standing.range, _wanted(standing.target), standing.target.op
    if low is not None and ceiling is not None and (low > ceiling or (low == ceiling and op == "<")):
        return True
    return high is not None and floor is not None and (high < floor or (high == floor and op == ">"))
