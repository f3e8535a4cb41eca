"""Sources that serve several schools, as one LMS of a district does: the roster of each student decides.

A source belongs to the school that its credential names, and may serve others. An event is applied in the school that
has its student, and in no other.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col

from models.access import schools, sources
from models.events.inbox import ClaimedEvent, LeaseLostError
from models.rows import change, execute
from models.tables import SourceSchool


def serve(session: Session, name: str, also: Collection[str], *, school: str | None = None) -> list[str]:
    """Let a source serve exactly these schools beside its own; return the refs of all, its own first.

    Raises:
        SourceNotFoundError: the school has no source of this name.
        UnresolvedSchoolError: there is no such school.
    """
    source, owner = sources.find_source(session, name, school=school)
    others = {found.id: found.ref for found in (schools.resolve(session, ref) for ref in also) if found.id != owner.id}
    change(session, delete(SourceSchool).where(col(SourceSchool.source_id) == source.id))
    insert = """
        INSERT INTO souschef.source_school (source_id, school_id)
        SELECT :source, * FROM unnest(CAST(:schools AS bigint[]))
    """
    execute(session, insert, {"source": source.id, "schools": sorted(others)})
    return [owner.ref, *sorted(others.values())]


def schools_served(session: Session, source_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return the schools of each of these sources that serves several."""
    statement = """
        SELECT source.id, array_agg(also.school_id) || source.school_id
          FROM souschef.source_school AS also JOIN souschef.source ON source.id = also.source_id
         WHERE source.id = ANY(CAST(:ids AS bigint[])) GROUP BY source.id
    """
    rows = execute(session, statement, {"ids": sorted(source_ids)})
    return {source: frozenset(found) for source, found in rows}


def schools_that_know(
    session: Session, among: Collection[int], kind: str, names: Collection[str]
) -> dict[str, frozenset[int]]:
    """Return the schools that know each name of a kind; an unknown name is left out."""
    statement = """
        SELECT name, array_agg(school_id) FROM souschef.alias
         WHERE kind = :kind AND school_id = ANY(CAST(:schools AS bigint[])) AND name = ANY(CAST(:names AS text[]))
         GROUP BY name
    """
    rows = execute(session, statement, {"kind": kind, "schools": sorted(among), "names": sorted(names)})
    return {name: frozenset(found) for name, found in rows}


def move_events(session: Session, events: Sequence[ClaimedEvent], to: Mapping[int, int]) -> None:
    """Hand events to other schools, where they are due at once.

    Raises:
        LeaseLostError: another worker has claimed one of them since; roll everything back.
    """
    moving = [event for event in events if event.id in to]
    if not moving:
        return
    statement = """
        UPDATE souschef.inbox SET school_id = new.school, attempts = 0, leased_until = NULL,
               next_attempt_at = (SELECT souschef.clock())
          FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:schools AS bigint[]))
               AS new(id, attempts, school)
         WHERE inbox.id = new.id AND inbox.state = 'pending' AND inbox.attempts = new.attempts
    """
    parameters = {
        "ids": [event.id for event in moving],
        "attempts": [event.attempts for event in moving],
        "schools": [to[event.id] for event in moving],
    }
    if execute(session, statement, parameters).rowcount != len(moving):
        raise LeaseLostError
