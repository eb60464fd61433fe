"""Real parts that tests share: started once a run, thrown away after."""

from tests.stores import either_store, postgresql, postgresql_server, postgresql_url, sqlite, store, templates

__all__ = ["either_store", "postgresql", "postgresql_server", "postgresql_url", "sqlite", "store", "templates"]
