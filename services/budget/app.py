"""Budget, wired: ``python -m shared.serving services.budget.app``."""

from services.budget import CONSUMES, api, handlers, store
from services.budget.settings import Settings
from shared.service import Service

service = Service("budget", Settings.read(), store.Table.metadata, package=__package__)
for source in CONSUMES:
    service.listen(source, handlers.learn)
service.forgetting(handlers.learn, handlers.unlearn)
app = service.app(
    api.router(service),
    title="Scorebus budget",
    description="Projects, budget lines, funds received and payments. Amounts are yuan (CNY) with two decimals.",
)
