"""What teachers order beside pins: approvals, and who set a rule or opened a skill, why, and until when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
# The check takes one kind more than before: nothing that older code writes breaks it.
contracts = True

KINDS = "ALTER TABLE souschef.teacher_order DROP CONSTRAINT ck_teacher_order_kind_known, ADD CONSTRAINT ck_teacher_order_kind_known CHECK (kind IN ({}))"  # noqa: E501 - one statement


def upgrade() -> None:
    op.execute(KINDS.format("'pin', 'forbid', 'must_do', 'hold', 'approve'"))
    op.add_column("policy", sa.Column("reason", sa.Text(), server_default="", nullable=False), schema="souschef")
    until = sa.Column("until", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("policy", until, schema="souschef")
    for name in ("author", "reason"):
        op.add_column("scope", sa.Column(name, sa.Text(), server_default="", nullable=False), schema="souschef")


def downgrade() -> None:
    for name in ("author", "reason"):
        op.drop_column("scope", name, schema="souschef")
    op.drop_column("policy", "until", schema="souschef")
    op.drop_column("policy", "reason", schema="souschef")
    op.execute("DELETE FROM souschef.teacher_order WHERE kind = 'approve'")
    op.execute(KINDS.format("'pin', 'forbid', 'must_do', 'hold'"))
