"""Monitoring, wired: ``python -m shared.serving services.monitoring.app``."""

from services.monitoring import CONSUMES, api, handlers, store
from services.monitoring.settings import Settings
from shared.service import Service

service = Service("monitoring", Settings.read(), store.Table.metadata, package=__package__)
for source in CONSUMES:
    service.listen(source, handlers.learn)
service.forgetting(handlers.learn, handlers.unlearn)
app = service.app(
    api.router(service),
    title="Scorebus monitoring",
    description="Assets, faults, readings, maintenance, complaints, surveys and service counts. Takes CloudEvents too.",
)
