"""Raw events as they were sent: whom each speaks of, and emptying those that nobody may keep."""

import json
from collections.abc import Collection
from dataclasses import dataclass

import orjson
from sqlalchemy import text
from sqlmodel import Session

from lms import formats
from lms.facts import SourceRules
from models.inbox import shard_of

ENVELOPE = "canonical"
"""The format of what an LMS writes to the outbox."""


@dataclass(frozen=True, slots=True)
class Body:
    """One event as it was sent."""

    id: int
    payload: str
    speaks_of: str
    """The student as the source names them; "" where it cannot be read from the event."""

    def mentions(self, names: Collection[str]) -> bool:
        """Tell whether it is of the person with these names: by its envelope, or where that says nothing, by text."""
        if self.speaks_of:
            return self.speaks_of in names
        return any(all(_quoted(part) in self.payload for part in name.split("|")) for name in names)


def student_of(form: str, payload: str, *, surveys: Collection[str] = ()) -> str:
    """Return whom an event speaks of, as its envelope says; "" where it says nothing or cannot be read."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return ""
    return formats.named(form).envelope(event, rules=SourceRules(surveys=frozenset(surveys))).student


def in_inbox(session: Session, school_id: int, *, student_id: int, names: Collection[str]) -> list[Body]:
    """Return the events in the inbox that speak of a student: by their envelopes, and those that became their facts."""
    statement = text("""
        SELECT inbox.id, inbox.payload, source.format, source.surveys, told.inbox_id IS NOT NULL
          FROM souschef.inbox
          JOIN souschef.source ON source.id = inbox.source_id
          LEFT JOIN (SELECT DISTINCT inbox_id FROM souschef.fact WHERE student_id = :student) AS told
            ON told.inbox_id = inbox.id
         WHERE inbox.school_id = :school
           AND (told.inbox_id IS NOT NULL OR inbox.payload <> '' AND inbox.shard = ANY(CAST(:shards AS smallint[])))
         ORDER BY inbox.id
    """)
    shards = sorted({shard_of(name) for name in (*names, "")})
    parameters = {"school": school_id, "student": student_id, "shards": shards}
    found = []
    for event, payload, form, surveys, told in session.connection().execute(statement, parameters):
        body = Body(event, payload, student_of(form, payload, surveys=surveys))
        if told or body.mentions(names):
            found.append(body)
    return found


def in_outbox(session: Session, school_id: int, names: Collection[str]) -> list[Body]:
    """Return the events that an LMS has written, and that wait or were refused, which speak of a student."""
    return [body for body in outgoing(session, school_id) if body.mentions(names)]


def outgoing(session: Session, school_id: int) -> list[Body]:
    """Return all events of a school's outbox."""
    statement = text("SELECT id, event FROM souschef.event_outbox WHERE school_id = :school ORDER BY id")
    rows = session.connection().execute(statement, {"school": school_id}).all()
    return [Body(number, event, student_of(ENVELOPE, event)) for number, event in rows]


def take_back(session: Session, ids: Collection[int]) -> int:
    """Delete events from the outbox; return how many."""
    statement = text("DELETE FROM souschef.event_outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
    return session.connection().execute(statement, {"ids": list(ids)}).rowcount


def that_came_to_nothing(session: Session, school_id: int) -> list[Body]:
    """Return the events of a school that stand in quarantine, wait for a load, or were dropped, with their bodies."""
    statement = text("""
        SELECT inbox.id, inbox.payload, source.format, source.surveys
          FROM souschef.inbox JOIN souschef.source ON source.id = inbox.source_id
         WHERE inbox.school_id = :school AND state IN ('quarantined', 'parked', 'dropped') AND payload <> ''
         ORDER BY inbox.id
    """)
    rows = session.connection().execute(statement, {"school": school_id}).all()
    return [Body(row[0], row[1], student_of(row[2], row[1], surveys=row[3])) for row in rows]


def empty(session: Session, ids: Collection[int]) -> int:
    """Empty events' bodies; their rows stay, because their keys make a resend a duplicate."""
    if not ids:
        return 0
    statement = text("UPDATE souschef.inbox SET payload = '', shard = 0 WHERE id = ANY(CAST(:ids AS bigint[]))")
    return session.connection().execute(statement, {"ids": sorted(ids)}).rowcount


def erase(session: Session, ids: Collection[int], *, code: str) -> int:
    """End events whatever their state, with a code and without their bodies; a worker at one loses its lease."""
    statement = text("""
        UPDATE souschef.inbox SET state = 'dropped', code = :code, payload = '', shard = 0, leased_until = NULL,
               finished_at = coalesce(finished_at, (SELECT souschef.clock()))
         WHERE id = ANY(CAST(:ids AS bigint[]))
    """)
    held = text("DELETE FROM souschef.quarantine WHERE inbox_id = ANY(CAST(:ids AS bigint[]))")
    parameters = {"ids": sorted(ids)}
    session.connection().execute(held, parameters)
    return session.connection().execute(statement, {**parameters, "code": code}).rowcount


def _quoted(part: str) -> str:
    return json.dumps(part, ensure_ascii=False)
