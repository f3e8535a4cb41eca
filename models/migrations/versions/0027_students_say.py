"""What students say on their pages: a task declined, a skill wished for; and titles of skills in their own words."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
# The check of facts takes two kinds more than before: nothing that older code writes breaks it.
contracts = True

KINDS = (
    "item_result",
    "attempt_graded",
    "skill_result",
    "survey_answer",
    "consent",
    "assignment_picked",
    "assignment_started",
    "assignment_done",
    "interest_feedback",
    "interest_veto",
    "help_requested",
)
NEW = ("assignment_declined", "wish")


def _facts_may_be(*kinds: str) -> None:
    """Renew the check of a fact's kind; the rows that are there are looked at without locking anybody out."""
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE souschef.fact DROP CONSTRAINT ck_fact_kind_known")
    op.execute(f"ALTER TABLE souschef.fact ADD CONSTRAINT ck_fact_kind_known CHECK (kind IN ({allowed})) NOT VALID")
    op.execute("ALTER TABLE souschef.fact VALIDATE CONSTRAINT ck_fact_kind_known")


def upgrade() -> None:
    _facts_may_be(*KINDS, *NEW)
    op.add_column("skill", sa.Column("student_title", sa.Text(), nullable=True), schema="souschef")


def downgrade() -> None:
    op.drop_column("skill", "student_title", schema="souschef")
    op.execute("DELETE FROM souschef.fact WHERE kind IN ('assignment_declined', 'wish')")
    _facts_may_be(*KINDS)
