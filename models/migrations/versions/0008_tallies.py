"""Totals that only rise: of decisions, and of how long events took until their effect could be seen."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", "shard", name=op.f("pk_tally")),
        schema="souschef",
    )
    op.execute("SELECT souschef.fence('souschef.tally')")


def downgrade() -> None:
    op.drop_table("tally", schema="souschef")
