"""Procurement, wired: ``python -m shared.serving services.procurement.app``."""

from services.procurement import CONSUMES, api, handlers, store
from services.procurement.settings import Settings
from shared.service import Service

service = Service("procurement", Settings.read(), store.Table.metadata, package=__package__)
for source in CONSUMES:
    service.listen(source, handlers.learn)
service.forgetting(handlers.learn, handlers.unlearn)
app = service.app(
    api.router(service),
    title="Scorebus procurement",
    description="Suppliers, contracts and acceptances. Amounts are yuan (CNY) with two decimals.",
)
