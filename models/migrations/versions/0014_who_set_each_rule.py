"""A setting keeps its own author and reason when another setting of the same class or school is set."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("set_by", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("policy", column, schema="souschef")


def downgrade() -> None:
    op.drop_column("policy", "set_by", schema="souschef")
