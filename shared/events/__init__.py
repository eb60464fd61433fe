"""The event contracts, one file per publisher, and the envelope they travel in."""

from shared.events import budget, evaluation, monitoring, procurement
from shared.events.base import Contracts, EventData

PUBLISHERS: dict[str, tuple[type[EventData], ...]] = {
    "budget": budget.EVENTS,
    "procurement": procurement.EVENTS,
    "monitoring": monitoring.EVENTS,
    "evaluation": evaluation.EVENTS,
}
ALL = Contracts(*(event for events in PUBLISHERS.values() for event in events))
