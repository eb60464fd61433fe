"""What evaluation does, one function per thing that happens: load, decide, save and publish."""

from services.evaluation.handlers.archiving import Gathered, gather
from services.evaluation.handlers.closing import closing, open_closure, propose, seal
from services.evaluation.handlers.documents import add_links, keep_document, proofs_of, require_told, show_documents
from services.evaluation.handlers.forms import filled, notes_in, shown_texts, write_narrative
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
from services.evaluation.handlers.reports import monitored, reported
from services.evaluation.handlers.scores import evaluated, latest, planned_under, score_fields, score_project

__all__ = [
    "Deviation",
    "Gathered",
    "Measurement",
    "Rating",
    "UnknownIndicator",
    "add_links",
    "adopt_plan",
    "closing",
    "course",
    "evaluated",
    "explain_deviation",
    "filled",
    "gather",
    "give_rating",
    "keep_document",
    "latest",
    "monitored",
    "notes_in",
    "open_closure",
    "plan_of",
    "planned_under",
    "proofs_of",
    "propose",
    "report_measurement",
    "reported",
    "require_told",
    "restatement",
    "score_fields",
    "score_project",
    "seal",
    "show_documents",
    "shown_texts",
    "versions",
    "write_narrative",
]
