"""The access log: who read or changed what of which student, as an append-only hash chain for each school.

An entry names students by pseudonyms, which an erasure deletes. The hash of each entry covers its content and the hash
before it, and `access_head` stores where the chain ends. The owner of the database can still rewrite the whole chain; a
hash that was noted elsewhere reveals that (`verify` checks it).

The LMS's own reads of its views are not logged: only the server's log shows them, and the LMS knows its users' reads.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Row, delete, update
from sqlmodel import Session, col, select

from models.rows import among, change, execute
from models.tables import Access, AccessHead, Pseudonym

GENESIS = b"\0" * 32
"""The hash before the first entry."""
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

    def chain_hash(self, before: bytes) -> bytes:
        """Return the hash of the entry and the hash before it."""
        at = self.at.astimezone(dt.UTC).isoformat(timespec="microseconds")
        content = [self.school_id, self.number, at, self.author, self.action, list(self.subjects), dict(self.detail)]
        return hashlib.sha256(before + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(slots=True)
class Verdict:
    """The result of verifying one school's log."""

    school: str
    entries: int = 0
    last: int = 0
    hash: str = ""
    """Of the last entry, in hex: noted elsewhere, it lets `verify` check later that the log still contains it."""
    faults: list[str] = field(default_factory=list)


def record(
    session: Session, *, author: str, action: str, students: Collection[int], detail: Mapping[str, Any] | None = None
) -> None:
    """Log that `author` read or changed something of students, in the transaction that does it.

    Call it last: until the commit, the school's log is locked.
    """
    tokens = pseudonyms(session, students)
    for school_id in sorted({school for school, _ in tokens.values()}):
        subjects = [token for school, token in tokens.values() if school == school_id]
        append(session, school_id, author=author, action=action, subjects=subjects, detail=detail)


def pseudonyms(session: Session, students: Collection[int]) -> dict[int, tuple[int, str]]:
    """Return (school id, pseudonym) of each student; insert the pseudonyms that are missing."""
    ids = sorted(students)
    insert = """
        INSERT INTO souschef.pseudonym (student_id, school_id, token)
        SELECT new.id, person.school_id, new.token
          FROM unnest(CAST(:ids AS bigint[]), CAST(:tokens AS text[])) AS new(id, token)
          JOIN souschef.person ON person.id = new.id
         WHERE NOT EXISTS (SELECT FROM souschef.pseudonym WHERE student_id = new.id)
        ON CONFLICT (student_id) DO NOTHING
    """
    execute(session, insert, {"ids": ids, "tokens": [secrets.token_hex(16) for _ in ids]})
    found = select(Pseudonym.student_id, Pseudonym.school_id, Pseudonym.token).where(among(Pseudonym.student_id, ids))
    return {student: (school, token) for student, school, token in session.exec(found)}


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
    lock_head = """
        INSERT INTO souschef.access_head AS head (school_id, last_number, last_hash, pruned_hash)
        VALUES (:school, 0, :genesis, :genesis)
        ON CONFLICT (school_id) DO UPDATE SET last_number = head.last_number
        RETURNING last_number, last_hash, (SELECT souschef.clock())
    """
    insert = """
        WITH moved AS (UPDATE souschef.access_head SET last_number = :number, last_hash = :hash
                        WHERE school_id = :school)
        INSERT INTO souschef.access (school_id, number, at, author, action, subjects, detail, hash)
        VALUES (:school, :number, :at, :author, :action, CAST(:subjects AS jsonb), CAST(:detail AS jsonb), :hash)
    """
    last, before, now = execute(session, lock_head, {"school": school_id, "genesis": GENESIS}).one()
    entry = Entry(school_id, last + 1, now, author, action, tuple(sorted(subjects)), dict(detail or {}))
    parameters = {
        "school": school_id,
        "number": entry.number,
        "at": entry.at,
        "author": author,
        "action": action,
        "subjects": orjson.dumps(list(entry.subjects)).decode(),
        "detail": orjson.dumps(entry.detail).decode(),
        "hash": entry.chain_hash(bytes(before)),
    }
    execute(session, insert, parameters)
    return entry


def verify(session: Session, *, noted: Mapping[str, tuple[int, str]] | None = None) -> list[Verdict]:
    """Verify every school's log from its beginning to its end; return a verdict for each school.

    Args:
        session: an open transaction.
        noted: school's ref -> (number, hash in hex) of an entry, noted earlier.
    """
    statement = """
        SELECT school.id, school.ref, pruned_number, pruned_hash, last_number, last_hash
          FROM souschef.school LEFT JOIN souschef.access_head ON access_head.school_id = school.id ORDER BY school.ref
    """
    rows = execute(session, statement).all()
    return [_verdict(session, row, (noted or {}).get(row.ref)) for row in rows]


