"""What the doctor reads: the server, the work that waits, the catalogue, and each source's own traffic."""

from collections.abc import Collection

from sqlalchemy import text
from sqlmodel import Session


def students(
    session: Session, *, ref: str | None = None, class_ref: str | None = None, school: str | None = None
) -> dict[int, list[int]]:
    """Return the ids of the active students who fit every name that is given, by their school's id."""
    statement = text("""
        SELECT person.school_id, person.id FROM souschef.person
          JOIN souschef.school ON school.id = person.school_id
         WHERE person.role = 'student' AND person.active
           AND (CAST(:ref AS text) IS NULL OR person.ref = :ref)
           AND (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (CAST(:class AS text) IS NULL OR EXISTS (
             SELECT FROM souschef.enrolment JOIN souschef.class ON class.id = enrolment.class_id
              WHERE enrolment.person_id = person.id AND enrolment.role = 'student' AND class.ref = :class
                AND (enrolment.ended_at IS NULL OR enrolment.ended_at > souschef.clock())))
         ORDER BY person.school_id, person.id
    """)
    found: dict[int, list[int]] = {}
    parameters = {"ref": ref, "class": class_ref, "school": school}
    for school_id, student in session.connection().execute(statement, parameters):
        found.setdefault(school_id, []).append(student)
    return found


def waiting_for_refresh(session: Session, among: Collection[int]) -> set[int]:
    """Return which of these students wait for a refresh, or were last folded with terms no longer in force."""
    statement = text("""
        SELECT student_id FROM souschef.learner_state AS state
         WHERE student_id = ANY(CAST(:students AS bigint[]))
           AND (refresh_due OR snapshot_version < (
             SELECT max(version) FROM souschef.snapshot WHERE snapshot.school_id = state.school_id))
    """)
    return set(session.connection().execute(statement, {"students": list(among)}).scalars())
