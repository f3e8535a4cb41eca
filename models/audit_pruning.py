"""Cut the oldest entries off an access log, so that what is left is still one chain."""

from sqlalchemy import text
from sqlmodel import Session


def prune(session: Session, school_id: int, *, days: int, most: int) -> int:
    """Delete a school's oldest entries, up to the first that is not older than `days`; return how many.

    The log's head remembers where it begins now: number and hash of the last entry that is gone.
    """
    parameters = {"school": school_id, "days": days, "most": most}
    connection = session.connection()
    held = text("SELECT pruned_number FROM souschef.access_head WHERE school_id = :school FOR UPDATE")
    if connection.execute(held, parameters).scalar_one_or_none() is None:
        return 0
    last = text("""
        SELECT number, hash FROM (
          SELECT number, hash, at, bool_and(at < (SELECT souschef.clock()) - make_interval(days => :days))
                   OVER (ORDER BY number) AS old
            FROM (SELECT number, hash, at FROM souschef.access WHERE school_id = :school
                   ORDER BY number LIMIT :most) AS first) AS each
         WHERE old ORDER BY number DESC LIMIT 1
    """)
    found = connection.execute(last, parameters).one_or_none()
    if found is None:
        return 0
    moved = text("""
        UPDATE souschef.access_head SET pruned_number = :number, pruned_hash = :hash WHERE school_id = :school
    """)
    connection.execute(moved, {"school": school_id, "number": found[0], "hash": found[1]})
    gone = text("DELETE FROM souschef.access WHERE school_id = :school AND number <= :number")
    return connection.execute(gone, {"school": school_id, "number": found[0]}).rowcount
