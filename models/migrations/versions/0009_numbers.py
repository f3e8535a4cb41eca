"""Which of a sender's consecutive numbers have come: what is missing among them was lost on its way."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ranges = [
        sa.Column(name, postgresql.INT8MULTIRANGE(), server_default=sa.text("'{}'::int8multirange"), nullable=False)
        for name in ("seen", "missing", "named")
    ]
    op.create_table(
        "source_number",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        *ranges,
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["souschef.source.id"], name=op.f("fk_source_number_source_id_source"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["souschef.school.id"], name=op.f("fk_source_number_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_number")),
        schema="souschef",
    )
    op.execute("SELECT souschef.fence('souschef.source_number')")


def downgrade() -> None:
    op.drop_table("source_number", schema="souschef")
