"""What senders' names mean: one question for a whole batch of them."""

from collections.abc import Collection

from sqlalchemy import text
from sqlmodel import Session


def resolve(session: Session, school_id: int, kind: str, names: Collection[str]) -> dict[str, int]:
    """Return the id that each known name of a kind (`models.tables.people.AliasKind`) stands for in a school.

    A name that is not in the result is not loaded yet.
    """
    if not names:
        return {}
    statement = text("""
        SELECT name, target_id FROM souschef.alias
         WHERE school_id = :school AND kind = :kind AND name = ANY(CAST(:names AS text[]))
    """)
    parameters = {"school": school_id, "kind": str(kind), "names": sorted(names)}
    return dict(session.connection().execute(statement, parameters).all())
