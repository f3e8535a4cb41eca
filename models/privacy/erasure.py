"""Erase a student: delete all rows in one transaction, insert a tombstone for each name, and notify the LMS.

Every row that references the person is deleted, in any table. What stays: the keys of their events, so that a resend is
a duplicate; the numbers of their rows in the feed, so that it has no gaps; who erased a student and why, without the
name; and the difficulties of items, which are sums over all students until the next nightly training.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from config.errors import Exit, OperatorError
from models.access import lti_unknown, schools
from models.assignments.store import ChangeRow, append_changes
from models.events import payloads
from models.imports import file_findings
from models.locks import lift_timeouts, lock_school
from models.privacy import audit, tombstones
from models.rows import change, execute
from models.students import states
from models.tables import SCHEMA, Alias, Assignment, Change, LearnerState, OrmBase, Person
from models.tables.people import AliasKind

DELETED_LAST = ("decision", "class", "person")
"""Tables that others reference: the rows of the others are deleted first."""


class StudentNotFoundError(OperatorError):
    """No student has this name."""

    exit_code = Exit.WRONG_INPUT


class ReasonContainsNameError(OperatorError):
    """The reason or author of an erasure, which are stored, contain the student's name."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Subject:
    """A student, and all their names."""

    id: int
    school_id: int
    school: str
    ref: str
    aliases: tuple[str, ...]
    given_name: str | None
    family_name: str | None

    @property
    def names(self) -> frozenset[str]:
        """The names that senders and rosters use."""
        return frozenset({self.ref, *self.aliases})

    def all_names(self) -> Iterator[str]:
        """Yield every name, also given and family name."""
        yield from sorted(self.names)
        yield from (name for name in (self.given_name, self.family_name) if name)


def find_student(session: Session, name: str, *, school: str | None = None) -> Subject:
    """Return the student of a ref or of an alias.

    Raises:
        StudentNotFoundError: the school has none of this name.
        UnresolvedSchoolError: no such school, or several and no ref.
    """
    owner = schools.resolve(session, school)
    statement = """
        SELECT id, ref, given_name, family_name,
               ARRAY(SELECT a.name FROM souschef.alias AS a
                      WHERE a.school_id = :school AND a.kind = 'person' AND a.target_id = person.id ORDER BY 1) AS names
          FROM souschef.person
         WHERE role = 'student' AND school_id = :school
           AND (ref = :name OR EXISTS (SELECT FROM souschef.alias AS a
                 WHERE (a.school_id, a.kind, a.name, a.target_id) = (:school, 'person', :name, person.id)))
         ORDER BY ref = :name DESC, id LIMIT 1
    """
    row = execute(session, statement, {"name": name, "school": owner.id}).one_or_none()
    if row is None:
        raise StudentNotFoundError(
            "There is no such student.", "Give the sourcedId of the roster, or a name that a sender uses."
        )
    return Subject(row.id, owner.id, owner.ref, row.ref, tuple(row.names), row.given_name, row.family_name)


def erase(session: Session, subject: Subject, *, author: str, reason: str) -> Counter[str]:
    """Delete all that is stored of a student; return the number of rows by table, and of withdrawn assignments.

    The caller commits, or rolls back for a dry run.

    Raises:
        ReasonContainsNameError: the reason or the author contains the student's name.
        LoadInProgressError: the school is being loaded.
    """
    _refuse_names(subject, author, reason)
    tombstones.add(session, subject.school_id, subject.names, author=author, reason=reason)
    _, token = audit.pseudonyms(session, [subject.id])[subject.id]
    counts = remove(session, subject)
    # The pseudonym is deleted, so that nobody can resolve it any more.
    audit.append(session, subject.school_id, author=author, action="erase", subjects=[token], detail={})
    return counts


def remove(session: Session, subject: Subject) -> Counter[str]:
    """Delete all rows of a student who has tombstones; return the number of rows by table."""
    lift_timeouts(session)
    lock_school(session, subject.school_id, subject.school)
    version = _lock(session, subject.id)
    counts: Counter[str] = Counter()
    events = payloads.in_inbox(session, subject.school_id, student_id=subject.id, names=subject.names, everywhere=True)
    counts["inbox"] = payloads.drop_events(session, [each.id for each in events], code=tombstones.CODE)
    outgoing = payloads.in_outbox(session, subject.school_id, subject.names)
    counts["event_outbox"] = payloads.delete_outbox_events(session, [each.id for each in outgoing])
    assignments = _assignments(session, subject.id)
    counts["change"] = _anonymize_changes(session, subject.id)
    counts["lti_unknown"] = lti_unknown.forget_names(session, subject.school_id, sorted(subject.names))
    counts["file_finding"] = file_findings.forget_names(session, subject.school_id, sorted(subject.names))
    counts["alias"] = _delete_aliases(session, subject)
    for table, column in tables_referencing_person():
        if table != "change":
            counts[table] += _delete_ids(session, table, column, [subject.id])
    counts["person"] = _delete_ids(session, "person", "id", [subject.id])
    changes = [
        ChangeRow(None, number, "assignment", "withdrawn", states.next_version(version)) for number in assignments
    ]
    append_changes(session, subject.school_id, changes)
    counts["withdrawn"] = len(changes)
    return +counts


def tables_referencing_person() -> list[tuple[str, str]]:
    """Return (table, column) of every foreign key to a person, in an order in which the rows can be deleted."""
    person = f"{SCHEMA}.person"
    found = [
        (table.name, column.name)
        for table in OrmBase.metadata.sorted_tables
        for column in table.columns
        if any(key.target_fullname == f"{person}.id" for key in column.foreign_keys)
    ]
    return sorted(found, key=lambda each: (each[0] in DELETED_LAST, each))


def _refuse_names(subject: Subject, *texts: str) -> None:
    for name in subject.all_names():
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        if any(pattern.search(each) for each in texts):
            raise ReasonContainsNameError(
                "The reason or the author contains the student's name, and both are stored.",
                "Write it without the name, for instance with the number of the request.",
            )


def _lock(session: Session, student: int) -> int:
    """Lock the student as workers do, state first; return the version that was last published."""
    state = select(LearnerState.version).where(LearnerState.student_id == student).with_for_update()
    version = session.exec(state).one_or_none()
    session.exec(select(Person.id).where(Person.id == student).with_for_update()).one_or_none()
    return version or 0


def _assignments(session: Session, student: int) -> list[int]:
    of_student = select(Assignment.id).where(Assignment.student_id == student).order_by(col(Assignment.id))
    return [number for number in session.exec(of_student) if number is not None]


def _anonymize_changes(session: Session, student: int) -> int:
    return change(session, update(Change).where(col(Change.student_id) == student).values(student_id=None))


def _delete_aliases(session: Session, subject: Subject) -> int:
    of_school = delete(Alias).where(col(Alias.school_id) == subject.school_id)
    return change(session, of_school.where(col(Alias.kind) == AliasKind.PERSON, col(Alias.target_id) == subject.id))


def _delete_ids(session: Session, table: str, column: str, ids: Collection[int]) -> int:
    statement = f"DELETE FROM souschef.{table} WHERE {column} = ANY(CAST(:ids AS bigint[]))"  # noqa: S608 - names from the tables' metadata
    return execute(session, statement, {"ids": list(ids)}).rowcount
