"""Join two students who are one person: all that the old one has becomes the new one's; for a day it can be undone.

Facts, names, overrides, assignments and links move; open assignments of the old one are withdrawn. The old person's row
is deleted, and stands with the ids of what moved in `person_merge` until the day is over. Both states are computed
again from their facts at the next refresh.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import ColumnElement, delete, insert, update
from sqlmodel import Session, col, select

from config.errors import Exit, OperatorError
from models import clock
from models.access.schools import SchoolKey
from models.assignments import store
from models.events import payloads
from models.locks import lift_timeouts, lock_school
from models.privacy import audit
from models.rows import among, change, execute, not_null
from models.students import states
from models.tables import Alias, Assignment, Change, Enrolment, Fact, LearnerState, Person, PersonMerge, Pseudonym
from models.tables.people import AliasKind, Role

UNDO_HOURS = 24
REASON = "person_merged"
"""The reason of assignments that are withdrawn by a merge."""
MOVED = ("fact", "assignment", "decision", "teacher_order", "page_link", "page_session")
"""Tables with an id whose rows move to the other person."""
_COLUMN = {"page_link": "person_id", "page_session": "person_id"}


class MergeError(OperatorError):
    """The two cannot be joined, or the merge cannot be undone."""

    exit_code = Exit.WRONG_INPUT


def merge(session: Session, school: SchoolKey, old_ref: str, new_ref: str, *, author: str, reason: str) -> Counter[str]:
    """Join two students; return how many rows moved, by table. The caller commits.

    Raises:
        MergeError: one of the two is no student of the school, or they are the same.
        LoadInProgressError: the school is being loaded.
    """
    lift_timeouts(session)
    lock_school(session, school.id, school.ref)
    old, new = _lock(session, school, old_ref), _lock(session, school, new_ref)
    if old == new:
        raise MergeError(f"{old_ref} and {new_ref} are already the same person.", "Name two different students.")
    versions = states.load_for_update(session, school.id, [old, new])
    tokens = audit.pseudonyms(session, [old, new])
    version = max(row.next_version for row in versions.values())
    counts = Counter({"withdrawn": _withdraw(session, school.id, old, version)})
    document = _document(session, old, token=tokens[old][1])
    for table in MOVED:
        document[table] = _move(session, table, old, new)
        counts[table] = len(document[table])
    document["change"] = _move_changes(session, old, new)
    document["alias"] = _move_names(session, school.id, old, new)
    document["moved_classes"] = _move_enrolments(session, old, new)
    counts |= {"alias": len(document["alias"]), "enrolment": len(document["moved_classes"])}
    change(session, delete(Person).where(col(Person.id) == old))
    _refresh(session, new, version)
    _record(session, school.id, new, document, author=author, reason=reason)
    subjects = [tokens[old][1], tokens[new][1]]
    audit.append(session, school.id, author=author, action="merge", subjects=subjects, detail={"reason": reason})
    return +counts


def undo(session: Session, school: SchoolKey, old_ref: str, *, author: str, reason: str) -> Counter[str]:
    """Take the newest merge of a ref back; return how many rows moved, by table. The caller commits.

    Facts that have come since then under one of the old names go back as well.

    Raises:
        MergeError: there is no such merge of the last day.
        LoadInProgressError: the school is being loaded.
    """
    lift_timeouts(session)
    lock_school(session, school.id, school.ref)
    found = _newest(session, school, old_ref)
    document: dict[str, Any] = found.document
    old, new = int(document["person"]["id"]), int(found.person_id)
    version = states.load_for_update(session, school.id, [new])[new].next_version
    _restore_person(session, document)
    counts: Counter[str] = Counter()
    late = _late_facts(session, school.id, new, document["alias"], since=found.merged_at)
    for table in MOVED:
        ids = [*document[table], *(late if table == "fact" else ())]
        counts[table] = _move_back(session, table, ids, old=old, new=new)
    _restore_changes(session, school.id, document["change"], old=old, new=new)
    counts["alias"] = _restore_names(session, school.id, document["alias"], old=old, new=new)
    counts["enrolment"] = _restore_enrolments(session, document, new=new)
    states.load_for_update(session, school.id, [old])
    for person in (old, new):
        _refresh(session, person, version)
    change(session, delete(PersonMerge).where(col(PersonMerge.id) == found.id))
    tokens = [token for _, token in audit.pseudonyms(session, [old, new]).values()]
    detail = {"reason": reason, "undone": True}
    audit.append(session, school.id, author=author, action="merge", subjects=tokens, detail=detail)
    return +counts


def forget_old(session: Session, school_id: int) -> int:
    """Delete what undoes a merge, where the day is over; return how many."""
    old = col(PersonMerge.merged_at) < clock.NOW - dt.timedelta(hours=UNDO_HOURS)
    return change(session, delete(PersonMerge).where(col(PersonMerge.school_id) == school_id, old))


def _lock(session: Session, school: SchoolKey, ref: str) -> int:
    student = Person.school_id == school.id, Person.ref == ref, Person.role == Role.STUDENT
    found = session.exec(select(Person.id).where(*student).with_for_update()).one_or_none()
    if found is None:
        raise MergeError(f"School {school.ref} has no student {ref}.", "The roster's sourcedId is meant.")
    return found


def _withdraw(session: Session, school_id: int, student: int, version: int) -> int:
    is_open = Assignment.student_id == student, among(Assignment.state, ("proposed", "assigned", "started"))
    tasks = select(not_null(Assignment.id), Assignment.attempted_at).where(*is_open).order_by(col(Assignment.id))
    rows = session.exec(tasks).all()
    endings = [(number, "withdrawn" if tried_at is None else "done", REASON, version) for number, tried_at in rows]
    store.append_changes(session, school_id, store.close_assignments(session, endings))
    return len(endings)


def _document(session: Session, old: int, *, token: str) -> dict[str, Any]:
    """Return what is needed to insert the old person again."""
    statement = """
        SELECT to_jsonb(person), (SELECT coalesce(jsonb_agg(to_jsonb(e)), '[]') FROM souschef.enrolment AS e
                                   WHERE e.person_id = person.id)
          FROM souschef.person WHERE id = :old
    """
    person, enrolments = execute(session, statement, {"old": old}).one()
    return {"person": person, "enrolments": enrolments, "token": token}


def _move(session: Session, table: str, old: int, new: int) -> list[int]:
    column = _COLUMN.get(table, "student_id")
    statement = f"UPDATE souschef.{table} SET {column} = :new WHERE {column} = :old RETURNING id"  # noqa: S608 - constants
    return sorted(execute(session, statement, {"old": old, "new": new}).scalars())


def _move_back(session: Session, table: str, ids: Collection[int], *, old: int, new: int) -> int:
    column = _COLUMN.get(table, "student_id")
    statement = f"""
        UPDATE souschef.{table} SET {column} = :old WHERE {column} = :new AND id = ANY(CAST(:ids AS bigint[]))
    """  # noqa: S608 - constants
    return execute(session, statement, {"old": old, "new": new, "ids": list(ids)}).rowcount


def _move_changes(session: Session, old: int, new: int) -> list[int]:
    moved = update(Change).where(col(Change.student_id) == old).values(student_id=new)
    return sorted(session.exec(moved.returning(col(Change.number))).scalars())


def _restore_changes(session: Session, school_id: int, numbers: Collection[int], *, old: int, new: int) -> None:
    moved = col(Change.school_id) == school_id, col(Change.student_id) == new, among(Change.number, numbers)
    change(session, update(Change).where(*moved).values(student_id=old))


def _move_names(session: Session, school_id: int, old: int, new: int) -> list[str]:
    names = update(Alias).where(*_names_of(school_id, old)).values(target_id=new)
    return sorted(session.exec(names.returning(col(Alias.name))).scalars())


def _restore_names(session: Session, school_id: int, names: Collection[str], *, old: int, new: int) -> int:
    moved = *_names_of(school_id, new), among(Alias.name, names)
    return change(session, update(Alias).where(*moved).values(target_id=old))


def _names_of(school_id: int, person: int) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Alias.school_id) == school_id,
        col(Alias.kind) == AliasKind.PERSON,
        col(Alias.target_id) == person,
    )


def _move_enrolments(session: Session, old: int, new: int) -> list[int]:
    """Move the old one's time in classes that the new one has never been in; return these classes."""
    statement = """
        UPDATE souschef.enrolment AS e SET person_id = :new WHERE person_id = :old AND NOT EXISTS (
          SELECT FROM souschef.enrolment AS other WHERE other.person_id = :new AND other.class_id = e.class_id)
        RETURNING class_id
    """
    return sorted(set(execute(session, statement, {"old": old, "new": new}).scalars()))


