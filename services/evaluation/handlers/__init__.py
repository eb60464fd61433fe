"""What evaluation does, one function per thing that happens: load, decide, save and publish."""

from services.evaluation.handlers.history import course, restatement, versions
from services.evaluation.handlers.plans import (
    Deviation,
    Measurement,
    Rating,
    UnknownIndicator,
    adopt_plan,
    explain_deviation,
    give_rating,
    plan_of,
    report_measurement,
)
from services.evaluation.handlers.scores import evaluated, latest, score_fields, score_project

__all__ = [
    "Deviation",
    "Measurement",
    "Rating",
    "UnknownIndicator",
    "adopt_plan",
    "course",
    "evaluated",
    "explain_deviation",
    "give_rating",
    "latest",
    "plan_of",
    "report_measurement",
    "restatement",
    "score_fields",
    "score_project",
    "versions",
]
