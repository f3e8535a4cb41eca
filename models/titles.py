"""What people and materials are called, for tables that a teacher reads."""

from collections.abc import Collection

from sqlalchemy import text
from sqlmodel import Session


def of_students(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return (ref, name) by a person's id."""
    statement = text("""
        SELECT id, ref, coalesce(concat_ws(' ', given_name, family_name), ref) FROM souschef.person
         WHERE id = ANY(CAST(:ids AS bigint[]))
    """)
    return {row[0]: (row[1], row[2]) for row in session.connection().execute(statement, {"ids": list(ids)})}


def of_materials(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return (ref, title) by a material's id."""
    statement = text("SELECT id, ref, title FROM souschef.material WHERE id = ANY(CAST(:ids AS bigint[]))")
    return {row[0]: (row[1], row[2]) for row in session.connection().execute(statement, {"ids": list(ids)})}
