"""Sources that serve several schools."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CREATE = """
CREATE TABLE souschef.source_school (
    source_id BIGINT NOT NULL,
    school_id BIGINT NOT NULL,
    CONSTRAINT pk_source_school PRIMARY KEY (source_id, school_id),
    CONSTRAINT fk_source_school_source_id_source FOREIGN KEY(source_id) REFERENCES souschef.source (id) ON DELETE CASCADE,
    CONSTRAINT fk_source_school_school_id_school FOREIGN KEY(school_id) REFERENCES souschef.school (id) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    op.execute(CREATE)
    op.execute("SELECT souschef.fence('souschef.source_school')")


def downgrade() -> None:
    op.drop_table("source_school", schema="souschef")
