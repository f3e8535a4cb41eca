"""Tombstones: keyed hashes of the names of who was erased, so that nothing which comes under one is taken in again."""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from lms.files.bundle import Bundle
from models import bodies
from models.inbox import Claimed, Ending

CODE = "erased"
"""The code of an event that speaks of somebody who was erased; its body is emptied at once."""
KEY_BYTES = 32


def mark_of(key: bytes, name: str) -> bytes:
    """Return the mark of one name under a key."""
    return hmac.new(key, name.encode(errors="surrogatepass"), hashlib.sha256).digest()


def add(session: Session, school_id: int, names: Collection[str], *, author: str, reason: str) -> int:
    """Put up a tombstone for every name of somebody who is being erased; return the erasure's id."""
    keys = keys_of(session, school_id)
    key = keys[-1] if keys else secrets.token_bytes(KEY_BYTES)
    made = text("""
        INSERT INTO souschef.erasure (school_id, key, author, reason) VALUES (:school, :key, :author, :reason)
        RETURNING id
    """)
    parameters = {"school": school_id, "key": key, "author": author, "reason": reason}
    erasure = int(session.connection().execute(made, parameters).scalar_one())
    put(session, school_id, erasure, [mark_of(key, name) for name in names])
    return erasure


def put(session: Session, school_id: int, erasure: int, marks: Collection[bytes]) -> None:
    """Write the marks of an erasure; those that are there stay."""
    statement = text("""
        INSERT INTO souschef.tombstone (school_id, mark, erasure_id)
        SELECT :school, mark, :erasure FROM unnest(CAST(:marks AS bytea[])) AS mark
        ON CONFLICT (school_id, mark) DO NOTHING
    """)
    parameters = {"school": school_id, "erasure": erasure, "marks": sorted(marks)}
    session.connection().execute(statement, parameters)


def keys_of(session: Session, school_id: int) -> list[bytes]:
    """Return the keys that a school's tombstones were made with, the one to use last; mostly there is one, or none."""
    statement = text("SELECT key FROM souschef.erasure WHERE school_id = :school GROUP BY key ORDER BY max(id)")
    return [bytes(key) for key in session.connection().execute(statement, {"school": school_id}).scalars()]


def among(session: Session, school_id: int, names: Iterable[str]) -> dict[str, int]:
    """Return those of the names that belong to somebody who was erased, each with the erasure's id."""
    keys = keys_of(session, school_id)
    if not keys:
        return {}
    marks = {mark_of(key, name): name for name in set(names) for key in keys}
    statement = text("""
        SELECT mark, erasure_id FROM souschef.tombstone
         WHERE school_id = :school AND mark = ANY(CAST(:marks AS bytea[]))
    """)
    rows = session.connection().execute(statement, {"school": school_id, "marks": list(marks)})
    return {marks[bytes(mark)]: erasure for mark, erasure in rows}


def drop(session: Session, school_id: int, events: Collection[Claimed], ending: Ending) -> None:
    """End those of a batch's events as erased, bodies emptied, that speak of somebody who was erased.

    Only what was not applied is looked at: who was erased has no name here, so nothing of theirs can be applied.
    """
    applied = set(ending.done)
    named = {
        event.id: bodies.student_of(event.format, event.payload, surveys=event.surveys)
        for event in events
        if event.id not in applied
    }
    gone = among(session, school_id, named.values()) if named else {}
    ids = [event for event, name in named.items() if name in gone]
    for event in ids:
        ending.parked.pop(event, None)
        ending.quarantined.pop(event, None)
        ending.dropped[event] = CODE
    bodies.empty(session, ids)


def leave_out(session: Session, school_id: int, bundle: Bundle) -> tuple[Bundle, int]:
    """Return what files hold without the people who were erased, and how many people that leaves out."""
    names: dict[str, set[str]] = {ref: {ref} for ref in bundle.people}
    for (kind, name), row in bundle.aliases.items():
        if kind == "person":
            names.setdefault(row.ref, {row.ref}).add(name)
    people = {row.person for row in bundle.enrolments}
    gone = among(session, school_id, people.union(*names.values()))
    if not gone:
        return bundle, 0
    refs = {ref for ref, known in names.items() if not known.isdisjoint(gone)}
    unwanted = refs.union(gone, *(names[ref] for ref in refs))
    kept = replace(
        bundle,
        people={ref: row for ref, row in bundle.people.items() if ref not in refs},
        aliases={key: row for key, row in bundle.aliases.items() if key[0] != "person" or row.ref not in refs},
        enrolments=[row for row in bundle.enrolments if row.person not in unwanted],
    )
    return kept, len(refs & bundle.people.keys())


def listed(session: Session) -> list[dict[str, Any]]:
    """Return every erasure with its tombstones, as `reapply` takes them: bytes in hex, times with their zone."""
    statement = text("""
        SELECT school.ref, erased_at, author, reason, encode(key, 'hex'),
               ARRAY(SELECT encode(mark, 'hex') FROM souschef.tombstone WHERE erasure_id = erasure.id ORDER BY mark)
          FROM souschef.erasure JOIN souschef.school ON school.id = erasure.school_id ORDER BY erasure.id
    """)
    names = ("school", "erased_at", "by", "reason", "key", "marks")
    rows = session.connection().execute(statement)
    return [dict(zip(names, (row[0], row[1].isoformat(), *row[2:5], list(row[5])), strict=True)) for row in rows]
