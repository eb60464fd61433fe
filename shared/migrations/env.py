"""How Alembic runs a service's revisions; it loads this file by its path, see `shared.migrations.upgrading`."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString

from shared.columns import Moment

given = context.config.attributes


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Revisions outlive the program's own types: they name what the store has."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return repr(sa.String(item.length)).replace("String", "sa.String")
    return False


context.configure(
    connection=given["connection"],
    target_metadata=given["metadata"],
    render_as_batch=True,  # SQLite can hardly change a table otherwise.
    render_item=render_item,
    transactional_ddl=True,  # Our connections begin by themselves, so SQLite's changes can be undone as well.
)
with context.begin_transaction():
    context.run_migrations()
