"""Evaluation, wired: ``python -m shared.serving services.evaluation.app``."""

from services.evaluation import CONSUMES, api, catalogue, layouts, policies, store
from services.evaluation.dossiers import Dossiers
from services.evaluation.gauges import Gauges
from services.evaluation.parts import Parts
from services.evaluation.rebuilding import Rebuilder
from services.evaluation.scorer import Scorer
from services.evaluation.settings import Settings
from services.evaluation.stream import Hub
from services.evaluation.vault import Vault
from shared.service import Service

settings = Settings.read()
service = Service("evaluation", settings, store.Table.metadata, package=__package__)
written = Dossiers(settings.facts_kept)
shown = Dossiers(settings.facts_kept)
known_policies = policies.read_all()
scorer = Scorer(service, settings, written, known_policies)
hub = Hub(service.database)
rebuilder = Rebuilder(service, settings, written, shown, known_policies, hub, scorer.owes)
gauges = Gauges(service.database)
vault = Vault(settings.documents)
scorer.tell(gauges.show)
scorer.published = hub.take
for source in CONSUMES:
    service.listen(source, written.fold, scorer.touched)
service.refold = written.refold
service.at_start(hub.open)
service.at_start(gauges.open)
service.at_start(vault.open)
service.at_start(scorer.all_due)
service.in_background(scorer.run)
service.in_background(scorer.tick)
service.in_background(hub.run)
service.in_background(rebuilder.run)
service.at_stop(hub.moved.announce)
app = service.app(
    api.router(
        Parts(
            service=service,
            settings=settings,
            scorer=scorer,
            hub=hub,
            rebuilder=rebuilder,
            written=written,
            shown=shown,
            policies=known_policies,
            layouts=layouts.read_all(),
            catalogue=catalogue.read(),
            vault=vault,
        )
    ),
    title="Scorebus evaluation",
    description="Performance plans and live scores, each re-derivable from its evidence.",
    schemas=api.SCHEMAS,
    larger_bodies=api.LARGER_BODIES,
)
