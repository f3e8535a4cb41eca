"""What students did with their assignments: find the menu that was offered, and update assignments from facts."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from models.assignments.store import ChangeRow
from models.rows import execute, fetch, load_sql
from models.students import states

MAY_DECLINE = """
       a.state IN ('assigned', 'started') AND a.attempted_at IS NULL AND a.reason NOT LIKE 'teacher.%'
   AND NOT EXISTS (
     SELECT FROM souschef.assignment AS declined
      WHERE (declined.student_id, declined.slot) = (a.student_id, a.slot) AND declined.reason = 'declined'
        AND declined.state = 'withdrawn' AND declined.ended_at <= a.assigned_at
        AND NOT EXISTS (
          SELECT FROM souschef.assignment AS done
           WHERE (done.student_id, done.slot) = (a.student_id, a.slot) AND done.attempted_at > declined.ended_at))
   AND NOT EXISTS (
     SELECT FROM souschef.teacher_order AS held
      WHERE held.kind = 'hold' AND held.revoked_at IS NULL
        AND (held.expires_at IS NULL OR held.expires_at > (SELECT souschef.clock()))
        AND (held.student_id = a.student_id OR (held.student_id IS NULL AND held.class_id IN (
          SELECT class_id FROM souschef.current_enrolment AS current WHERE current.student_id = a.student_id))))
"""
"""Whether a student may ask for another task instead of assignment `a`: once, if no teacher has chosen or holds it."""


ORDER_OF_WORK = """
       NOT EXISTS (
         SELECT FROM souschef.teacher_order AS o
          WHERE o.kind IN ('must_do', 'pin') AND o.revoked_at IS NULL AND o.expires_at > (SELECT souschef.clock())
            AND (o.student_id = a.student_id OR (o.student_id IS NULL AND o.class_id = a.class_id))
            AND coalesce(o.class_id, a.class_id, 0) = coalesce(a.class_id, 0)
            AND (o.skill_id = a.skill_id OR EXISTS (
              SELECT FROM souschef.assignment AS first WHERE first.student_id = a.student_id AND first.slot = a.slot
                 AND first.state IN ('assigned', 'started') AND first.menu_position = 0
                 AND first.material_id = o.material_id))),
       NOT EXISTS (
         SELECT FROM souschef.assignment AS begun
          WHERE (begun.student_id, begun.slot) = (a.student_id, a.slot) AND begun.state = 'started'),
       a.slot, a.menu_position
"""
"""How a student's open assignments `a` are ordered for people: what a teacher wants done first, or now, comes first,
also where it was on the list before; then what the student has begun."""


@dataclass(frozen=True, slots=True)
class OfferedAssignment:
    """One assignment among the others of its menu."""

    assignment_id: int
    student_id: int
    material_id: int
    skill_id: int
    context: str | None
    position: int
    shown: tuple[str | None, ...]
    """The contexts of the whole menu as it was offered, in its order; None is neutral."""


def find_offers(session: Session, ids: Collection[int]) -> dict[int, OfferedAssignment]:
    """Return assignments by id, each with its menu as it was decided."""
    statement = """
        SELECT a.id AS assignment_id, a.student_id, a.material_id, a.skill_id, material.context,
               a.menu_position AS position,
               (SELECT array_agg(m.context ORDER BY menu.menu_position)
                  FROM souschef.assignment AS menu JOIN souschef.material AS m ON m.id = menu.material_id
                 WHERE menu.decision_id = a.decision_id AND menu.slot = a.slot) AS shown
          FROM souschef.assignment AS a JOIN souschef.material ON material.id = a.material_id
         WHERE a.id = ANY(CAST(:ids AS bigint[]))
    """
    rows = execute(session, statement, {"ids": list(ids)}).mappings()
    return {row["assignment_id"]: OfferedAssignment(**{**row, "shown": tuple(row["shown"])}) for row in rows}


def newest_offers(session: Session, pairs: Collection[tuple[int, int]]) -> set[int]:
    """Return the newest assignment of each (student, material) that has any which was not withdrawn."""
    if not pairs:
        return set()
    statement = """
        SELECT max(a.id) FROM souschef.assignment AS a
          JOIN unnest(CAST(:students AS bigint[]), CAST(:materials AS bigint[])) AS asked(student_id, material_id)
            ON (a.student_id, a.material_id) = (asked.student_id, asked.material_id)
         WHERE a.state <> 'withdrawn' GROUP BY a.student_id, a.material_id
    """
    students, materials = (list(column) for column in zip(*sorted(pairs), strict=True))
    rows = execute(session, statement, {"students": students, "materials": materials})
    return set(rows.scalars())


def attempted_offers(session: Session, pairs: Collection[tuple[int, int]]) -> set[int]:
    """Return the assignments of each (student, material) that count as attempted and were not withdrawn."""
    if not pairs:
        return set()
    statement = """
        SELECT a.id FROM souschef.assignment AS a
          JOIN unnest(CAST(:students AS bigint[]), CAST(:materials AS bigint[])) AS asked(student_id, material_id)
            ON (a.student_id, a.material_id) = (asked.student_id, asked.material_id)
         WHERE a.state <> 'withdrawn' AND a.attempted_at IS NOT NULL
    """
    students, materials = (list(column) for column in zip(*sorted(pairs), strict=True))
    return set(execute(session, statement, {"students": students, "materials": materials}).scalars())


def apply_student_activity(session: Session, ids: Collection[int]) -> list[ChangeRow]:
    """Update assignments from the facts about them; return the changes for the feed.

    The first attempt counts: the average of its answers, or the result of the assignment as a whole. It is computed
    from all facts since the assignment was made, also after it is done, so that neither the order of arrival nor the
    batches change it.
    """
    if not ids:
        return []
    statement = load_sql("apply_student_activity", next_version=states.NEXT_VERSION)
    return fetch(session, ChangeRow, statement, {"ids": sorted(ids)})


@dataclass(frozen=True, slots=True)
class Declined:
    """One material of a menu that was withdrawn because its student has declined it."""

    change: ChangeRow
    class_id: int | None
    material_id: int


def decline(session: Session, ids: Collection[int]) -> list[Declined]:
    """Withdraw the menus of these assignments that may be declined; return each of their assignments."""
    if not ids:
        return []
    statement = load_sql("decline", may_decline=MAY_DECLINE)
    rows = execute(session, statement, {"ids": list(ids)}).mappings()
    columns = ("student_id", "assignment_id", "kind", "state", "version")
    return [
        Declined(ChangeRow(**{name: row[name] for name in columns}), row["class_id"], row["material_id"])
        for row in rows
    ]
