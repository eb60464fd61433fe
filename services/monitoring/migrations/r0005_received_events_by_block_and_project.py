"""received events by block and project."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("received_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_received_event_subject"))
        batch_op.create_index(
            "ix_received_event_block", [sa.literal_column("(position / 4096)"), "subject"], unique=False
        )
