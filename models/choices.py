"""What students did with what they were offered: menus as they were shown, and the marks that follow."""

import datetime as dt
from collections.abc import Collection, Sequence
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


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be noted on a student's assignment: started, or attempted with an outcome in [0, 1] or unknown."""

    assignment_id: int
    at: dt.datetime
    attempted: bool
    outcome: float | None = None


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
    rows = session.connection().execute(statement, {"ids": list(ids)})
    return {
        assignment: Offer(assignment, student, material, context, position, tuple(shown))
        for assignment, student, material, context, position, shown in rows
    }


def open_for(session: Session, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Return the open assignment of each (student, material), where there is one."""
    statement = text("""
        SELECT a.student_id, a.material_id, min(a.id) FROM souschef.assignment AS a
          JOIN unnest(CAST(:students AS bigint[]), CAST(:materials AS bigint[])) AS asked(student_id, material_id)
            ON (a.student_id, a.material_id) = (asked.student_id, asked.material_id)
         WHERE a.state IN ('proposed', 'assigned', 'started') GROUP BY a.student_id, a.material_id
    """)
    students, materials = [student for student, _ in pairs], [material for _, material in pairs]
    rows = session.connection().execute(statement, {"students": students, "materials": materials})
    return {(student, material): assignment for student, material, assignment in rows}


def note(session: Session, marks: Sequence[Mark]) -> list[ChangeRow]:
    """Note what students did on assignments that are still open; return the lines for the feed.

    The first attempt counts, and a late message of an earlier one moves it back: the order of arrival changes nothing.
    """
    if not marks:
        return []
    statement = text("""
        UPDATE souschef.assignment AS a
           SET state = 'started', version = learner_state.version + 1,
               attempted_at = CASE WHEN new.attempted THEN least(new.at, coalesce(a.attempted_at, new.at))
                                   ELSE a.attempted_at END,
               outcome = CASE WHEN new.attempted AND new.at <= coalesce(a.attempted_at, new.at) THEN new.outcome
                              ELSE a.outcome END
          FROM unnest(CAST(:ids AS bigint[]), CAST(:times AS timestamptz[]), CAST(:attempted AS boolean[]),
                      CAST(:outcomes AS double precision[])) AS new(id, at, attempted, outcome), souschef.learner_state
         WHERE a.id = new.id AND learner_state.student_id = a.student_id
           AND a.state IN ('proposed', 'assigned', 'started')
        RETURNING a.student_id, a.id, 'assignment', a.state, a.version
    """)
    once = {mark.assignment_id: mark for mark in sorted(marks, key=lambda mark: (mark.attempted, -mark.at.timestamp()))}
    parameters = {
        "ids": list(once),
        "times": [mark.at for mark in once.values()],
        "attempted": [mark.attempted for mark in once.values()],
        "outcomes": [mark.outcome for mark in once.values()],
    }
    return [ChangeRow(*row) for row in session.connection().execute(statement, parameters)]
