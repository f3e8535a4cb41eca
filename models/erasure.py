"""Erase a student: all rows of theirs in one transaction, a tombstone for each name, and a word to the LMS.

Everything that points at the person goes, whichever table it stands in. What stays: the keys of their events, so that a
resend is a duplicate; the numbers of their lines in the feed, so that it has no holes; who erased whom and why, by no
name; and the difficulties of items, which are sums over all students until the next night makes them anew.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from config.errors import Exit, Mendable
from models import audit, bodies, tombstones
from models.loading_lock import take_school, take_time
from models.publish import ChangeRow, announce
from models.tables import SCHEMA, Table

LAST = ("decision", "class", "person")
"""Tables that others point at: theirs come first."""


class NoSuchStudent(Mendable):
    """Nobody, or more than one, is meant."""

    exit_code = Exit.WRONG_INPUT


class NamesTheStudent(Mendable):
    """What is kept about an erasure must not say whom it was of."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, and all names that they have here."""

    id: int
    school_id: int
    school: str
    ref: str
    aliases: tuple[str, ...]
    given_name: str | None
    family_name: str | None

    @property
    def names(self) -> frozenset[str]:
        """What senders and rosters call them."""
        return frozenset({self.ref, *self.aliases})

    def said(self) -> Iterator[str]:
        """Yield every name, those that people use too."""
        yield from sorted(self.names)
        yield from (name for name in (self.given_name, self.family_name) if name)


def find(session: Session, name: str, *, school: str | None = None) -> Subject:
    """Return the student of a ref, or of another name that a sender has for them.

    Raises:
        NoSuchStudent: there is none, or one in each of several schools.
    """
    statement = text("""
        SELECT person.id, school.id, school.ref, person.ref,
               ARRAY(SELECT a.name FROM souschef.alias AS a
                      WHERE a.school_id = school.id AND a.kind = 'person' AND a.target_id = person.id ORDER BY 1),
               person.given_name, person.family_name
          FROM souschef.person JOIN souschef.school ON school.id = person.school_id
         WHERE person.role = 'student' AND (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (person.ref = :name OR EXISTS (SELECT FROM souschef.alias AS a
                 WHERE (a.school_id, a.kind, a.name, a.target_id) = (school.id, 'person', :name, person.id)))
         ORDER BY person.ref = :name DESC, person.id
    """)
    rows = session.connection().execute(statement, {"name": name, "school": school}).all()
    found = [Subject(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], row[6]) for row in rows]
    if not found:
        raise NoSuchStudent("There is no such student.", "The roster's sourcedId is meant, or a name of a sender's.")
    if len({each.school for each in found}) > 1:
        listed = ", ".join(sorted({each.school for each in found}))
        raise NoSuchStudent(f"There is such a student in several schools ({listed}).", "Name one with --school.")
    return found[0]


def erase(session: Session, subject: Subject, *, author: str, reason: str) -> Counter[str]:
    """Remove all that is held of a student; return the number of rows by table, and of events and lines of the feed.

    The caller commits, or rolls back for a dry run.

    Raises:
        NamesTheStudent: the reason or the author would tell who it was.
        LoadUnderWay: the school is being loaded.
    """
    _refuse_names(subject, author, reason)
    tombstones.add(session, subject.school_id, subject.names, author=author, reason=reason)
    _, token = audit.tokens(session, [subject.id])[subject.id]
    counts = remove(session, subject)
    # Under a pseudonym that nobody can resolve any more.
    audit.append(session, subject.school_id, author=author, action="erase", subjects=[token], detail={})
    return counts


def remove(session: Session, subject: Subject) -> Counter[str]:
    """Remove all rows of a student whose tombstones stand; return the number of rows by table."""
    take_time(session)
    take_school(session, subject.school_id, subject.school)
    version = _lock(session, subject.id)
    counts: Counter[str] = Counter()
    events = bodies.in_inbox(session, subject.school_id, student_id=subject.id, names=subject.names)
    counts["inbox"] = bodies.erase(session, [each.id for each in events], code=tombstones.CODE)
    outgoing = bodies.in_outbox(session, subject.school_id, subject.names)
    counts["event_outbox"] = bodies.take_back(session, [each.id for each in outgoing])
    given = _assignments(session, subject.id)
    counts["change"] = _forget_lines(session, subject.id)
    counts["alias"] = _delete_aliases(session, subject)
    for table, column in pointing():
        if table != "change":
            counts[table] += _delete_ids(session, table, column, [subject.id])
    counts["person"] = _delete_ids(session, "person", "id", [subject.id])
    lines = [ChangeRow(None, number, "assignment", "withdrawn", version + 1) for number in given]
    announce(session, subject.school_id, lines)
    counts["withdrawn"] = len(lines)
    return +counts


def pointing() -> list[tuple[str, str]]:
    """Return (table, column) of everything that points at a person, in an order in which it can be deleted."""
    person = f"{SCHEMA}.person"
    found = [
        (table.name, column.name)
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if any(key.target_fullname == f"{person}.id" for key in column.foreign_keys)
    ]
    return sorted(found, key=lambda each: (each[0] in LAST, each))


def _refuse_names(subject: Subject, *said: str) -> None:
    for name in subject.said():
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        if any(pattern.search(each) for each in said):
            raise NamesTheStudent(
                "What is said of the erasure names the student, and it is kept.",
                "Say it without the name, for instance by the number of the request.",
            )


def _lock(session: Session, student: int) -> int:
    """Lock the student as workers do, state first; return the version of what was last published."""
    state = text("SELECT version FROM souschef.learner_state WHERE student_id = :student FOR UPDATE")
    version = session.connection().execute(state, {"student": student}).scalar_one_or_none()
    person = text("SELECT FROM souschef.person WHERE id = :student FOR UPDATE")
    session.connection().execute(person, {"student": student})
    return int(version or 0)


def _assignments(session: Session, student: int) -> list[int]:
    statement = text("SELECT id FROM souschef.assignment WHERE student_id = :student ORDER BY id")
    return list(session.connection().execute(statement, {"student": student}).scalars())


def _forget_lines(session: Session, student: int) -> int:
    statement = text("UPDATE souschef.change SET student_id = NULL WHERE student_id = :student")
    return session.connection().execute(statement, {"student": student}).rowcount


def _delete_aliases(session: Session, subject: Subject) -> int:
    statement = text("""
        DELETE FROM souschef.alias WHERE school_id = :school AND kind = 'person' AND target_id = :student
    """)
    parameters = {"school": subject.school_id, "student": subject.id}
    return session.connection().execute(statement, parameters).rowcount


def _delete_ids(session: Session, table: str, column: str, ids: Collection[int]) -> int:
    statement = text(f"DELETE FROM souschef.{table} WHERE {column} = ANY(CAST(:ids AS bigint[]))")  # noqa: S608 - our own names
    return session.connection().execute(statement, {"ids": list(ids)}).rowcount
