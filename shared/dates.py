"""Days and moments: a dated fact happens at 00:00 of its day in the project's zone."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name."""
    return ZoneInfo(name)


def start_of(day: date, zone_name: str) -> datetime:
    """The moment *day* begins in the zone."""
    return datetime.combine(day, time(), zone(zone_name))


def end_of(day: date, zone_name: str) -> datetime:
    """The moment *day* is over in the zone: the first one that no longer belongs to it."""
    return start_of(day + timedelta(days=1), zone_name)
