"""A school has a time zone, whose days its dates are."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("school", sa.Column("timezone", sa.Text(), nullable=True), schema="souschef")


def downgrade() -> None:
    op.drop_column("school", "timezone", schema="souschef")
