"""Erase again who was erased since a backup was taken, from the list of tombstones that was kept beside it."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from config.errors import Exit, Mendable
from models import audit, bodies, erasure, tombstones


class NotOurList(Mendable):
    """The file is no list of erasures."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Listed:
    """One erasure of a list."""

    school: str
    erased_at: dt.datetime
    author: str
    reason: str
    key: bytes
    marks: frozenset[bytes]


@dataclass(slots=True)
class Reapplied:
    """What came of a list."""

    erasures: int = 0
    """How many are new here."""
    known: int = 0
    people: int = 0
    """How many people were there again, and are gone now."""
    rows: Counter[str] = field(default_factory=Counter)
    schools_unknown: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return it as JSON."""
        counts = {"erasures": self.erasures, "known": self.known, "people": self.people, "rows": dict(self.rows)}
        return {**counts, "schools_unknown": sorted(set(self.schools_unknown))}


def read(document: object) -> list[Listed]:
    """Return a list as `tombstones.listed` gives it.

    Raises:
        NotOurList: it is something else.
    """
    rows = document.get("erasures") if isinstance(document, Mapping) else None
    try:
        return [_listed(row) for row in rows or _refuse(document)]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotOurList("This is no list of erasures.", "Make one with `souschef privacy list --json`.") from None


def reapply(session: Session, listed: Iterable[Listed], *, author: str) -> Reapplied:
    """Put up the tombstones that are not here, and remove everybody whom they mean. Done again, it does nothing.

    Raises:
        LoadUnderWay: a school is being loaded.
    """
    found = Reapplied()
    schools: dict[str, int] = dict(session.connection().execute(text("SELECT ref, id FROM souschef.school")).all())
    for each in listed:
        if each.school not in schools:
            found.schools_unknown.append(each.school)
        elif _put(session, schools[each.school], each):
            found.erasures += 1
        else:
            found.known += 1
    for school, school_id in sorted(schools.items()):
        for subject in returned(session, school_id, school):
            _, token = audit.tokens(session, [subject.id])[subject.id]
            found.rows += erasure.remove(session, subject)
            found.people += 1
            audit.append(session, school_id, author=author, action="reapply", subjects=[token])
        found.rows["inbox"] += purge(session, school_id)
    found.rows = +found.rows
    return found


def returned(session: Session, school_id: int, school: str) -> list[erasure.Subject]:
    """Return the people of a school who have a name with a tombstone."""
    statement = text("""
        SELECT id, ref FROM souschef.person WHERE school_id = :school AND role = 'student'
         UNION ALL
        SELECT target_id, name FROM souschef.alias
          JOIN souschef.person ON person.id = target_id AND role = 'student'
         WHERE alias.school_id = :school AND kind = 'person'
    """)
    rows = session.connection().execute(statement, {"school": school_id}).all()
    gone = tombstones.among(session, school_id, (name for _, name in rows))
    refs = text("SELECT ref FROM souschef.person WHERE id = :id")
    ids = sorted({number for number, name in rows if name in gone})
    return [
        erasure.find(session, session.connection().execute(refs, {"id": number}).scalar_one(), school=school)
        for number in ids
    ]


def purge(session: Session, school_id: int) -> int:
    """Empty the bodies of events that came to nothing and speak of who was erased; return how many.

    Workers do so at once; this finds what they could not: what crashed them, and what the outbox refused.
    """
    if not tombstones.keys_of(session, school_id):
        return 0
    waiting = bodies.that_came_to_nothing(session, school_id)
    gone = tombstones.among(session, school_id, (each.speaks_of for each in waiting))
    refused = bodies.outgoing(session, school_id)
    gone |= tombstones.among(session, school_id, (each.speaks_of for each in refused))
    erased = bodies.erase(session, _of(waiting, gone), code=tombstones.CODE)
    return erased + bodies.take_back(session, _of(refused, gone))


def _of(found: Collection[bodies.Body], gone: Collection[str]) -> list[int]:
    return [each.id for each in found if each.speaks_of in gone]


def _put(session: Session, school_id: int, each: Listed) -> bool:
    here = text("""
        SELECT count(*) FROM souschef.tombstone WHERE school_id = :school AND mark = ANY(CAST(:marks AS bytea[]))
    """)
    parameters: dict[str, Any] = {"school": school_id, "marks": sorted(each.marks)}
    if session.connection().execute(here, parameters).scalar_one() == len(each.marks):
        return False
    made = text("""
        INSERT INTO souschef.erasure (school_id, key, author, reason, erased_at)
        VALUES (:school, :key, :author, :reason, :at) RETURNING id
    """)
    row = {"school": school_id, "key": each.key, "author": each.author, "reason": each.reason, "at": each.erased_at}
    tombstones.put(session, school_id, session.connection().execute(made, row).scalar_one(), each.marks)
    return True


def _listed(row: Mapping[str, Any]) -> Listed:
    moment = dt.datetime.fromisoformat(row["erased_at"])
    marks = frozenset(bytes.fromhex(mark) for mark in row["marks"])
    key = bytes.fromhex(row["key"])
    if moment.tzinfo is None or len(key) != tombstones.KEY_BYTES or not marks:
        raise ValueError(row["erased_at"])
    return Listed(str(row["school"]), moment, str(row["by"]), str(row["reason"]), key, marks)


def _refuse(document: object) -> list[Any]:
    """Return nothing for a list that is empty, and refuse what is none."""
    if isinstance(document, Mapping) and document.get("erasures") == []:
        return []
    raise ValueError
