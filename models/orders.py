"""Teachers' orders: given once under a key, taken back under the same, and whom they concern."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from models import tallies
from models.publish import ChangeRow

OVERLAP = dt.timedelta(minutes=15)
"""By how much sweeps look back beyond the last one, longer than anybody may hold a row or leave a transaction open."""


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
               student_id, material_id, skill_id, revoked_at)
        VALUES (:school, :key, :kind, :author, :reason, :given_at, :expires_at, :class_id, :student_id, :material_id,
               :skill_id, CASE WHEN :kind = 'approve' THEN CAST(:given_at AS timestamptz) END)
        ON CONFLICT (school_id, key) DO NOTHING
    """)
    parameters = {name: getattr(row, name) for name in OrderRow.__slots__}
    return session.connection().execute(statement, {"school": school_id, **parameters}).rowcount == 1


def revoke(session: Session, school_id: int, key: str) -> tuple[int | None, int | None] | None:
    """Take an order back; return its (class id, student id), or None where no such order was given."""
    statement = text("""
        UPDATE souschef.teacher_order SET revoked_at = coalesce(revoked_at, (SELECT souschef.clock()))
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
           AND began_at <= (SELECT souschef.clock()) AND (ended_at IS NULL OR ended_at > (SELECT souschef.clock()))
         ORDER BY 1
    """)
    parameters = {"students": list(students), "classes": list(classes)}
    return list(session.connection().execute(statement, parameters).scalars())


@dataclass(frozen=True, slots=True)
class Given:
    """One order as it stands."""

    number: int
    key: str
    """By which it is revoked."""
    order: str
    student: str | None
    class_ref: str | None
    material: str | None
    skill: str | None
    author: str
    reason: str
    given_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    standing: str
    """in force, ended or revoked; an approval is done."""


def listed(
    session: Session,
    school_id: int,
    *,
    class_id: int | None = None,
    student_id: int | None = None,
    past: bool = False,
) -> list[Given]:
    """Return a school's orders in force, the newest first; with `past` those that ended too.

    Of a class: its own and those of students who are in it now.
    """
    statement = text("""
        SELECT * FROM (
          SELECT o.id, o.key, o.kind, person.ref, class.ref, material.ref, skill.ref, o.author, o.reason, o.given_at,
                 o.expires_at, o.revoked_at,
                 CASE WHEN o.kind = 'approve' THEN 'done'
                      WHEN o.revoked_at IS NOT NULL THEN 'revoked'
                      WHEN o.expires_at <= (SELECT souschef.clock()) THEN 'ended' ELSE 'in force' END AS standing
            FROM souschef.teacher_order AS o
            LEFT JOIN souschef.person ON person.id = o.student_id
            LEFT JOIN souschef.class ON class.id = o.class_id
            LEFT JOIN souschef.material ON material.id = o.material_id
            LEFT JOIN souschef.skill ON skill.id = o.skill_id
           WHERE o.school_id = :school
             AND (CAST(:student AS bigint) IS NULL OR o.student_id = :student OR o.class_id IN (
               SELECT class_id FROM souschef.enrolment WHERE person_id = :student
                  AND (ended_at IS NULL OR ended_at > (SELECT souschef.clock()))))
             AND (CAST(:class AS bigint) IS NULL OR o.class_id = :class OR o.student_id IN (
               SELECT person_id FROM souschef.enrolment WHERE class_id = :class
                  AND (ended_at IS NULL OR ended_at > (SELECT souschef.clock()))))) AS each
         WHERE :past OR standing = 'in force' ORDER BY given_at DESC, id DESC
    """)
    parameters: dict[str, Any] = {"school": school_id, "class": class_id, "student": student_id, "past": past}
    return [Given(*row) for row in session.connection().execute(statement, parameters)]


def addressee(session: Session, school_id: int, key: str) -> tuple[int | None, int | None] | None:
    """Return the (class id, student id) whom an order addresses, or None where no such order was given."""
    statement = text("SELECT class_id, student_id FROM souschef.teacher_order WHERE school_id = :school AND key = :key")
    row = session.connection().execute(statement, {"school": school_id, "key": key}).one_or_none()
    return None if row is None else (row[0], row[1])


