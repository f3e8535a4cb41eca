"""Events are refused from a transaction that holds hundreds of savepoints open: each takes a lock of all sessions' table."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MOST_SAVEPOINTS = 200
CHECK = f"""
  -- Each open savepoint that has written holds a lock; 15,000 of one session filled the table that all sessions share.
  -- Looked for at about one row in 64, by a random number that no client can set.
  IF get_byte(uuid_send(gen_random_uuid()), 0) < 4
     AND (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'transactionid') > {MOST_SAVEPOINTS}
  THEN
    RAISE EXCEPTION 'This transaction holds too many savepoints open.' USING ERRCODE = 'program_limit_exceeded',
      HINT = 'Release each savepoint before the next one, or commit.';
  END IF;
"""

TAKE = """
CREATE OR REPLACE FUNCTION souschef.take_event() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
  mine bigint[] := souschef.readable_schools();
  chosen bigint;
BEGIN
{check}  IF NEW.school IS NOT NULL THEN
    SELECT id INTO chosen FROM souschef.school WHERE ref = NEW.school AND id = ANY (mine);
  ELSIF cardinality(mine) = 1 THEN
    chosen := mine[1];
  END IF;
  IF chosen IS NULL THEN
    RAISE EXCEPTION 'This login may not write events of that school.' USING ERRCODE = 'insufficient_privilege',
      HINT = 'Leave the column school out, or write the ref of the school of this login.';
  END IF;
  INSERT INTO souschef.event_outbox (school_id, source, event) VALUES (chosen, NEW.source, NEW.event)
    RETURNING id, inserted_at INTO NEW.id, NEW.inserted_at;
  SELECT ref INTO NEW.school FROM souschef.school WHERE id = chosen;
  NEW.code := NULL;
  NEW.pointer := NULL;
  RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.execute(TAKE.format(check=CHECK.removeprefix("\n")))


def downgrade() -> None:
    op.execute(TAKE.format(check=""))