def _restore_enrolments(session: Session, document: dict[str, Any], *, new: int) -> int:
    moved = col(Enrolment.person_id) == new, among(Enrolment.class_id, document["moved_classes"])
    change(session, delete(Enrolment).where(*moved))
    restore = """
        INSERT INTO souschef.enrolment
        SELECT * FROM jsonb_populate_recordset(NULL::souschef.enrolment, CAST(:rows AS jsonb))
    """
    return execute(session, restore, {"rows": orjson.dumps(document["enrolments"]).decode()}).rowcount


def _restore_person(session: Session, document: dict[str, Any]) -> None:
    statement = """
        INSERT INTO souschef.person SELECT * FROM jsonb_populate_record(NULL::souschef.person, CAST(:row AS jsonb))
    """
    execute(session, statement, {"row": orjson.dumps(document["person"]).decode()})
    person = document["person"]
    pseudonym = {"student_id": person["id"], "school_id": person["school_id"], "token": document["token"]}
    change(session, insert(Pseudonym).values(pseudonym))


def _late_facts(session: Session, school_id: int, new: int, names: Collection[str], *, since: dt.datetime) -> list[int]:
    """Return the facts that have come since a merge under one of these names."""
    events = payloads.in_inbox(session, school_id, student_id=new, names=names)
    theirs = [event.id for event in events if event.student in set(names)]
    late = Fact.student_id == new, col(Fact.recorded_at) >= since, among(Fact.inbox_id, theirs)
    return list(session.exec(select(not_null(Fact.id)).where(*late)))


