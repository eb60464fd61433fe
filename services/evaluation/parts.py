"""The parts of evaluation that its calls use, in one value."""

from dataclasses import dataclass

from services.evaluation.catalogue import Catalogue
from services.evaluation.dossiers import Dossiers
from services.evaluation.model import Policy
from services.evaluation.rebuilding import Rebuilder
from services.evaluation.rules.forms.layout import Layout
from services.evaluation.scorer import Scorer
from services.evaluation.settings import Settings
from services.evaluation.stream import Hub
from services.evaluation.vault import Vault
from shared.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Wired by ``app.py``."""

    service: Service
    settings: Settings
    scorer: Scorer
    hub: Hub
    rebuilder: Rebuilder
    written: Dossiers  # The writer's view, in step with what is being applied.
    shown: Dossiers  # The readers' view: what is committed.
    policies: dict[str, Policy]
    layouts: dict[str, Layout]
    catalogue: Catalogue
    vault: Vault
