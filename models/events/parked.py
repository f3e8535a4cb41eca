"""Events that wait for a load, because they name what the school has not loaded."""

from collections.abc import Iterator

from sqlmodel import Session

from models.events.inbox import ClaimedEvent
from models.rows import fetch

BATCH = 1000
"""Events that are read at once: a payload may be large."""


def batches(session: Session, school_id: int, *, source: str | None = None) -> Iterator[list[ClaimedEvent]]:
    """Yield the parked events of a school, or of one of its sources, a batch at a time, the oldest first."""
    statement = """
        SELECT inbox.id, inbox.source_id, source.format, source.surveys, source.settings ->> 'timezone' AS zone,
               inbox.received_at, inbox.shard, inbox.payload, inbox.attempts
          FROM souschef.inbox JOIN souschef.source ON source.id = inbox.source_id
         WHERE inbox.state = 'parked' AND inbox.school_id = :school AND inbox.id > :after
           AND (CAST(:source AS text) IS NULL OR source.name = :source)
         ORDER BY inbox.id LIMIT :batch
    """
    parameters = {"school": school_id, "source": source, "batch": BATCH, "after": 0}
    while events := fetch(session, ClaimedEvent, statement, parameters):
        yield events
        parameters["after"] = events[-1].id