def head(session: Session, school_id: int) -> tuple[int, bytes] | None:
    """Return number and hash of the last entry of a school's log; None where there is none yet."""
    return session.exec(
        select(AccessHead.last_number, AccessHead.last_hash).where(AccessHead.school_id == school_id)
    ).one_or_none()


def _verdict(session: Session, row: Row[*tuple[Any, ...]], noted: tuple[int, str] | None) -> Verdict:
    verdict, last = Verdict(row.ref), row.last_number
    number, before = (0, GENESIS) if last is None else (int(row.pruned_number), bytes(row.pruned_hash))
    found_noted = noted is None or (number, before.hex()) == noted
    for entry, stored_hash in _entries(session, row.id):
        verdict.entries += 1
        if entry.number != number + 1:
            verdict.faults.append(f"{_span(number + 1, entry.number - 1)} missing")
        elif entry.chain_hash(before) != stored_hash:
            verdict.faults.append(f"entry {entry.number} is not what was written")
        number, before = entry.number, stored_hash
        found_noted = found_noted or (number, stored_hash.hex()) == noted
    if last is None and verdict.entries:
        verdict.faults.append("the end of the log is gone")
    elif last is not None and (number, before) != (int(last), bytes(row.last_hash)):
        verdict.faults.append(f"the log ends with entry {number}, and {last} was the last")
    if not found_noted:
        verdict.faults.append("the log does not lead to the entry that was noted")
    verdict.last, verdict.hash = number, before.hex()
    return verdict


def _entries(session: Session, school_id: int) -> Iterator[tuple[Entry, bytes]]:
    statement = """
        SELECT number, at, author, action, subjects, detail, hash FROM souschef.access
         WHERE school_id = :school AND number > :after ORDER BY number LIMIT :slice
    """
    after: int | None = -(2**62)
    while after is not None:
        parameters = {"school": school_id, "after": after, "slice": SLICE}
        rows = execute(session, statement, parameters).all()
        for row in rows:
            subjects = tuple(row.subjects)
            entry = Entry(school_id, row.number, row.at, row.author, row.action, subjects, row.detail)
            yield entry, bytes(row.hash)
        after = rows[-1].number if len(rows) == SLICE else None


def _span(first: int, last: int) -> str:
    return f"entry {first} is" if first >= last else f"entries {first} to {last} are"


def prune(session: Session, school_id: int, *, days: int, limit: int) -> int:
    """Delete a school's oldest entries, up to the first that is not older than `days`; return how many.

    The log's head stores where it begins now: number and hash of the last deleted entry.
    """
    head_of_school = col(AccessHead.school_id) == school_id
    if session.exec(select(AccessHead.pruned_number).where(head_of_school).with_for_update()).one_or_none() is None:
        return 0
    last = """
        SELECT number, hash FROM (
          SELECT number, hash, at, bool_and(at < (SELECT souschef.clock()) - make_interval(days => :days))
                   OVER (ORDER BY number) AS old
            FROM (SELECT number, hash, at FROM souschef.access WHERE school_id = :school
                   ORDER BY number LIMIT :limit) AS first) AS each
         WHERE old ORDER BY number DESC LIMIT 1
    """
    found = execute(session, last, {"school": school_id, "days": days, "limit": limit}).one_or_none()
    if found is None:
        return 0
    change(session, update(AccessHead).where(head_of_school).values(pruned_number=found.number, pruned_hash=found.hash))
    return change(session, delete(Access).where(col(Access.school_id) == school_id, col(Access.number) <= found.number))


def students_decided_for(session: Session, *, assignment: int | None = None, decision: int | None = None) -> list[int]:
    """Return the id of the student of an assignment or a decision."""
    statement = """
        SELECT student_id FROM souschef.assignment WHERE id = :assignment
         UNION SELECT student_id FROM souschef.decision WHERE id = :decision
    """
    parameters = {"assignment": assignment, "decision": decision}
    return list(execute(session, statement, parameters).scalars())


def list_entries(session: Session, *, school_id: int | None = None, token: str | None = None, limit: int) -> list[Any]:
    """Return entries, the newest first: of one student's pseudonym, of one school, or all."""
    statement = """
        SELECT school.ref AS school, number, at, author, action, detail, jsonb_array_length(subjects) AS students
          FROM souschef.access JOIN souschef.school ON school.id = access.school_id
         WHERE (CAST(:school AS bigint) IS NULL OR school_id = :school)
           AND (CAST(:token AS text) IS NULL OR subjects @> to_jsonb(CAST(:token AS text)))
         ORDER BY at DESC, school_id, number DESC LIMIT :limit
    """
    parameters = {"school": school_id, "token": token, "limit": limit}
    return list(execute(session, statement, parameters).mappings())
