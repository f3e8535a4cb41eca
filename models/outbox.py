"""Events that an LMS has written by SQL: taken in turn, gone when in the inbox, refused with a code it can read."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from lms.facts import SourceRules
from models.sources import Sender

REFUSED_DAYS = 30
"""How long a refused event says why."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event that waits in the outbox; `source_id` is None where the school has no source of that name."""

    id: int
    school_id: int
    source: str
    event: str
    source_id: int | None
    format: str
    surveys: frozenset[str]
    revoked: bool

    def sender(self) -> Sender:
        """Return the source as the inbox needs it.

        Raises:
            ValueError: there is none.
        """
        if self.source_id is None:
            raise ValueError(f"event {self.id} of the outbox names no source of school {self.school_id}")
        return Sender(self.source_id, self.school_id, self.source, self.format, SourceRules(surveys=self.surveys))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one event of the outbox was refused, and where in it the fault lies (JSON Pointer)."""

    id: int
    code: str
    pointer: str = ""


def take(session: Session, *, limit: int) -> list[Outgoing]:
    """Lock and return events that wait, oldest first, passing by those that another drain holds.

    One that was refused for want of a source waits again as soon as there is such a source.
    """
    statement = text("""
        WITH waiting AS (
          SELECT id FROM souschef.event_outbox AS o
           WHERE code IS NULL OR (code = 'unknown_source' AND EXISTS (
                 SELECT FROM souschef.source WHERE source.school_id = o.school_id AND source.name = o.source))
           ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
        SELECT o.id, o.school_id, o.source, o.event, source.id, coalesce(source.format, ''),
               coalesce(source.surveys, '[]'), source.revoked_at IS NOT NULL
          FROM waiting JOIN souschef.event_outbox AS o ON o.id = waiting.id
          LEFT JOIN souschef.source ON source.school_id = o.school_id AND source.name = o.source
         ORDER BY o.id
    """)
    rows = session.connection().execute(statement, {"limit": limit})
    return [Outgoing(r[0], r[1], r[2], r[3], r[4], r[5], frozenset(r[6]), r[7]) for r in rows]


def remove(session: Session, ids: Sequence[int]) -> None:
    """Delete events that the same transaction has put into the inbox."""
    statement = text("DELETE FROM souschef.event_outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
    session.connection().execute(statement, {"ids": list(ids)})


def refuse(session: Session, refusals: Sequence[Refusal]) -> None:
    """Write why events were refused."""
    statement = text("""
        UPDATE souschef.event_outbox SET code = new.code, pointer = new.pointer
          FROM unnest(CAST(:ids AS bigint[]), CAST(:codes AS text[]), CAST(:pointers AS text[]))
               AS new(id, code, pointer)
         WHERE event_outbox.id = new.id
    """)
    parameters = {
        "ids": [each.id for each in refusals],
        "codes": [each.code for each in refusals],
        "pointers": [each.pointer for each in refusals],
    }
    if refusals:
        session.connection().execute(statement, parameters)


def forget_refused(session: Session) -> int:
    """Delete events that were refused long ago; return how many."""
    statement = text("""
        DELETE FROM souschef.event_outbox
         WHERE code IS NOT NULL AND inserted_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """)
    return session.connection().execute(statement, {"days": REFUSED_DAYS}).rowcount
