"""The contract says that of the old lines of the feed only the last about each thing stays."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

COMMENT = "COMMENT ON COLUMN lms.assignment_changes.number IS '{}'"
BEFORE = "1, 2, 3, ... within the school, in the order of commits and without holes: the cursor."
AFTER = (
    "1, 2, 3, ... within the school, in the order of commits: the cursor. Without holes among the lines of the last 90 days "
    "(or what the school has set); of older lines only the last about each thing stays."
)


def upgrade() -> None:
    op.execute(COMMENT.format(AFTER))


def downgrade() -> None:
    op.execute(COMMENT.format(BEFORE))
