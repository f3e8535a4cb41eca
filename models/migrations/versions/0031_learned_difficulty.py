"""Materials without a difficulty of the school's: that it is not known, and what answers have shown."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "material",
        sa.Column("difficulty_known", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        schema="souschef",
    )
    op.add_column("material", sa.Column("learned_difficulty", sa.Float(), nullable=True), schema="souschef")


def downgrade() -> None:
    op.drop_column("material", "learned_difficulty", schema="souschef")
    op.drop_column("material", "difficulty_known", schema="souschef")
