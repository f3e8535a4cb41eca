"""The current SQL of every view, one file each: the public contract `lms.*` and the private `souschef.*`.

Migrations make the views; the files are for readers. `souschef contract views` writes them from a migrated database,
and a test fails where file and database differ.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from models.rows import execute

FOLDER = Path(__file__).parent


def definitions(session: Session) -> dict[str, str]:
    """Return the SQL that makes each view of the database, with its comments, by file name."""
    # Without a search path every name is written with its schema.
    execute(session, "SET LOCAL search_path = pg_catalog")
    statement = """
        SELECT CAST(CAST(c.oid AS regclass) AS text) AS name, array_to_string(c.reloptions, ', ') AS options,
               pg_get_viewdef(c.oid, true) AS body,
               ARRAY(SELECT format('COMMENT ON %s IS %L;', what, sentence) FROM (
                 SELECT 0 AS place, format('VIEW %s', CAST(c.oid AS regclass)) AS what,
                        obj_description(c.oid, 'pg_class') AS sentence
                  UNION ALL
                 SELECT attnum, format('COLUMN %s.%I', CAST(c.oid AS regclass), attname), col_description(c.oid, attnum)
                   FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS each
                WHERE sentence IS NOT NULL ORDER BY place) AS comments
          FROM pg_class AS c
         WHERE c.relkind = 'v' AND c.relnamespace::regnamespace::text IN ('lms', 'souschef')
         ORDER BY name
    """
    return {f"{row.name}.sql": _definition(row) for row in execute(session, statement)}


def _definition(row: Row[Any]) -> str:
    comments = "".join(f"\n{comment}" for comment in row.comments)
    return f"CREATE OR REPLACE VIEW {row.name} WITH ({row.options}) AS\n{row.body.rstrip()}\n{comments}".rstrip() + "\n"


def write(session: Session, folder: Path = FOLDER) -> list[str]:
    """Write the files of all views; return their names."""
    found = definitions(session)
    for name, definition in found.items():
        (folder / name).write_text(definition, encoding="utf-8")
    return list(found)
