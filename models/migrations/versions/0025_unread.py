"""What a source sends that is not read is counted by name."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

CREATE = """
CREATE TABLE souschef.unread (
    source_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    name TEXT NOT NULL,
    school_id BIGINT NOT NULL,
    count BIGINT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE DEFAULT souschef.clock() NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT souschef.clock() NOT NULL,
    CONSTRAINT pk_unread PRIMARY KEY (source_id, reason, name),
    CONSTRAINT fk_unread_source_id_source FOREIGN KEY(source_id) REFERENCES souschef.source (id) ON DELETE CASCADE,
    CONSTRAINT fk_unread_school_id_school FOREIGN KEY(school_id) REFERENCES souschef.school (id) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    op.execute(CREATE)
    op.execute("SELECT souschef.fence('souschef.unread')")


def downgrade() -> None:
    op.drop_table("unread", schema="souschef")