def _refresh(session: Session, student: int, version: int) -> None:
    """Let a state be computed again from its facts."""
    state = update(LearnerState).where(col(LearnerState.student_id) == student)
    change(session, state.values(refresh_due=True, version=version))


def _record(
    session: Session, school_id: int, person: int, document: dict[str, Any], *, author: str, reason: str
) -> None:
    row = {
        "school_id": school_id,
        "person_id": person,
        "old_ref": document["person"]["ref"],
        "document": document,
        "author": author,
        "reason": reason,
    }
    change(session, insert(PersonMerge).values(row))


def _newest(session: Session, school: SchoolKey, old_ref: str) -> Any:  # noqa: ANN401 - a row
    statement = """
        SELECT id, person_id, document, merged_at FROM souschef.person_merge
         WHERE school_id = :school AND old_ref = :ref
           AND merged_at >= (SELECT souschef.clock()) - make_interval(hours => :hours)
         ORDER BY id DESC LIMIT 1
    """
    row = execute(session, statement, {"school": school.id, "ref": old_ref, "hours": UNDO_HOURS}).one_or_none()
    if row is None:
        message = f"There is no merge of {old_ref} in the last {UNDO_HOURS} hours."
        raise MergeError(message, "Name the sourcedId that was merged into another one.")
    taken = select(Person.id).where(Person.school_id == school.id, Person.ref == old_ref)
    if session.exec(taken).one_or_none() is not None:
        message = f"There is a person {old_ref} again, loaded since the merge."
        raise MergeError(message, "Take them out of the roster, or merge them again.")
    return row
