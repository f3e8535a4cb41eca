"""Tombstones, the access log, terms of retention; and a feed that keeps its numbers when somebody is erased."""

import datetime as dt

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHANGES = """
CREATE OR REPLACE VIEW lms.assignment_changes WITH (security_barrier) AS
SELECT school.ref AS school, c.number, {student} AS student_ref, c.assignment_id, c.kind, c.state, c.version,
       c.changed_at
  FROM souschef.change c
  JOIN souschef.school ON school.id = c.school_id
  {join} souschef.person ON person.id = c.student_id
 WHERE c.school_id = ANY ((SELECT souschef.readable_schools())::bigint[])
"""

SENTENCES = {
    "student_ref": "The student as the roster names them; empty where the student was erased.",
    "state": "The assignment's new state; `changed` for gaps and interests. `withdrawn` with an empty `student_ref`: "
    "drop your copy of the assignment.",
}
SENTENCES_BEFORE = {
    "student_ref": "The student as the roster names them.",
    "state": "The assignment's new state; `changed` for gaps and interests.",
}


def _school(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id"], ["souschef.school.id"], name=op.f(f"fk_{table}_school_id_school"), ondelete="CASCADE"
    )


def _moment(name: str) -> "sa.Column[dt.datetime]":
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("souschef.clock()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _moment("erased_at"),
        _school("erasure"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        schema="souschef",
    )
    op.create_table(
        "tombstone",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        _school("tombstone"),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["souschef.erasure.id"], name=op.f("fk_tombstone_erasure_id_erasure"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("school_id", "mark", name=op.f("pk_tombstone")),
        schema="souschef",
    )
    op.create_table(
        "pseudonym",
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"], ["souschef.person.id"], name=op.f("fk_pseudonym_student_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_pseudonym")),
        schema="souschef",
    )
    op.create_table(
        "access",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subjects", postgresql.JSONB(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_access")),
        schema="souschef",
    )
    op.create_table(
        "access_head",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.Column("pruned_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pruned_hash", sa.LargeBinary(), nullable=False),
        _school("access_head"),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_access_head")),
        schema="souschef",
    )
    op.create_table(
        "retention",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.CheckConstraint("days > 0", name=op.f("ck_retention_some_time")),
        _school("retention"),
        sa.PrimaryKeyConstraint("school_id", "kind", name=op.f("pk_retention")),
        schema="souschef",
    )
    # Decisions are deleted by age and with their student: each asks for the assignments that rest on it.
    op.create_index("ix_assignment_decision_id", "assignment", ["decision_id"], schema="souschef")
    # A line of the feed outlives the assignment and the student that it tells of.
    op.execute("ALTER TABLE souschef.change DROP CONSTRAINT fk_change_assignment_id_assignment")
    op.execute("ALTER TABLE souschef.change ALTER student_id DROP NOT NULL")
    op.execute(CHANGES.format(student="coalesce(person.ref, '')", join="LEFT JOIN"))
    _comment(SENTENCES)
    op.execute("COMMENT ON SCHEMA lms IS 'Contract 1.2'")


def downgrade() -> None:
    op.execute("COMMENT ON SCHEMA lms IS 'Contract 1.1'")
    op.execute(CHANGES.format(student="person.ref", join="JOIN"))
    _comment(SENTENCES_BEFORE)
    op.execute("DELETE FROM souschef.change WHERE student_id IS NULL")
    op.execute("ALTER TABLE souschef.change ALTER student_id SET NOT NULL")
    op.create_foreign_key(
        "fk_change_assignment_id_assignment", "change", "assignment", ["assignment_id"], ["id"],
        source_schema="souschef", referent_schema="souschef", ondelete="CASCADE",
    )  # fmt: skip
    op.drop_index("ix_assignment_decision_id", table_name="assignment", schema="souschef")
    for table in ("retention", "access_head", "access", "pseudonym", "tombstone", "erasure"):
        op.drop_table(table, schema="souschef")


def _comment(sentences: dict[str, str]) -> None:
    for column, sentence in sentences.items():
        quoted = sentence.replace("'", "''")
        op.get_bind().exec_driver_sql(f"COMMENT ON COLUMN lms.assignment_changes.{column} IS '{quoted}'")
