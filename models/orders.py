"""Teachers' orders: given once under a key, taken back under the same, and whom they concern."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order whose names have been resolved."""

    key: str
    """Unique in the school: an order given twice is one order."""
    kind: str
    author: str
    reason: str
    given_at: dt.datetime
    expires_at: dt.datetime | None
    class_id: int | None
    student_id: int | None
    material_id: int | None
    skill_id: int | None


def give(session: Session, school_id: int, row: OrderRow) -> bool:
    """Put an order in force; return False where one of that key was given before."""
    statement = text("""
        INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, given_at, expires_at, class_id,
               student_id, material_id, skill_id)
        VALUES (:school, :key, :kind, :author, :reason, :given_at, :expires_at, :class_id, :student_id, :material_id,
               :skill_id)
        ON CONFLICT (school_id, key) DO NOTHING
    """)
    parameters = {name: getattr(row, name) for name in OrderRow.__slots__}
    return session.connection().execute(statement, {"school": school_id, **parameters}).rowcount == 1


def revoke(session: Session, school_id: int, key: str) -> tuple[int | None, int | None] | None:
    """Take an order back; return its (class id, student id), or None where no such order was given."""
    statement = text("""
        UPDATE souschef.teacher_order SET revoked_at = coalesce(revoked_at, souschef.clock())
         WHERE school_id = :school AND key = :key RETURNING class_id, student_id
    """)
    row = session.connection().execute(statement, {"school": school_id, "key": key}).one_or_none()
    return None if row is None else (row[0], row[1])


def concerned(session: Session, *, classes: Collection[int], students: Collection[int]) -> list[int]:
    """Return the students whom orders for these classes and students concern now."""
    statement = text("""
        SELECT unnest(CAST(:students AS bigint[]))
        UNION
        SELECT person_id FROM souschef.enrolment
         WHERE class_id = ANY(CAST(:classes AS bigint[])) AND role = 'student'
           AND began_at <= souschef.clock() AND (ended_at IS NULL OR ended_at > souschef.clock())
         ORDER BY 1
    """)
    parameters = {"students": list(students), "classes": list(classes)}
    return list(session.connection().execute(statement, parameters).scalars())
