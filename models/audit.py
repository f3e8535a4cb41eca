"""The access log: who read or changed what of which student; only ever longer, each entry sealed to the one before.

An entry names students by pseudonyms that an erasure destroys. Entries of one school form a chain: the hash of each
covers its content and the hash before it, and `access_head` holds where the chain ends. Whoever owns the database can
still write the whole chain anew; a hash that was noted elsewhere shows that (`verify` takes it).

Not logged are the LMS's own reads of its views: PostgreSQL shows them to nobody but its server's log, and the LMS knows
who of its users looks at what.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import text
from sqlmodel import Session

GENESIS = b"\0" * 32
"""What stands before the first entry."""
SLICE = 5_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a school's log."""

    school_id: int
    number: int
    at: dt.datetime
    author: str
    action: str
    subjects: tuple[str, ...]
    """Pseudonyms, sorted."""
    detail: Mapping[str, Any]

    def sealed(self, before: bytes) -> bytes:
        """Return the entry's hash after the hash before it."""
        at = self.at.astimezone(dt.UTC).isoformat(timespec="microseconds")
        content = [self.school_id, self.number, at, self.author, self.action, list(self.subjects), dict(self.detail)]
        return hashlib.sha256(before + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(slots=True)
class Verdict:
    """What was found in one school's log."""

    school: str
    entries: int = 0
    last: int = 0
    hash: str = ""
    """Of the last entry, in hex: note it elsewhere, and `verify` tells later whether the log still leads to it."""
    faults: list[str] = field(default_factory=list)


def record(
    session: Session, *, author: str, action: str, students: Collection[int], detail: Mapping[str, Any] | None = None
) -> None:
    """Write down that somebody read or changed something of students, in the transaction that does it.

    Call it last: from here to the commit, a school's log is locked.
    """
    known = tokens(session, students)
    for school_id in sorted({school for school, _ in known.values()}):
        named = [token for school, token in known.values() if school == school_id]
        append(session, school_id, author=author, action=action, subjects=named, detail=detail)


def tokens(session: Session, students: Collection[int]) -> dict[int, tuple[int, str]]:
    """Return (school id, pseudonym) of each student, made where there is none yet."""
    ids = sorted(students)
    made = text("""
        INSERT INTO souschef.pseudonym (student_id, school_id, token)
        SELECT new.id, person.school_id, new.token
          FROM unnest(CAST(:ids AS bigint[]), CAST(:tokens AS text[])) AS new(id, token)
          JOIN souschef.person ON person.id = new.id
         WHERE NOT EXISTS (SELECT FROM souschef.pseudonym WHERE student_id = new.id)
        ON CONFLICT (student_id) DO NOTHING
    """)
    read = text("""
        SELECT student_id, school_id, token FROM souschef.pseudonym WHERE student_id = ANY(CAST(:ids AS bigint[]))
    """)
    connection = session.connection()
    connection.execute(made, {"ids": ids, "tokens": [secrets.token_hex(16) for _ in ids]})
    return {row[0]: (row[1], row[2]) for row in connection.execute(read, {"ids": ids})}


def append(
    session: Session,
    school_id: int,
    *,
    author: str,
    action: str,
    subjects: Collection[str],
    detail: Mapping[str, Any] | None = None,
) -> Entry:
    """Add an entry to a school's log."""
    take = text("""
        INSERT INTO souschef.access_head AS head (school_id, last_number, last_hash, pruned_hash)
        VALUES (:school, 0, :genesis, :genesis)
        ON CONFLICT (school_id) DO UPDATE SET last_number = head.last_number
        RETURNING last_number, last_hash, (SELECT souschef.clock())
    """)
    write = text("""
        WITH moved AS (UPDATE souschef.access_head SET last_number = :number, last_hash = :hash
                        WHERE school_id = :school)
        INSERT INTO souschef.access (school_id, number, at, author, action, subjects, detail, hash)
        VALUES (:school, :number, :at, :author, :action, CAST(:subjects AS jsonb), CAST(:detail AS jsonb), :hash)
    """)
    connection = session.connection()
    last, before, now = connection.execute(take, {"school": school_id, "genesis": GENESIS}).one()
    entry = Entry(school_id, last + 1, now, author, action, tuple(sorted(subjects)), dict(detail or {}))
    parameters = {
        "school": school_id,
        "number": entry.number,
        "at": entry.at,
        "author": author,
        "action": action,
        "subjects": orjson.dumps(list(entry.subjects)).decode(),
        "detail": orjson.dumps(entry.detail).decode(),
        "hash": entry.sealed(bytes(before)),
    }
    connection.execute(write, parameters)
    return entry


def verify(session: Session, *, noted: Mapping[str, tuple[int, str]] | None = None) -> list[Verdict]:
    """Follow every school's log from its beginning to its end; return what was found, school by school.

    Args:
        session: an open transaction.
        noted: school's ref -> (number, hash in hex) of an entry as it was noted before.
    """
    statement = text("""
        SELECT school.id, school.ref, pruned_number, pruned_hash, last_number, last_hash
          FROM souschef.school LEFT JOIN souschef.access_head ON access_head.school_id = school.id ORDER BY school.ref
    """)
    rows = session.connection().execute(statement).all()
    return [_verdict(session, tuple(row), (noted or {}).get(row[1])) for row in rows]


def head(session: Session, school_id: int) -> tuple[int, bytes] | None:
    """Return number and hash of the last entry of a school's log; None where there is none yet."""
    statement = text("SELECT last_number, last_hash FROM souschef.access_head WHERE school_id = :school")
    row = session.connection().execute(statement, {"school": school_id}).one_or_none()
    return None if row is None else (int(row[0]), bytes(row[1]))


def _verdict(session: Session, row: tuple[Any, ...], noted: tuple[int, str] | None) -> Verdict:
    school_id, ref, pruned, hash_, last, end = row
    verdict = Verdict(ref)
    number, before = (0, GENESIS) if last is None else (int(pruned), bytes(hash_))
    found_noted = noted is None or (number, before.hex()) == noted
    for entry, said in _entries(session, school_id):
        verdict.entries += 1
        if entry.number != number + 1:
            verdict.faults.append(f"{_span(number + 1, entry.number - 1)} missing")
        elif entry.sealed(before) != said:
            verdict.faults.append(f"entry {entry.number} is not what was written")
        number, before = entry.number, said
        found_noted = found_noted or (number, said.hex()) == noted
    if last is None and verdict.entries:
        verdict.faults.append("the end of the log is gone")
    elif last is not None and (number, before) != (int(last), bytes(end)):
        verdict.faults.append(f"the log ends with entry {number}, and {last} was the last")
    if not found_noted:
        verdict.faults.append("the log does not lead to the entry that was noted")
    verdict.last, verdict.hash = number, before.hex()
    return verdict


def _entries(session: Session, school_id: int) -> Iterator[tuple[Entry, bytes]]:
    statement = text("""
        SELECT number, at, author, action, subjects, detail, hash FROM souschef.access
         WHERE school_id = :school AND number > :after ORDER BY number LIMIT :slice
    """)
    after: int | None = -(2**62)
    while after is not None:
        parameters = {"school": school_id, "after": after, "slice": SLICE}
        rows = session.connection().execute(statement, parameters).all()
        for number, at, author, action, subjects, detail, said in rows:
            yield Entry(school_id, number, at, author, action, tuple(subjects), detail), bytes(said)
        after = rows[-1][0] if len(rows) == SLICE else None


def _span(first: int, last: int) -> str:
    return f"entry {first} is" if first >= last else f"entries {first} to {last} are"
