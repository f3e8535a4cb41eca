"""What a gap is: likely, and no longer beyond doubt."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

COMMENT = "COMMENT ON COLUMN lms.skill_gaps.standing IS '`gap` ({gap}), `met` ({met}) or `unsure`.'"


def upgrade() -> None:
    op.execute(COMMENT.format(gap="likely below the target", met="surely not below it"))


def downgrade() -> None:
    op.execute(COMMENT.format(gap="below the target beyond doubt", met="not below it"))
