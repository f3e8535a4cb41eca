"""Tombstones: keyed hashes of the names of erased people, so that no data under such a name is recorded again."""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from sqlmodel import Session, col, func, select

from lms.files.bundle import Bundle
from models.events import payloads
from models.events.inbox import BatchOutcome, ClaimedEvent
from models.rows import among, execute, inserted_id
from models.tables import Erasure, Tombstone

CODE = "erased"
"""The code of an event about an erased person; its payload is cleared at once."""
KEY_BYTES = 32


def mark_of(key: bytes, name: str) -> bytes:
    """Return the mark of one name under a key."""
    return hmac.new(key, name.encode(errors="surrogatepass"), hashlib.sha256).digest()


def add(session: Session, school_id: int, names: Collection[str], *, author: str, reason: str) -> int:
    """Insert an erasure with a tombstone for every name; return the erasure's id."""
    keys = keys_of(session, school_id)
    key = keys[-1] if keys else secrets.token_bytes(KEY_BYTES)
    erasure = inserted_id(session, Erasure(school_id=school_id, key=key, author=author, reason=reason))
    insert_marks(session, school_id, erasure, [mark_of(key, name) for name in names])
    return erasure


def insert_marks(session: Session, school_id: int, erasure: int, marks: Collection[bytes]) -> None:
    """Insert the marks of an erasure, unless they exist."""
    statement = """
        INSERT INTO souschef.tombstone (school_id, mark, erasure_id)
        SELECT :school, mark, :erasure FROM unnest(CAST(:marks AS bytea[])) AS mark
        ON CONFLICT (school_id, mark) DO NOTHING
    """
    parameters = {"school": school_id, "erasure": erasure, "marks": sorted(marks)}
    execute(session, statement, parameters)


def keys_of(session: Session, school_id: int) -> list[bytes]:
    """Return the keys of a school's tombstones, the one for new tombstones last; mostly there is one, or none."""
    keys = select(Erasure.key).where(Erasure.school_id == school_id).group_by(col(Erasure.key))
    return list(session.exec(keys.order_by(func.max(Erasure.id))))


def erased_among(session: Session, school_id: int, names: Iterable[str]) -> dict[str, int]:
    """Return the names that belong to erased people, each with the erasure's id."""
    keys = keys_of(session, school_id)
    if not keys:
        return {}
    marks = {mark_of(key, name): name for name in set(names) for key in keys}
    found = select(Tombstone.mark, Tombstone.erasure_id).where(Tombstone.school_id == school_id)
    rows = session.exec(found.where(among(Tombstone.mark, marks)))
    return {marks[bytes(mark)]: erasure for mark, erasure in rows}


def drop_events(session: Session, school_id: int, events: Collection[ClaimedEvent], outcome: BatchOutcome) -> None:
    """Drop the events of a batch that are about erased people, and clear their payloads.

    An erased person has no alias, so that no event with facts of theirs is applied. Only the others are checked.
    """
    applied = set(outcome.done) - set(outcome.anonymous)
    unapplied = [
        payloads.Payload(
            event.id, event.payload, payloads.student_of(event.format, event.payload, surveys=event.surveys)
        )
        for event in events
        if event.id not in applied
    ]
    ids = about_erased(session, school_id, unapplied)
    for event in ids:
        outcome.parked.pop(event, None)
        outcome.quarantined.pop(event, None)
        outcome.dropped[event] = CODE
        if event in outcome.anonymous:
            outcome.done.remove(event)
    payloads.clear_payloads(session, ids)


def about_erased(session: Session, school_id: int, events: Collection[payloads.Payload]) -> list[int]:
    """Return the ids of the events that name an erased person, by whichever of their names."""
    if not events or not keys_of(session, school_id):
        return []
    people = {event.id: event.people() for event in events}
    gone = erased_among(session, school_id, set().union(*people.values()))
    return [event for event, names in people.items() if not names.isdisjoint(gone)]


def without_erased(session: Session, school_id: int, bundle: Bundle) -> tuple[Bundle, int]:
    """Return the bundle without erased people, and how many people that leaves out."""
    names: dict[str, set[str]] = {ref: {ref} for ref in bundle.people}
    for (kind, name), row in bundle.aliases.items():
        if kind == "person":
            names.setdefault(row.ref, {row.ref}).add(name)
    people = {row.person for row in bundle.enrolments}
    gone = erased_among(session, school_id, people.union(*names.values()))
    if not gone:
        return bundle, 0
    refs = {ref for ref, aliases in names.items() if not aliases.isdisjoint(gone)}
    unwanted = refs.union(gone, *(names[ref] for ref in refs))
    filtered = replace(
        bundle,
        people={ref: row for ref, row in bundle.people.items() if ref not in refs},
        names=bundle.names.narrowed({"person": names.keys() - refs}),
        enrolments=[row for row in bundle.enrolments if row.person not in unwanted],
    )
    return filtered, len(refs & bundle.people.keys())


def list_tombstones(session: Session) -> list[dict[str, Any]]:
    """Return every erasure with its tombstones, as `reapply` takes them: bytes in hex, times with their zone."""
    statement = """
        SELECT school.ref AS school, erased_at, author AS by, reason, encode(key, 'hex') AS key,
               ARRAY(SELECT encode(mark, 'hex') FROM souschef.tombstone WHERE erasure_id = erasure.id ORDER BY mark)
                 AS marks
          FROM souschef.erasure JOIN souschef.school ON school.id = erasure.school_id ORDER BY erasure.id
    """
    rows = execute(session, statement).mappings()
    return [{**row, "erased_at": row["erased_at"].isoformat()} for row in rows]
