"""What decisions in the shadow differ in, counted by class and day in the tallies: no student is in it."""

import datetime as dt
from collections.abc import Mapping

from sqlmodel import Session

from models.events import counters
from models.rows import execute

SHADOW = "shadow"
DAYS = 120
"""For so long they are stored."""


def add(session: Session, school_id: int, day: dt.date, counts: Mapping[int | None, Mapping[str, int]]) -> None:
    """Add to the counts of a day, by class."""
    labels = {
        f"{school_id}|{class_id or 0}|{day.isoformat()}|{name}": float(count)
        for class_id, of_class in counts.items()
        for name, count in of_class.items()
        if count
    }
    counters.add(session, SHADOW, labels)


def by_day(session: Session, school_id: int, class_id: int | None) -> dict[dt.date, dict[str, int]]:
    """Return the counts of a class, or of all classes of a school, by day."""
    statement = """
        SELECT split_part(label, '|', 3)::date AS day, split_part(label, '|', 4) AS name, sum(value)::bigint AS total
          FROM souschef.tally
         WHERE name = :name AND split_part(label, '|', 1) = :school
           AND (CAST(:class AS text) IS NULL OR split_part(label, '|', 2) = :class)
         GROUP BY 1, 2 ORDER BY 1, 2
    """
    class_text = None if class_id is None else str(class_id)
    found: dict[dt.date, dict[str, int]] = {}
    for row in execute(session, statement, {"name": SHADOW, "school": str(school_id), "class": class_text}):
        found.setdefault(row.day, {})[row.name] = row.total
    return found


def prune(session: Session) -> int:
    """Delete the counts of days that are long past; return how many rows."""
    statement = """
        DELETE FROM souschef.tally
         WHERE name = :name AND split_part(label, '|', 3)::date < (SELECT souschef.clock())::date - CAST(:days AS int)
    """
    return execute(session, statement, {"name": SHADOW, "days": DAYS}).rowcount
