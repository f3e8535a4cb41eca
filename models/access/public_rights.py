"""Rights that PostgreSQL gives everybody, and that one login could use to stop the whole server.

Each advisory lock, and each open savepoint that has written or asked for its number, takes a place in a table of locks
that all sessions share: 14,000 of one session filled it, and no other could lock anything. Large objects, temporary
tables, exported snapshots and messages in the write-ahead log fill the disk, and the archive of that log. Only a
superuser can revoke these rights.
"""

from __future__ import annotations

import string

from sqlalchemy import Connection, text

FUNCTIONS = """
    pronamespace = 'pg_catalog'::regnamespace
      AND (proname LIKE 'pg%advisory%' OR starts_with(proname, 'lo_') OR proname IN (
           'loread', 'lowrite', 'pg_current_xact_id', 'txid_current', 'pg_export_snapshot',
           'pg_logical_emit_message'))
"""
"""Those of advisory locks, of large objects, those that give a transaction its number without a write, and those that
write files or the log at the mere asking."""
TOO_MUCH = f"""
    SELECT EXISTS (SELECT FROM pg_proc WHERE {FUNCTIONS} AND has_function_privilege('public', oid, 'EXECUTE'))
        OR has_database_privilege('public', current_database(), 'TEMPORARY')
"""  # noqa: S608 - a constant
REVOKE = string.Template("""
DO $$revoke$$
DECLARE
  owner text := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
  each record;
BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  FOR each IN SELECT oid::regprocedure AS name FROM pg_proc WHERE $functions LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', each.name);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', each.name, owner);
  END LOOP;
END
$$revoke$$
""").substitute(functions=FUNCTIONS)


def revoke_where_superuser(connection: Connection) -> None:
    """Take these rights from everybody but the database's owner, if we may and they are there."""
    superuser = connection.execute(text("SELECT current_setting('is_superuser') = 'on'")).scalar_one()
    if superuser and connection.execute(text(TOO_MUCH)).scalar_one():
        connection.exec_driver_sql(REVOKE.replace("%", "%%"))
