"""One id from a request to the change feed: which request brought an event, which task applied it and wrote a change."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = (("inbox", "request_id"), ("inbox", "task_id"), ("change", "task_id"))


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=True), schema="souschef")


def downgrade() -> None:
    for table, column in COLUMNS:
        op.drop_column(table, column, schema="souschef")
