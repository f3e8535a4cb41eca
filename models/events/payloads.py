"""Payloads of events as they were sent: which student each is about, and clearing those that must not be kept."""

from collections.abc import Collection
from dataclasses import dataclass

import orjson
from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from lms import formats, person_names
from lms.facts import SourceRules
from models import clock
from models.events.incoming import shard_of
from models.rows import among, change, execute
from models.tables import Inbox, Outbox, Quarantine
from models.tables.events import InboxState

ENVELOPE = "canonical"
"""The format of events in the outbox."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One event as it was sent."""

    id: int
    payload: str
    student: str
    """The student as the source names them; "" where it cannot be read from the event."""

    def mentions(self, names: Collection[str]) -> bool:
        """Return whether it is about the person with these names: by its envelope, or if that has none, by any text."""
        if self.student:
            return self.student in names
        return not self.people().isdisjoint(names)

    def people(self) -> set[str]:
        """Return all names of people in it; where its envelope names nobody, all texts that may be one."""
        return {self.student} - {""} | person_names.in_payload(self.payload, everywhere=not self.student)


def student_of(form: str, payload: str, *, surveys: Collection[str] = ()) -> str:
    """Return the student in an event's envelope; "" where there is none or it cannot be read."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return ""
    return formats.format_named(form).envelope(event, rules=SourceRules(surveys=frozenset(surveys))).student


def in_inbox(
    session: Session, school_id: int, *, student_id: int, names: Collection[str], everywhere: bool = False
) -> list[Payload]:
    """Return the events in the inbox about a student: by their envelopes, or because they became their facts.

    With `everywhere` also those that were not applied and name the student in any field of a person: an event that is
    parked under one name may hold another.
    """
    statement = """
        SELECT inbox.id, inbox.payload, source.format, source.surveys, fact.inbox_id IS NOT NULL AS has_facts,
               inbox.state <> 'done' AS unapplied
          FROM souschef.inbox
          JOIN souschef.source ON source.id = inbox.source_id
          LEFT JOIN (SELECT DISTINCT inbox_id FROM souschef.fact WHERE student_id = :student) AS fact
            ON fact.inbox_id = inbox.id
         WHERE inbox.school_id = :school
           AND (fact.inbox_id IS NOT NULL OR inbox.payload <> '' AND (
                inbox.shard = ANY(CAST(:shards AS smallint[])) OR :everywhere AND inbox.state <> 'done'))
         ORDER BY inbox.id
    """
    shards = sorted({shard_of(name) for name in (*names, "")})
    parameters = {"school": school_id, "student": student_id, "shards": shards, "everywhere": everywhere}
    found = []
    for row in execute(session, statement, parameters):
        event = Payload(row.id, row.payload, student_of(row.format, row.payload, surveys=row.surveys))
        somewhere = everywhere and row.unapplied and not event.people().isdisjoint(names)
        if row.has_facts or somewhere or event.mentions(names):
            found.append(event)
    return found


def in_outbox(session: Session, school_id: int, names: Collection[str]) -> list[Payload]:
    """Return the events in the outbox, waiting or refused, that are about a student."""
    return [event for event in outbox_payloads(session, school_id) if not event.people().isdisjoint(names)]


def outbox_payloads(session: Session, school_id: int) -> list[Payload]:
    """Return all events of a school's outbox."""
    rows = session.exec(
        select(Outbox.id, Outbox.event).where(Outbox.school_id == school_id).order_by(col(Outbox.id))
    ).all()
    return [Payload(number, event, student_of(ENVELOPE, event)) for number, event in rows if number is not None]


def delete_outbox_events(session: Session, ids: Collection[int]) -> int:
    """Delete events from the outbox; return how many."""
    return change(session, delete(Outbox).where(among(Outbox.id, ids)))


def unapplied_payloads(session: Session, school_id: int) -> list[Payload]:
    """Return events of a school that were not applied (quarantined, parked or dropped) and still have a payload."""
    statement = """
        SELECT inbox.id, inbox.payload, source.format, source.surveys
          FROM souschef.inbox JOIN souschef.source ON source.id = inbox.source_id
         WHERE inbox.school_id = :school AND state IN ('quarantined', 'parked', 'dropped') AND payload <> ''
         ORDER BY inbox.id
    """
    rows = execute(session, statement, {"school": school_id}).all()
    return [Payload(row.id, row.payload, student_of(row.format, row.payload, surveys=row.surveys)) for row in rows]


def clear_payloads(session: Session, ids: Collection[int]) -> int:
    """Clear the payloads of events, and their shards, which are six bits of a student's name; return how many.

    Their rows stay, because their keys make a resend a duplicate. No other statement clears a payload.
    """
    if not ids:
        return 0
    return change(session, update(Inbox).where(among(Inbox.id, ids)).values(payload="", shard=0))


def drop_events(session: Session, ids: Collection[int], *, code: str) -> int:
    """Drop events in any state, with a code and without their payloads; a worker that has one loses its lease."""
    change(session, delete(Quarantine).where(among(Quarantine.inbox_id, ids)))
    ended = func.coalesce(Inbox.finished_at, clock.NOW)
    dropped = {"state": InboxState.DROPPED, "code": code, "leased_until": None, "finished_at": ended}
    change(session, update(Inbox).where(among(Inbox.id, ids)).values(dropped))
    return clear_payloads(session, ids)
