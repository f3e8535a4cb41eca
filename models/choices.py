"""What students did with what they were offered: menus as they were shown, and the notes that follow."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from models.publish import ChangeRow


@dataclass(frozen=True, slots=True)
class Offer:
    """One assignment among the others of its menu."""

    assignment_id: int
    student_id: int
    material_id: int
    context: str | None
    position: int
    shown: tuple[str | None, ...]
    """The contexts of the whole menu as it was given, in its order; None is no theme."""


def offers(session: Session, ids: Collection[int]) -> dict[int, Offer]:
    """Return assignments by id, each with its menu as it was decided."""
    statement = text("""
        SELECT a.id, a.student_id, a.material_id, material.context, a.menu_position,
               (SELECT array_agg(m.context ORDER BY menu.menu_position)
                  FROM souschef.assignment AS menu JOIN souschef.material AS m ON m.id = menu.material_id
                 WHERE menu.decision_id = a.decision_id AND menu.slot = a.slot)
          FROM souschef.assignment AS a JOIN souschef.material ON material.id = a.material_id
         WHERE a.id = ANY(CAST(:ids AS bigint[]))
    """)
    rows = session.connection().execute(statement, {"ids": list(ids)}).all()
    return {
        assignment: Offer(assignment, student, material, context, position, tuple(shown))
        for assignment, student, material, context, position, shown in rows
    }


def newest_for(session: Session, pairs: Collection[tuple[int, int]]) -> set[int]:
    """Return the newest assignment of each (student, material) that has any which was not withdrawn."""
    if not pairs:
        return set()
    statement = text("""
        SELECT max(a.id) FROM souschef.assignment AS a
          JOIN unnest(CAST(:students AS bigint[]), CAST(:materials AS bigint[])) AS asked(student_id, material_id)
            ON (a.student_id, a.material_id) = (asked.student_id, asked.material_id)
         WHERE a.state <> 'withdrawn' GROUP BY a.student_id, a.material_id
    """)
    students, materials = (list(column) for column in zip(*sorted(pairs), strict=True))
    rows = session.connection().execute(statement, {"students": students, "materials": materials})
    return set(rows.scalars())


def note(session: Session, ids: Collection[int]) -> list[ChangeRow]:
    """Note on assignments what the facts say that students did with them; return the lines for the feed.

    The first attempt counts: what its answers earned on average, or what was told of the assignment as a whole. It is
    read from all facts that came since the assignment was made, also after it is done, so that neither the order of
    arrival nor the batches change it.
    """
    if not ids:
        return []
    statement = text("""
        WITH asked AS (
          SELECT id, student_id, material_id, assigned_at FROM souschef.assignment
           WHERE id = ANY(CAST(:ids AS bigint[])) AND state <> 'withdrawn'),
        attempt AS (
          SELECT asked.id, fact.occurred_at AS at, fact.outcome FROM asked
            JOIN souschef.fact ON fact.student_id = asked.student_id AND fact.kind = 'assignment_done'
                 AND fact.value ->> 'assignment' = asked.id::text
          UNION ALL
          -- A sum of decimals is the same in any order; one of floats is not.
          SELECT asked.id, min(fact.occurred_at), avg(fact.outcome::numeric)::double precision FROM asked
            JOIN souschef.fact ON fact.student_id = asked.student_id AND fact.kind = 'item_result'
                 AND fact.value ->> 'material' = asked.material_id::text AND fact.recorded_at > asked.assigned_at
           GROUP BY asked.id, fact.source_id, fact.attempt),
        seen AS (
          SELECT id, min(at) AS at, (array_agg(outcome ORDER BY at, outcome))[1] AS outcome FROM attempt GROUP BY id)
        UPDATE souschef.assignment AS a
           SET state = CASE WHEN a.state = 'done' THEN a.state ELSE 'started' END,
               version = learner_state.version + 1, attempted_at = seen.at, outcome = seen.outcome
          FROM asked LEFT JOIN seen ON seen.id = asked.id
          JOIN souschef.learner_state ON learner_state.student_id = asked.student_id
         WHERE a.id = asked.id AND (a.state IN ('proposed', 'assigned')
               OR (a.attempted_at, a.outcome) IS DISTINCT FROM (seen.at, seen.outcome))
        RETURNING a.student_id, a.id, 'assignment', a.state, a.version
    """)
    return [ChangeRow(*row) for row in session.connection().execute(statement, {"ids": sorted(ids)})]
