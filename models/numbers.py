"""The numbers of a sender that numbers its events: which have come, and which were lost on their way.

A source's numbers are ranges in one row. To add some is a union, so that neither order nor copies matter.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from models import sources
from models.sources import Sender

PATIENCE_SECONDS = 5.0
"""A number that is missing is not named before so much time has passed between two sweeps: it may be on its way."""
MOST_RANGES = 1_000
"""With more holes than these the numbers are not consecutive, and say nothing: they are no longer kept."""
_HOLES = "range_merge(seen)::int8multirange - seen"


@dataclass(frozen=True, slots=True)
class Hole:
    """Consecutive numbers of a source that have not come, though later ones have."""

    school: str
    source: str
    first: int
    last: int

    @property
    def said(self) -> str:
        """Return the numbers as one says them."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def saw(session: Session, sender: Sender, numbers: Collection[int]) -> None:
    """Remember that these numbers of a source have come; its row is locked until the commit."""
    if not numbers:
        return
    statement = text("""
        INSERT INTO souschef.source_number AS old (source_id, school_id, seen)
        SELECT :source, :school, range_agg(int8range(number, number, '[]'))
          FROM unnest(CAST(:numbers AS bigint[])) AS number
        ON CONFLICT (source_id) DO UPDATE SET seen = old.seen + excluded.seen
         WHERE NOT excluded.seen <@ old.seen
           AND (SELECT count(*) FROM unnest(old.seen)) <= :most
    """)
    parameters = {"source": sender.source_id, "school": sender.school_id, "most": MOST_RANGES}
    session.connection().execute(statement, {**parameters, "numbers": sorted(set(numbers))})


def sweep(session: Session) -> list[Hole]:
    """Look for holes that were there at the sweep before too; return those that were not named yet."""
    statement = text(f"""
        WITH now AS (
          SELECT source_id, missing, named, {_HOLES} AS holes FROM souschef.source_number
           WHERE (swept_at IS NULL OR swept_at <= (SELECT souschef.clock()) - make_interval(secs => :patience)
                  OR swept_at > (SELECT souschef.clock()))  -- which has been set back since
             AND (SELECT count(*) FROM unnest(seen)) <= :most
             FOR UPDATE SKIP LOCKED),
        swept AS (
          UPDATE souschef.source_number AS row
             SET missing = now.holes, named = now.missing * now.holes, swept_at = (SELECT souschef.clock())
            FROM now WHERE row.source_id = now.source_id
             AND (row.missing, row.named) IS DISTINCT FROM (now.holes, now.missing * now.holes)
          RETURNING row.source_id, row.named - now.named AS fresh)
        SELECT school.ref, source.name, lower(hole), upper(hole) - 1
          FROM swept, unnest(fresh) AS hole, souschef.source, souschef.school
         WHERE source.id = swept.source_id AND school.id = source.school_id
         ORDER BY school.ref, source.name, hole
    """)  # noqa: S608 - our own
    rows = session.connection().execute(statement, {"patience": PATIENCE_SECONDS, "most": MOST_RANGES})
    return [Hole(*row) for row in rows]


def holes(session: Session, *, source_id: int | None = None) -> list[Hole]:
    """Return what is named as missing, of one source or of all; what has come since is no longer told."""
    statement = text("""
        SELECT school.ref, source.name, lower(hole), upper(hole) - 1
          FROM souschef.source_number AS row, unnest(row.named - row.seen) AS hole, souschef.source, souschef.school
         WHERE source.id = row.source_id AND school.id = row.school_id
           AND (SELECT count(*) FROM unnest(row.seen)) <= :most
           AND (CAST(:source AS bigint) IS NULL OR row.source_id = :source)
         ORDER BY school.ref, source.name, hole
    """)
    parameters = {"source": source_id, "most": MOST_RANGES}
    return [Hole(*row) for row in session.connection().execute(statement, parameters)]


def not_consecutive(session: Session) -> list[tuple[str, str]]:
    """Return (school, source) whose numbers have so many holes that they are no longer watched."""
    statement = text("""
        SELECT school.ref, source.name FROM souschef.source_number AS row, souschef.source, souschef.school
         WHERE source.id = row.source_id AND school.id = row.school_id
           AND (SELECT count(*) FROM unnest(row.seen)) > :most ORDER BY school.ref, source.name
    """)
    return [(school, name) for school, name in session.connection().execute(statement, {"most": MOST_RANGES})]


def begin_anew(session: Session, name: str, *, school: str | None = None) -> bool:
    """Forget a source's numbers, and what is missing of them; return whether there were any.

    Raises:
        SourceUnknown: there is none of this name.
    """
    source, _ = sources.named(session, name, school=school)
    statement = text("DELETE FROM souschef.source_number WHERE source_id = :source")
    return bool(session.connection().execute(statement, {"source": source.id}).rowcount)