def mark_ended(session: Session) -> int:
    """Mark students for a refresh for whom something has begun or ended since they were last decided for.

    That is an order, a setting, or a skill of their class. What began or ended since the last sweep is looked for, and
    then its students: to ask each student would take seconds in a large district, at every sweep. What a sweep leaves
    alone, because somebody holds the row, or because it was written while the sweep ran, is found by those of the next
    `OVERLAP`. Returns how many were marked.
    """
    passed = _passed(session)
    if not passed:
        return 0
    statement = text("""
        WITH passed AS MATERIALIZED (
          SELECT * FROM unnest(CAST(:schools AS bigint[]), CAST(:classes AS bigint[]), CAST(:students AS bigint[]),
                               CAST(:moments AS timestamptz[])) AS each(school_id, class_id, student_id, at)
        ), concerned AS (
          SELECT student_id, max(at) AS at FROM (
            SELECT student_id, at FROM passed WHERE student_id IS NOT NULL
            UNION ALL SELECT person_id, at FROM passed JOIN souschef.enrolment USING (class_id) WHERE student_id IS NULL
            UNION ALL SELECT state.student_id, at FROM passed JOIN souschef.learner_state AS state USING (school_id)
              WHERE passed.student_id IS NULL AND class_id IS NULL) AS each
           GROUP BY student_id
        ), whom AS (
          SELECT student_id FROM concerned JOIN souschef.learner_state AS state USING (student_id)
           WHERE NOT refresh_due AND at > refreshed_at ORDER BY student_id FOR UPDATE OF state SKIP LOCKED)
        UPDATE souschef.learner_state AS state SET refresh_due = true FROM whom
         WHERE state.student_id = whom.student_id
    """)
    schools, classes, students, moments = zip(*passed, strict=True)
    parameters = {"schools": list(schools), "classes": list(classes), "students": list(students)}
    return session.connection().execute(statement, {**parameters, "moments": list(moments)}).rowcount


def _passed(session: Session) -> list[tuple[int, int | None, int | None, dt.datetime]]:
    """Return what has begun or ended: (school, class or None for all, student or None for all, the last moment)."""
    statement = text("""
        WITH span AS MATERIALIZED (
          SELECT now, least(now, coalesce(to_timestamp((SELECT max(value) FROM souschef.tally WHERE name = :sweep)),
                                          '-infinity')) - CAST(:overlap AS interval) AS since
            FROM (SELECT souschef.clock() OFFSET 0) AS clock(now))
        SELECT school_id, class_id, student_id, max(at) FROM (
          SELECT school_id, class_id, student_id, expires_at AS at FROM souschef.teacher_order WHERE revoked_at IS NULL
          UNION ALL SELECT school_id, class_id, NULL, opens_at FROM souschef.scope
          UNION ALL SELECT school_id, class_id, NULL, closes_at FROM souschef.scope
          UNION ALL SELECT school_id, class_id, NULL, CAST(value AS timestamptz)
            FROM souschef.policy, jsonb_each_text(until)) AS moment
         WHERE at > (SELECT since FROM span) AND at <= (SELECT now FROM span)
         GROUP BY school_id, class_id, student_id
    """)
    rows = session.connection().execute(statement, {"sweep": tallies.SWEEP, "overlap": OVERLAP}).all()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def of_orders(session: Session, numbers: Collection[int]) -> list[int]:
    """Return the students whom these orders concern now."""
    statement = text("SELECT class_id, student_id FROM souschef.teacher_order WHERE id = ANY(CAST(:ids AS bigint[]))")
    rows = session.connection().execute(statement, {"ids": list(numbers)}).all()
    classes = {class_id for class_id, student_id in rows if student_id is None}
    return concerned(session, classes=classes, students={student for _, student in rows if student is not None})


def approve(session: Session, school_id: int, keys: Collection[str]) -> list[ChangeRow]:
    """Assign what is proposed to those whom these approvals concern; return the lines for the feed.

    With a material or a skill only the menus that hold it. The caller has locked the students.
    """
    statement = text("""
        UPDATE souschef.assignment AS a SET state = 'assigned', version = state.version + 1
          FROM souschef.teacher_order AS o, souschef.learner_state AS state
         WHERE o.school_id = :school AND o.key = ANY(CAST(:keys AS text[])) AND o.kind = 'approve'
           AND a.school_id = :school AND a.state = 'proposed' AND state.student_id = a.student_id
           AND (o.student_id = a.student_id OR (o.student_id IS NULL AND o.class_id IN (
             SELECT class_id FROM souschef.enrolment WHERE person_id = a.student_id AND role = 'student'
                AND (ended_at IS NULL OR ended_at > (SELECT souschef.clock())))))
           AND ((o.material_id IS NULL AND o.skill_id IS NULL) OR EXISTS (
             SELECT FROM souschef.assignment AS menu
              WHERE (menu.student_id, menu.slot, menu.state) = (a.student_id, a.slot, 'proposed')
                AND (menu.material_id = o.material_id OR menu.skill_id = o.skill_id)))
        RETURNING a.student_id, a.id, 'assignment', a.state, a.version
    """)
    if not keys:
        return []
    rows = session.connection().execute(statement, {"school": school_id, "keys": sorted(keys)})
    return [ChangeRow(*row) for row in rows]


def ordered(session: Session, students: Collection[int]) -> list[int]:
    """Return those of these students for whom a pin or must-do is in force."""
    statement = text("""
        SELECT DISTINCT who FROM unnest(CAST(:students AS bigint[])) AS who
          JOIN souschef.teacher_order AS o ON o.student_id = who OR (o.student_id IS NULL AND o.class_id IN (
               SELECT class_id FROM souschef.enrolment WHERE person_id = who))
         WHERE o.kind IN ('pin', 'must_do') AND o.revoked_at IS NULL
           AND (o.expires_at IS NULL OR o.expires_at > (SELECT souschef.clock())) ORDER BY who
    """)
    return list(session.connection().execute(statement, {"students": list(students)}).scalars())
