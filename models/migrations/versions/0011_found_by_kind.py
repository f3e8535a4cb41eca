"""What speaks of interests is found without reading all answers, and rows written by the thousand check less.

A row that is never deleted need not be looked up and locked for each row that names it: its ids were read in the same
transaction. What a foreign key said besides, that nothing named may go, the row's own table says now, when somebody
tries. The students' foreign keys stay: an erasure does delete a person.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAMED = {
    "class": ("fact.class_id", "assignment.class_id"),
    "item": ("fact.item_id",),
    "skill": ("fact.skill_id", "assignment.skill_id", "skill_gap.skill_id"),
    "material": ("assignment.material_id",),
    "source": ("fact.source_id", "inbox.source_id"),
}
"""By table, the columns that name its rows without a foreign key."""
NULLED = ("class",)
INTERESTS = "kind IN ('survey_answer', 'assignment_picked', 'assignment_done', 'interest_feedback', 'interest_veto')"
KEEP = """
CREATE FUNCTION souschef.keep_named() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  place text;
  named boolean;
BEGIN
  FOREACH place IN ARRAY TG_ARGV LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM souschef.%I WHERE %I = $1)',
                   split_part(place, '.', 1), split_part(place, '.', 2)) INTO named USING OLD.id;
    IF named THEN
      RAISE EXCEPTION '% % of souschef.% is still named in souschef.%', TG_TABLE_NAME, OLD.id, TG_TABLE_NAME, place
        USING ERRCODE = 'foreign_key_violation', HINT = 'Delete what names it first.';
    END IF;
  END LOOP;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_index("ix_fact_interest", "fact", ["student_id"], schema="souschef", postgresql_where=sa.text(INTERESTS))
    op.execute(KEEP)
    for table, places in NAMED.items():
        for place in places:
            where, column = place.split(".")
            op.execute(f"ALTER TABLE souschef.{where} DROP CONSTRAINT fk_{where}_{column}_{table}")
        op.execute(
            f"CREATE TRIGGER keep_named AFTER DELETE ON souschef.{table} FOR EACH ROW "
            f"EXECUTE FUNCTION souschef.keep_named({', '.join(repr(place) for place in places)})"
        )


def downgrade() -> None:
    for table, places in NAMED.items():
        op.execute(f"DROP TRIGGER keep_named ON souschef.{table}")
        for place in places:
            where, column = place.split(".")
            op.create_foreign_key(
                f"fk_{where}_{column}_{table}", where, table, [column], ["id"], source_schema="souschef",
                referent_schema="souschef", ondelete="SET NULL" if table in NULLED else "CASCADE",
            )  # fmt: skip
    op.execute("DROP FUNCTION souschef.keep_named()")
    op.drop_index("ix_fact_interest", "fact", schema="souschef")
