"""Decisions about times."""

from datetime import date, datetime, timedelta
from typing import Final

from shared.dates import start_of
from shared.problems import Invalid

CLOCK_SKEW: Final = timedelta(minutes=5)  # How far an agent's clock may be ahead of ours.
WINDOW_MAX: Final = timedelta(days=366)  # Of maintenance: longer is no window but a closed service.


def check_not_ahead(field: str, moment: datetime, now: datetime) -> None:
    """
    Let a moment pass that lies at most five minutes in the future: clocks differ, but nobody reports tomorrow.

    Raises:
        Invalid: If it lies further ahead.
    """
    if moment > now + CLOCK_SKEW:
        raise Invalid.field(field, "in_future", f"is more than {CLOCK_SKEW.seconds // 60} minutes in the future")


def check_day(field: str, day: date, now: datetime, time_zone: str) -> None:
    """
    Let a day pass that has begun in the project's zone.

    Raises:
        Invalid: If it lies in the future.
    """
    if start_of(day, time_zone) > now + CLOCK_SKEW:
        raise Invalid.field(field, "in_future", "the day has not begun yet")


def check_window(starts_at: datetime, ends_at: datetime) -> None:
    """
    Let a maintenance window pass that has a length, at most 366 days.

    Raises:
        Invalid: If it has not.
    """
    if ends_at <= starts_at:
        raise Invalid.field("to", "before_start", "a maintenance window ends after it starts")
    if ends_at - starts_at > WINDOW_MAX:
        raise Invalid.field("to", "too_long", f"a maintenance window lasts at most {WINDOW_MAX.days} days")


def check_span(starts_on: date, ends_on: date) -> None:
    """
    Let the days of a service count pass.

    Raises:
        Invalid: If the last one lies before the first.
    """
    if ends_on < starts_on:
        raise Invalid.field("to", "before_start", "the last day lies before the first")
