"""After a backup was restored, erase again who was erased since, from an exported list of tombstones."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, func, select

from config.errors import Exit, OperatorError
from models.events import payloads
from models.privacy import audit, erasure, tombstones
from models.rows import among, execute, inserted_id
from models.tables import Erasure, Person, School, Tombstone


class InvalidErasureListError(OperatorError):
    """The file is not a list of erasures."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class ListedErasure:
    """One erasure of a list."""

    school: str
    erased_at: dt.datetime
    author: str
    reason: str
    key: bytes
    marks: frozenset[bytes]


@dataclass(slots=True)
class ReapplyResult:
    """The result of reapplying a list."""

    erasures: int = 0
    """How many are new in this database."""
    existing: int = 0
    people: int = 0
    """How many people had returned, and are deleted now."""
    rows: Counter[str] = field(default_factory=Counter)
    schools_unknown: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON."""
        counts = {"erasures": self.erasures, "known": self.existing, "people": self.people, "rows": dict(self.rows)}
        return {**counts, "schools_unknown": sorted(set(self.schools_unknown))}


def read(document: object) -> list[ListedErasure]:
    """Parse a list that `tombstones.list_tombstones` made.

    Raises:
        InvalidErasureListError: it is no such list.
    """
    rows = document.get("erasures") if isinstance(document, Mapping) else None
    try:
        return [_parse_row(row) for row in rows or _refuse(document)]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidErasureListError(
            "This is not a list of erasures.", "Make one with `souschef privacy list --json`."
        ) from None


def reapply(session: Session, erasures: Iterable[ListedErasure], *, author: str) -> ReapplyResult:
    """Insert missing tombstones, and delete everybody with a name among them; a second run does nothing.

    Raises:
        LoadInProgressError: a school is being loaded.
    """
    result = ReapplyResult()
    schools = {ref: number for ref, number in session.exec(select(School.ref, School.id)) if number is not None}
    for each in erasures:
        if each.school not in schools:
            result.schools_unknown.append(each.school)
        elif _insert_erasure(session, schools[each.school], each):
            result.erasures += 1
        else:
            result.existing += 1
    for school, school_id in sorted(schools.items()):
        for subject in returned_people(session, school_id, school):
            _, token = audit.pseudonyms(session, [subject.id])[subject.id]
            result.rows += erasure.remove(session, subject)
            result.people += 1
            audit.append(session, school_id, author=author, action="reapply", subjects=[token])
        result.rows["inbox"] += purge(session, school_id)
    result.rows = +result.rows
    return result


def returned_people(session: Session, school_id: int, school: str) -> list[erasure.Subject]:
    """Return the people of a school who have a name with a tombstone."""
    statement = """
        SELECT id, ref FROM souschef.person WHERE school_id = :school AND role = 'student'
         UNION ALL
        SELECT target_id, name FROM souschef.alias
          JOIN souschef.person ON person.id = target_id AND role = 'student'
         WHERE alias.school_id = :school AND kind = 'person'
    """
    rows = execute(session, statement, {"school": school_id}).all()
    gone = tombstones.erased_among(session, school_id, (name for _, name in rows))
    ids = sorted({number for number, name in rows if name in gone})
    return [erasure.find_student(session, session.get_one(Person, number).ref, school=school) for number in ids]


def purge(session: Session, school_id: int) -> int:
    """Drop events that were not applied and are about erased people; return how many.

    Workers do so at once; this finds events that crashed them, and those that the outbox refused.
    """
    waiting = tombstones.about_erased(session, school_id, payloads.unapplied_payloads(session, school_id))
    refused = tombstones.about_erased(session, school_id, payloads.outbox_payloads(session, school_id))
    erased = payloads.drop_events(session, waiting, code=tombstones.CODE)
    return erased + payloads.delete_outbox_events(session, refused)


def _insert_erasure(session: Session, school_id: int, each: ListedErasure) -> bool:
    here = select(func.count()).where(Tombstone.school_id == school_id, among(Tombstone.mark, each.marks))
    if session.exec(here).one() == len(each.marks):
        return False
    row = Erasure(school_id=school_id, key=each.key, author=each.author, reason=each.reason, erased_at=each.erased_at)
    tombstones.insert_marks(session, school_id, inserted_id(session, row), each.marks)
    return True


def _parse_row(row: Mapping[str, Any]) -> ListedErasure:
    moment = dt.datetime.fromisoformat(row["erased_at"])
    marks = frozenset(bytes.fromhex(mark) for mark in row["marks"])
    key = bytes.fromhex(row["key"])
    if moment.tzinfo is None or len(key) != tombstones.KEY_BYTES or not marks:
        raise ValueError(row["erased_at"])
    return ListedErasure(str(row["school"]), moment, str(row["by"]), str(row["reason"]), key, marks)


def _refuse(document: object) -> list[Any]:
    """Return [] for an empty list, and refuse anything else."""
    if isinstance(document, Mapping) and document.get("erasures") == []:
        return []
    raise ValueError
