"""Fences: PostgreSQL itself shows each login the rows of its own school alone, in every table, whatever it was granted."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

IS_OURS = """
CREATE FUNCTION souschef.is_ours() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ BEGIN RETURN pg_has_role(session_user, current_user, 'USAGE'); END $$
"""
"""Whether the session was opened by the owner of the schema or a member of its role.

`session_user`, which no SET ROLE and no function changes; `current_user` is the function's owner here. In plpgsql, which
keeps its plan for the session.
"""

KEEP = """
CREATE FUNCTION souschef.refuse_truncate() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$$ BEGIN
  IF NOT souschef.is_ours() THEN
    RAISE EXCEPTION 'This login may not empty %.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege',
      HINT = 'TRUNCATE takes the rows of every school; DELETE takes those of your own.';
  END IF;
  RETURN NULL;
END $$
"""
"""Policies say nothing of TRUNCATE."""

FENCE = """
CREATE FUNCTION souschef.fence(target regclass) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
  own text;
BEGIN
  IF target = 'souschef.school'::regclass THEN
    own := 'id = ANY ((SELECT souschef.readable_schools())::bigint[])';
  ELSIF EXISTS (SELECT FROM pg_attribute
                 WHERE attrelid = target AND attname = 'school_id' AND NOT attisdropped) THEN
    own := 'school_id = ANY ((SELECT souschef.readable_schools())::bigint[])';
  END IF;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  IF own IS NULL OR target = 'souschef.lms_login'::regclass THEN
    IF own IS NULL THEN
      EXECUTE format('CREATE POLICY read_by_all ON %s FOR SELECT USING (true)', target);
    ELSE
      EXECUTE format('CREATE POLICY read_by_itself ON %s FOR SELECT USING (role = session_user)', target);
    END IF;
    EXECUTE format('CREATE POLICY written_by_us ON %s USING ((SELECT souschef.is_ours())) '
                   'WITH CHECK ((SELECT souschef.is_ours()))', target);
  ELSE
    EXECUTE format('CREATE POLICY of_own_school ON %1$s USING ((SELECT souschef.is_ours()) OR %2$s) '
                   'WITH CHECK ((SELECT souschef.is_ours()) OR %2$s)', target, own);
  END IF;
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION souschef.refuse_truncate()',
                 target);
END
$$
"""
"""Fence one table: by its school where its rows have one; else everybody reads it and the owner alone writes.

`(SELECT ...)`, so that a statement asks once and not for each row. `readable_schools` believes the table of the logins: a
login reads its own row there, and may not write itself into another school.
"""

EVERY = """
SELECT souschef.fence(oid::regclass) FROM pg_class
 WHERE relnamespace = 'souschef'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity
"""

TAKE_DOWN = """
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT polrelid::regclass AS target, polname FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
                WHERE relnamespace = 'souschef'::regnamespace LOOP
    EXECUTE format('DROP POLICY %I ON %s', found.polname, found.target);
  END LOOP;
  FOR found IN SELECT oid::regclass AS target FROM pg_class
                WHERE relnamespace = 'souschef'::regnamespace AND relrowsecurity LOOP
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', found.target);
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', found.target);
    EXECUTE format('DROP TRIGGER refuse_truncate ON %s', found.target);
  END LOOP;
END
$$
"""


def upgrade() -> None:
    for statement in (IS_OURS, KEEP, FENCE, EVERY):
        op.get_bind().exec_driver_sql(statement.replace("%", "%%"))


def downgrade() -> None:
    op.get_bind().exec_driver_sql(TAKE_DOWN.replace("%", "%%"))
    for function in ("fence(regclass)", "refuse_truncate()", "is_ours()"):
        op.execute(f"DROP FUNCTION souschef.{function}")
