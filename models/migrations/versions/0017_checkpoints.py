"""Earlier states of each student, so that a late fact needs no fold of all that came before it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "state_checkpoint",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("snapshot_version", sa.BigInteger(), nullable=False),
        sa.Column("parameters_version", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sequence", sa.Text(collation="C"), nullable=False),
        sa.Column("last_key", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"], ["souschef.person.id"], name="fk_state_checkpoint_student_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("student_id", "facts", name="pk_state_checkpoint"),
        schema="souschef",
    )
    op.execute("SELECT souschef.fence('souschef.state_checkpoint')")


def downgrade() -> None:
    op.drop_table("state_checkpoint", schema="souschef")
