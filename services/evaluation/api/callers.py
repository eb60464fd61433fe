"""Who calls, and how moments are written in a query."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from services.evaluation.facts import Facts
from shared.access import Caller, require
from shared.dates import end_of
from shared.fields import day_of, moment_of
from shared.problems import Invalid

Planner = Annotated[Caller, Depends(require("plans:write"))]
Assessor = Annotated[Caller, Depends(require("ratings:write"))]
Viewer = Annotated[Caller, Depends(require("scores:read"))]
Time = Annotated[str | None, Query(max_length=40, description="RFC 3339 with an offset; or a day, for its end.")]


def moment(name: str, text: str | None, facts: Facts) -> datetime | None:
    """A moment of the query; a bare day means its end: the last microsecond before the next one."""
    if text is None:
        return None
    try:
        if len(text) == len("YYYY-MM-DD"):
            return end_of(day_of(text), facts.time_zone) - datetime.resolution
        return moment_of(text.replace(" ", "+"))  # A plus sign that was not escaped arrives as a space.
    except ValueError as error:
        raise Invalid.field(name, "time", str(error)) from error
