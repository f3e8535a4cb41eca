"""Pages: a head's page across classes, and the language of a class and of a page that is open."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
# The checks take one role more than before: nothing that older code writes breaks them.
contracts = True

LANGUAGES = ("class", "page_session")
TABLES = ("page_link", "page_session")


def _roles_may_be(*roles: str) -> None:
    allowed = ", ".join(f"'{role}'" for role in roles)
    for table in TABLES:
        op.execute(f"ALTER TABLE souschef.{table} DROP CONSTRAINT ck_{table}_role_known, "
                   f"ADD CONSTRAINT ck_{table}_role_known CHECK (role IN ({allowed}))")


def upgrade() -> None:
    _roles_may_be("student", "teacher", "head")
    for table in LANGUAGES:
        op.add_column(table, sa.Column("language", sa.Text(), nullable=True), schema="souschef")


def downgrade() -> None:
    for table in LANGUAGES:
        op.drop_column(table, "language", schema="souschef")
    for table in reversed(TABLES):
        op.execute(f"DELETE FROM souschef.{table} WHERE role = 'head'")
    _roles_may_be("student", "teacher")
