"""The totals of a student's attempts are found without reading all that the student has ever answered."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    totals = sa.text("kind = 'attempt_graded'")
    op.create_index("ix_fact_total", "fact", ["student_id", "attempt"], schema="souschef", postgresql_where=totals)


def downgrade() -> None:
    op.drop_index("ix_fact_total", "fact", schema="souschef")
