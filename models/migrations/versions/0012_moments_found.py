"""What begins or ends is found by its moment, and who waits for a refresh in order: both are asked at every sweep."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENTS = (("teacher_order", "expires_at"), ("scope", "opens_at"), ("scope", "closes_at"))


def upgrade() -> None:
    for table, column in MOMENTS:
        op.create_index(f"ix_{table}_{column}", table, [column], schema="souschef")
    _due_by("school_id", "student_id")


def downgrade() -> None:
    _due_by("school_id")
    for table, column in MOMENTS:
        op.drop_index(f"ix_{table}_{column}", table, schema="souschef")


def _due_by(*columns: str) -> None:
    op.drop_index("ix_learner_state_due", "learner_state", schema="souschef")
    op.create_index(
        "ix_learner_state_due", "learner_state", list(columns), schema="souschef",
        postgresql_where=sa.text("refresh_due"),
    )  # fmt: skip
