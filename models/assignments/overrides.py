"""Teacher overrides: inserted once under a key, revoked by the same key, and the students they affect."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from models.assignments.store import ChangeRow
from models.events import counters
from models.rows import among, execute, fetch
from models.students import states
from models.tables import Order

OVERLAP = dt.timedelta(minutes=15)
"""How far a sweep looks back beyond the last one: longer than any transaction may stay open."""


@dataclass(frozen=True, slots=True)
class NewOverride:
    """One override whose names have been resolved to ids."""

    key: str
    """Unique in the school: an override that is sent twice is one override."""
    kind: str
    author: str
    reason: str
    given_at: dt.datetime
    expires_at: dt.datetime | None
    class_id: int | None
    student_id: int | None
    material_id: int | None
    skill_id: int | None


def insert_override(session: Session, school_id: int, row: NewOverride) -> bool:
    """Insert an override; return False where the school has one of that key."""
    statement = """
        INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, given_at, expires_at, class_id,
               student_id, material_id, skill_id, revoked_at)
        VALUES (:school, :key, :kind, :author, :reason, :given_at, :expires_at, :class_id, :student_id, :material_id,
               :skill_id, CASE WHEN :kind = 'approve' THEN CAST(:given_at AS timestamptz) END)
        ON CONFLICT (school_id, key) DO NOTHING
    """
    parameters = {name: getattr(row, name) for name in NewOverride.__slots__}
    return execute(session, statement, {"school": school_id, **parameters}).rowcount == 1


def revoke(session: Session, school_id: int, key: str) -> tuple[int | None, int | None] | None:
    """Revoke an override; return its (class id, student id), or None where there is none of this key."""
    statement = """
        UPDATE souschef.teacher_order SET revoked_at = coalesce(revoked_at, (SELECT souschef.clock()))
         WHERE school_id = :school AND key = :key RETURNING class_id, student_id
    """
    row = execute(session, statement, {"school": school_id, "key": key}).one_or_none()
    return None if row is None else (row.class_id, row.student_id)


def affected_students(session: Session, *, classes: Collection[int], students: Collection[int]) -> list[int]:
    """Return these students and those who are in these classes now."""
    statement = """
        SELECT unnest(CAST(:students AS bigint[]))
        UNION
        SELECT student_id FROM souschef.current_enrolment WHERE class_id = ANY(CAST(:classes AS bigint[]))
         ORDER BY 1
    """
    parameters = {"students": list(students), "classes": list(classes)}
    return list(execute(session, statement, parameters).scalars())


@dataclass(frozen=True, slots=True)
class TeacherOverrideRow:
    """One override, as it is listed."""

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


def list_overrides(
    session: Session,
    school_id: int,
    *,
    class_id: int | None = None,
    student_id: int | None = None,
    past: bool = False,
) -> list[TeacherOverrideRow]:
    """Return a school's overrides in force, the newest first; with `past` those that have ended too.

    Of a class: its own and those of students who are in it now.
    """
    statement = """
        SELECT * FROM (
          SELECT o.id AS number, o.key, o.kind AS "order", person.ref AS student, class.ref AS class_ref,
                 material.ref AS material, skill.ref AS skill, o.author, o.reason, o.given_at, o.expires_at,
                 o.revoked_at,
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
               SELECT class_id FROM souschef.current_enrolment WHERE student_id = :student))
             AND (CAST(:class AS bigint) IS NULL OR o.class_id = :class OR o.student_id IN (
               SELECT student_id FROM souschef.current_enrolment WHERE class_id = :class))) AS each
         WHERE :past OR standing = 'in force' ORDER BY given_at DESC, number DESC
    """
    parameters: dict[str, Any] = {"school": school_id, "class": class_id, "student": student_id, "past": past}
    return fetch(session, TeacherOverrideRow, statement, parameters)


def override_target(session: Session, school_id: int, key: str) -> tuple[int | None, int | None] | None:
    """Return the (class id, student id) of an override, or None where there is none of this key."""
    return session.exec(
        select(Order.class_id, Order.student_id).where(Order.school_id == school_id, Order.key == key)
    ).one_or_none()


def mark_expired_for_refresh(session: Session) -> int:
    """Mark students for a refresh for whom an override, a setting or an open skill has begun or ended; return how many.

    The sweep looks for what began or ended since the last sweep, and then for its students: to check each student would
    take seconds in a large district. Rows that it skips, because they are locked or were written while it ran, are
    found by the sweeps of the next `OVERLAP`.
    """
    passed = _expired_since_last_sweep(session)
    if not passed:
        return 0
    statement = """
        WITH passed AS MATERIALIZED (
          SELECT * FROM unnest(CAST(:schools AS bigint[]), CAST(:classes AS bigint[]), CAST(:students AS bigint[]),
                               CAST(:moments AS timestamptz[])) AS each(school_id, class_id, student_id, at)
        ), affected AS (
          SELECT student_id, max(at) AS at FROM (
            SELECT student_id, at FROM passed WHERE student_id IS NOT NULL
            UNION ALL SELECT current.student_id, at FROM passed
              JOIN souschef.current_enrolment AS current USING (class_id) WHERE passed.student_id IS NULL
            UNION ALL SELECT state.student_id, at FROM passed JOIN souschef.learner_state AS state USING (school_id)
              WHERE passed.student_id IS NULL AND class_id IS NULL) AS each
           GROUP BY student_id
        ), due AS (
          SELECT student_id FROM affected JOIN souschef.learner_state AS state USING (student_id)
           WHERE NOT refresh_due AND at > refreshed_at ORDER BY student_id FOR UPDATE OF state SKIP LOCKED)
        UPDATE souschef.learner_state AS state SET refresh_due = true FROM due
         WHERE state.student_id = due.student_id
    """
    schools, classes, students, moments = zip(*passed, strict=True)
    parameters = {"schools": list(schools), "classes": list(classes), "students": list(students)}
    return execute(session, statement, {**parameters, "moments": list(moments)}).rowcount


def _expired_since_last_sweep(session: Session) -> list[tuple[int, int | None, int | None, dt.datetime]]:
    """Return what has begun or ended: (school, class or None for all, student or None for all, the last time)."""
    statement = """
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
    """
    rows = execute(session, statement, {"sweep": counters.SWEEP, "overlap": OVERLAP}).all()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def students_of_overrides(session: Session, ids: Collection[int]) -> list[int]:
    """Return the students whom these overrides affect now."""
    rows = session.exec(select(Order.class_id, Order.student_id).where(among(Order.id, ids))).all()
    students = {student for _, student in rows if student is not None}
    classes = {class_id for class_id, student in rows if class_id is not None and student is None}
    return affected_students(session, classes=classes, students=students)


def approve(session: Session, school_id: int, keys: Collection[str]) -> list[ChangeRow]:
    """Assign what is proposed to the students of these approvals; return the changes for the feed.

    With a material or a skill only the menus that contain it. The caller has locked the students.
    """
    statement = f"""
        UPDATE souschef.assignment AS a SET state = 'assigned', version = {states.NEXT_VERSION}
          FROM souschef.teacher_order AS o, souschef.learner_state
         WHERE o.school_id = :school AND o.key = ANY(CAST(:keys AS text[])) AND o.kind = 'approve'
           AND a.school_id = :school AND a.state = 'proposed' AND learner_state.student_id = a.student_id
           AND (o.student_id = a.student_id OR (o.student_id IS NULL AND o.class_id IN (
             SELECT class_id FROM souschef.current_enrolment AS current WHERE current.student_id = a.student_id)))
           -- A class approves its own list, and proposals that no class has made.
           AND (o.class_id IS NULL OR a.class_id IS NULL OR a.class_id = o.class_id)
           AND ((o.material_id IS NULL AND o.skill_id IS NULL) OR EXISTS (
             SELECT FROM souschef.assignment AS menu
              WHERE (menu.student_id, menu.slot, menu.state) = (a.student_id, a.slot, 'proposed')
                AND (menu.material_id = o.material_id OR menu.skill_id = o.skill_id)))
        RETURNING a.student_id, a.id AS assignment_id, 'assignment' AS kind, a.state, a.version
    """  # noqa: S608 - a constant
    if not keys:
        return []
    return fetch(session, ChangeRow, statement, {"school": school_id, "keys": sorted(keys)})


def students_with_overrides(session: Session, students: Collection[int]) -> list[int]:
    """Return those of these students who have a pin or must-do in force."""
    statement = """
        SELECT DISTINCT who FROM unnest(CAST(:students AS bigint[])) AS who
          JOIN souschef.teacher_order AS o ON o.student_id = who OR (o.student_id IS NULL AND o.class_id IN (
               SELECT class_id FROM souschef.current_enrolment AS current WHERE current.student_id = who))
         WHERE o.kind IN ('pin', 'must_do') AND o.revoked_at IS NULL
           AND (o.expires_at IS NULL OR o.expires_at > (SELECT souschef.clock())) ORDER BY who
    """
    return list(execute(session, statement, {"students": list(students)}).scalars())
