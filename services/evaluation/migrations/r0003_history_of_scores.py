"""
Measurements, explanations and restatements; which rule made a score, and outlooks in it.

A score from before is shown without an outlook's reason until it is scored anew, which it is at every start.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deviation",
        sa.Column("deviation", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("remedy", sa.String(), nullable=False),
        sa.Column("explained_by", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("deviation"),
    )
    with op.batch_alter_table("deviation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deviation_project"), ["project"], unique=False)

    op.create_table(
        "measurement",
        sa.Column("measurement", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("measurement"),
    )
    with op.batch_alter_table("measurement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_measurement_project"), ["project"], unique=False)

    op.create_table(
        "restatement",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "version"),
    )
    with op.batch_alter_table("score", schema=None) as batch_op:  # Of the scores there are, it is not known.
        batch_op.add_column(sa.Column("rule", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("score", schema=None) as batch_op:
        batch_op.alter_column("rule", server_default=None)
    _give_outlooks()


def _give_outlooks() -> None:
    score = sa.table("score", sa.column("project", sa.String), sa.column("document", sa.LargeBinary))
    connection = op.get_bind()
    unknown = {"state": "on_track", "reason": {"zh": "", "en": ""}}
    for project, document in connection.execute(sa.select(score.c.project, score.c.document)).all():
        shown = json.loads(document)
        for name, value in {"elapsed": "0.000000", "execution_outlook": unknown, "execution_deviation": None}.items():
            shown.setdefault(name, value)
        for row in shown["details"]:
            row.setdefault("outlook", unknown)
        changed = score.update().where(score.c.project == project)
        connection.execute(changed.values(document=json.dumps(shown, ensure_ascii=False).encode()))
