"""
Numbers that do not run out at 2³¹.

SQLite has no smaller ones. On PostgreSQL the column and the sequence that fills it each have a size of their own.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = (
    ("adjustment", "number"),
    ("parked_event", "position"),
    ("payment", "number"),
    ("received_event", "position"),
)
WITHOUT_SEQUENCE = "parked_event"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in COLUMNS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE bigint")
        if table != WITHOUT_SEQUENCE:
            op.execute(f"ALTER SEQUENCE {table}_{column}_seq AS bigint")
