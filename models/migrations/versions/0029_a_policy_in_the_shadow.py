"""A policy may have settings that are tried in the shadow: decided with, and never published."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE souschef.policy ADD COLUMN shadow jsonb NOT NULL DEFAULT '{}'::jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE souschef.policy DROP COLUMN shadow")
