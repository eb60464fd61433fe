"""Real parts that tests share: started once a run, thrown away after; and what hypothesis may expect of a machine."""

import requests  # noqa: F401  # Of the agent; services of the same process say later that they do without.
from hypothesis import HealthCheck, settings

from tests.stores import either_store, postgresql, postgresql_server, postgresql_url, sqlite, store, templates

__all__ = ["either_store", "postgresql", "postgresql_server", "postgresql_url", "sqlite", "store", "templates"]

# A law does not depend on how busy the machine is: hypothesis fails an example that takes 200 ms unless told otherwise.
settings.register_profile("any-machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")
