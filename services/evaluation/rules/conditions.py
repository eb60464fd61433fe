"""What `event_count` may count: the types of events, and the conditions on their members."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from shared.events import PUBLISHERS
from shared.events.base import EventData
from shared.events.evaluation import AlertRaised, ScoreUpdated

CONDITIONS_MAX: Final = 10
_CONDITION: Final = re.compile(r"[a-z_]{1,64}=[^,=\x00-\x1f\x7f]{0,200}")
# What follows from scores cannot make one.
_CONSEQUENCES: Final = (ScoreUpdated, AlertRaised)
EVENT_TYPES: Final[Mapping[str, type[EventData]]] = {
    event.type: event for published in PUBLISHERS.values() for event in published if event not in _CONSEQUENCES
}


def read_where(raw: Any, event_type: Any) -> str:
    """
    Conditions on an event's members, all of which must hold: ``{"severity": "critical"}`` or ``severity=critical``,
    several with commas.

    Returns:
        The second form, by member.

    Raises:
        ValueError: If they cannot be read, or name a member that events of the type do not have.
    """
    given = [f"{name}={_text(value)}" for name, value in raw.items()] if isinstance(raw, dict) else _split(raw)
    if not 1 <= len(given) <= CONDITIONS_MAX:
        raise ValueError(f"1 to {CONDITIONS_MAX} conditions are possible")
    for condition in given:
        if not _CONDITION.fullmatch(condition):
            raise ValueError(f"a condition is member=value, not {condition[:80]}")
    event = EVENT_TYPES.get(event_type) if isinstance(event_type, str) else None
    members = set() if event is None else {field.name for field in msgspec.structs.fields(event)}
    unknown = sorted({condition.split("=")[0] for condition in given} - members)
    if event is not None and unknown:
        raise ValueError(f"{event_type} has no {', '.join(unknown)}")
    return ",".join(sorted(given))


def _split(raw: Any) -> list[str]:
    if not isinstance(raw, str):
        raise ValueError("must be an object, or a text member=value")  # A fault of the caller's JSON.
    return raw.split(",")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise ValueError("a condition compares with a text, a number, true or false")
    return str(value)
