"""Whether a school's LMS reports attempts at all is asked with every decision, so it is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_assignment_reported", "assignment", ["school_id"], schema="souschef",
        postgresql_where=sa.text("attempted_at IS NOT NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_assignment_reported", "assignment", schema="souschef")
