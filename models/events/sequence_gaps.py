"""Numbers of senders that number their events: which have come, and which are missing.

A source's numbers are ranges in one row. Adding some is a union, so that neither order nor copies matter.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col

from models.access import sources
from models.access.sources import Sender
from models.rows import change, execute, fetch
from models.tables import SourceNumber

PATIENCE_SECONDS = 5.0
"""A missing number is reported only after this time between two sweeps: its event may be on its way."""
MAX_RANGES = 1_000
"""With more gaps than this the numbers are not consecutive and say nothing: they are no longer stored."""
_GAPS = "range_merge(seen)::int8multirange - seen"


@dataclass(frozen=True, slots=True)
class SequenceGap:
    """Consecutive numbers of a source that have not come, although later ones have."""

    school: str
    source: str
    first: int
    last: int

    @property
    def numbers(self) -> str:
        """Return the numbers as text."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def record_seen(session: Session, sender: Sender, numbers: Collection[int]) -> None:
    """Store that these numbers of a source have come; its row is locked until the commit."""
    if not numbers:
        return
    statement = """
        INSERT INTO souschef.source_number AS old (source_id, school_id, seen)
        SELECT :source, :school, range_agg(int8range(number, number, '[]'))
          FROM unnest(CAST(:numbers AS bigint[])) AS number
        ON CONFLICT (source_id) DO UPDATE SET seen = old.seen + excluded.seen
         WHERE NOT excluded.seen <@ old.seen
           AND (SELECT count(*) FROM unnest(old.seen)) <= :most
    """
    parameters = {"source": sender.source_id, "school": sender.school_id, "most": MAX_RANGES}
    execute(session, statement, {**parameters, "numbers": sorted(set(numbers))})


def sweep(session: Session) -> list[SequenceGap]:
    """Find gaps that the previous sweep found too; return those that were not reported yet."""
    statement = f"""
        WITH now AS (
          SELECT source_id, missing, named, {_GAPS} AS gaps FROM souschef.source_number
           WHERE (swept_at IS NULL OR swept_at <= (SELECT souschef.clock()) - make_interval(secs => :patience)
                  OR swept_at > (SELECT souschef.clock()))  -- which has been set back since
             AND (SELECT count(*) FROM unnest(seen)) <= :most
             FOR UPDATE SKIP LOCKED),
        swept AS (
          UPDATE souschef.source_number AS row
             SET missing = now.gaps, named = now.missing * now.gaps, swept_at = (SELECT souschef.clock())
            FROM now WHERE row.source_id = now.source_id
             AND (row.missing, row.named) IS DISTINCT FROM (now.gaps, now.missing * now.gaps)
          RETURNING row.source_id, row.named - now.named AS fresh)
        SELECT school.ref AS school, source.name AS source, lower(gap) AS first, upper(gap) - 1 AS last
          FROM swept, unnest(fresh) AS gap, souschef.source, souschef.school
         WHERE source.id = swept.source_id AND school.id = source.school_id
         ORDER BY school.ref, source.name, gap
    """  # noqa: S608 - a constant
    return fetch(session, SequenceGap, statement, {"patience": PATIENCE_SECONDS, "most": MAX_RANGES})


def sequence_gaps(session: Session, *, source_id: int | None = None) -> list[SequenceGap]:
    """Return the reported gaps, of one source or of all, without numbers that have come since."""
    statement = """
        SELECT school.ref AS school, source.name AS source, lower(gap) AS first, upper(gap) - 1 AS last
          FROM souschef.source_number AS row, unnest(row.named - row.seen) AS gap, souschef.source, souschef.school
         WHERE source.id = row.source_id AND school.id = row.school_id
           AND (SELECT count(*) FROM unnest(row.seen)) <= :most
           AND (CAST(:source AS bigint) IS NULL OR row.source_id = :source)
         ORDER BY school.ref, source.name, gap
    """
    parameters = {"source": source_id, "most": MAX_RANGES}
    return fetch(session, SequenceGap, statement, parameters)


def unwatched_sources(session: Session) -> list[tuple[str, str]]:
    """Return (school, source) whose numbers have too many gaps to be watched."""
    statement = """
        SELECT school.ref, source.name FROM souschef.source_number AS row, souschef.source, souschef.school
         WHERE source.id = row.source_id AND school.id = row.school_id
           AND (SELECT count(*) FROM unnest(row.seen)) > :most ORDER BY school.ref, source.name
    """
    return [(school, name) for school, name in execute(session, statement, {"most": MAX_RANGES})]


def reset_sequence(session: Session, name: str, *, school: str | None = None) -> bool:
    """Delete a source's numbers and gaps; return whether there were any.

    Raises:
        SourceNotFoundError: there is none of this name.
    """
    source, _ = sources.find_source(session, name, school=school)
    return bool(change(session, delete(SourceNumber).where(col(SourceNumber.source_id) == source.id)))
