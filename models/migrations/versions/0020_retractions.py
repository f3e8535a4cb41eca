"""What a source has withdrawn is recorded, and facts know the xAPI statement that they came by."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

CREATE = """
CREATE TABLE souschef.retraction (
    source_id BIGINT NOT NULL,
    key BYTEA NOT NULL,
    school_id BIGINT NOT NULL,
    student_id BIGINT,
    revised_at TIMESTAMP WITH TIME ZONE,
    inbox_id BIGINT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT souschef.clock() NOT NULL,
    CONSTRAINT pk_retraction PRIMARY KEY (source_id, key),
    CONSTRAINT fk_retraction_source_id_source FOREIGN KEY(source_id) REFERENCES souschef.source (id) ON DELETE CASCADE,
    CONSTRAINT fk_retraction_school_id_school FOREIGN KEY(school_id) REFERENCES souschef.school (id) ON DELETE CASCADE,
    CONSTRAINT fk_retraction_student_id_person FOREIGN KEY(student_id) REFERENCES souschef.person (id) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    op.execute(CREATE)
    op.execute("CREATE INDEX ix_retraction_student_id ON souschef.retraction (student_id)")
    op.execute("SELECT souschef.fence('souschef.retraction')")
    op.add_column("fact", sa.Column("statement", sa.LargeBinary(), nullable=True), schema="souschef")
    op.execute(
        "CREATE INDEX ix_fact_statement ON souschef.fact (source_id, statement) WHERE statement IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX souschef.ix_fact_statement")
    op.drop_column("fact", "statement", schema="souschef")
    op.drop_table("retraction", schema="souschef")
