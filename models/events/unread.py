"""What each source sends that is not read, by name, so that nothing falls through unseen."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from models.rows import execute, fetch

MAX_NAMES = 50
"""Names of one source and reason; what comes beyond is counted without its name."""
KEEP_DAYS = 90
"""A name that has not come for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class Unread:
    """One kind of event that a source sends and nobody reads."""

    reason: str
    name: str
    """The verb, type, survey or question; "" for all others together."""
    count: int


def count(session: Session, school_id: int, source_id: int, counts: Mapping[tuple[str, str], int]) -> None:
    """Add to the counts of a source, by (reason, name); its rows are locked in one order until the commit."""
    stored_names = """
        SELECT reason, name FROM souschef.unread WHERE source_id = :source
    """
    if not counts:
        return
    stored = {(reason, name) for reason, name in execute(session, stored_names, {"source": source_id})}
    bounded: dict[tuple[str, str], int] = {}
    for (reason, name), number in sorted(counts.items()):
        used = sum(each[0] == reason for each in stored | bounded.keys())
        key = (reason, name if (reason, name) in stored or used < MAX_NAMES else "")
        bounded[key] = bounded.get(key, 0) + number
    statement = """
        INSERT INTO souschef.unread AS old (source_id, school_id, reason, name, count)
        SELECT :source, :school, new.* FROM unnest(CAST(:reasons AS text[]), CAST(:names AS text[]),
                                                   CAST(:counts AS bigint[])) AS new
        ON CONFLICT (source_id, reason, name)
        DO UPDATE SET count = old.count + excluded.count, last_at = (SELECT souschef.clock())
    """
    ordered = sorted(bounded)
    parameters = {
        "source": source_id,
        "school": school_id,
        "reasons": [reason for reason, _ in ordered],
        "names": [name for _, name in ordered],
        "counts": [bounded[key] for key in ordered],
    }
    execute(session, statement, parameters)


def list_unread(session: Session, source_id: int) -> list[Unread]:
    """Return what a source sends that is not read, the most frequent first."""
    statement = """
        SELECT reason, name, count FROM souschef.unread WHERE source_id = :source ORDER BY reason, count DESC, name
    """
    return fetch(session, Unread, statement, {"source": source_id})


def forget_old(session: Session, school_id: int) -> int:
    """Delete names that have not come for `KEEP_DAYS`; return how many."""
    statement = """
        DELETE FROM souschef.unread WHERE school_id = :school
           AND last_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """
    return execute(session, statement, {"school": school_id, "days": KEEP_DAYS}).rowcount
