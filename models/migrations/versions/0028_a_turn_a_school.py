"""The outbox is read by school, and what names an unknown source is found by it."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_event_outbox_of_school ON souschef.event_outbox (school_id, id) WHERE code IS NULL")
    op.execute(
        "CREATE INDEX ix_event_outbox_unknown ON souschef.event_outbox (school_id, source, id) "
        "WHERE code = 'unknown_source'"
    )
    # Older code still works without it; left there, PostgreSQL might read all schools' rows by it to find one's.
    op.execute("DROP INDEX souschef.ix_event_outbox_waiting")


def downgrade() -> None:
    op.execute("CREATE INDEX ix_event_outbox_waiting ON souschef.event_outbox (id) WHERE code IS NULL")
    op.execute("DROP INDEX souschef.ix_event_outbox_unknown")
    op.execute("DROP INDEX souschef.ix_event_outbox_of_school")
