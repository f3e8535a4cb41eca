"""Enrolments that begin or end by their date: their students are marked for a refresh when the moment has passed."""

from sqlmodel import Session

from models.events import counters
from models.rows import execute, load_sql
from models.students.memberships import GRACE, GRACE_ENDS_AT

OVERLAP_SECONDS = 900
"""How far a sweep looks back beyond the last one: longer than any transaction may stay open."""

PASSED = load_sql("enrolment_moments", grace_ends_at=GRACE_ENDS_AT)
"""(school, student, the last moment) of the enrolments that began or ended, or whose grace ended, since a sweep."""
PARAMETERS = {"sweep": counters.SWEEP, "overlap": OVERLAP_SECONDS, "grace": GRACE}


def mark_for_refresh(session: Session) -> int:
    """Mark the students whose enrolment has begun or ended, or whose grace has ended, since the last sweep.

    Return how many. Anyone who joins a first class has no state yet, and gets one. Where nothing has passed, the
    indexes on the two times say so without reading an enrolment.
    """
    passed = _passed_since_last_sweep(session)
    if not passed:
        return 0
    statement = """
        WITH passed AS MATERIALIZED (
          SELECT * FROM unnest(CAST(:schools AS bigint[]), CAST(:students AS bigint[]), CAST(:moments AS timestamptz[]))
                        AS each(school_id, student_id, at)
        ), first AS (
          INSERT INTO souschef.learner_state (student_id, school_id, state, snapshot_version, parameters_version,
                 refresh_due)
          SELECT student_id, passed.school_id, ''::bytea, -1, -1, true FROM passed
            JOIN souschef.person ON person.id = student_id AND person.role = 'student' AND person.active
          ON CONFLICT (student_id) DO NOTHING RETURNING student_id
        ), due AS (
          SELECT student_id FROM passed JOIN souschef.learner_state AS state USING (student_id)
           WHERE NOT refresh_due AND at > refreshed_at ORDER BY student_id FOR UPDATE OF state SKIP LOCKED
        ), marked AS (
          UPDATE souschef.learner_state AS state SET refresh_due = true FROM due
           WHERE state.student_id = due.student_id RETURNING state.student_id)
        SELECT (SELECT count(*) FROM first) + (SELECT count(*) FROM marked)
    """
    schools, students, moments = zip(*passed, strict=True)
    parameters = {"schools": list(schools), "students": list(students), "moments": list(moments)}
    return int(execute(session, statement, parameters).scalar_one())


def _passed_since_last_sweep(session: Session) -> list[tuple[int, int, object]]:
    """Return (school, student, the last moment that has passed)."""
    return [(row[0], row[1], row[2]) for row in execute(session, PASSED, PARAMETERS)]
