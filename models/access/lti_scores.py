"""What an LMS gets to know of each student's week: how many tasks are done; each number is sent once."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col

from models import clock
from models.access import school_time
from models.access.lti_courses import Course
from models.rows import change, execute, fetch
from models.tables import LtiScore

KEPT_DAYS = 14


@dataclass(frozen=True, slots=True)
class Due:
    """A student of a course of whom the platform does not know this week's number yet."""

    person_id: int
    user_id: str
    """The platform's id of the student."""
    week: dt.date
    """The Monday with which the week begins at the school."""
    done: int


def due(session: Session, course: Course) -> list[Due]:
    """Return the students of a course's class of whom the platform has another number, or none where it matters.

    A new week begins with nothing done, and that is sent for everyone who had a number before.
    """
    statement = """
        WITH student AS (
          SELECT e.student_id, min(substr(a.name, length(:prefix) + 1)) AS user_id,
                 (SELECT count(*) FROM souschef.assignment AS x
                   WHERE x.student_id = e.student_id AND x.class_id = :class AND x.state = 'done'
                     AND x.ended_at >= CAST(:since AS timestamptz)) AS done
            FROM souschef.current_enrolment AS e
            JOIN souschef.alias AS a ON a.school_id = :school AND a.kind = 'person' AND a.target_id = e.student_id
             AND starts_with(a.name, :prefix)
           WHERE e.class_id = :class GROUP BY e.student_id)
        SELECT student.student_id AS person_id, student.user_id, CAST(:week AS date) AS week, student.done FROM student
          LEFT JOIN souschef.lti_score AS sent ON sent.course_id = :course AND sent.person_id = student.student_id
         WHERE student.done <> CASE WHEN sent.week = :week THEN sent.done ELSE 0 END
            OR (sent.done > 0 AND sent.week <> :week)
         ORDER BY student.student_id
    """
    week, since = school_time.week(session, course.platform.school_id)
    parameters = {
        "week": week,
        "since": since,
        "prefix": f"{course.platform.issuer}|",
        "school": course.platform.school_id,
        "class": course.class_id,
        "course": course.id,
    }
    return fetch(session, Due, statement, parameters)


def record(session: Session, course: Course, sent: Due) -> None:
    """Note what was sent."""
    statement = """
        INSERT INTO souschef.lti_score (course_id, person_id, school_id, week, done)
        SELECT :course, person.id, person.school_id, :week, :done FROM souschef.person WHERE person.id = :person
        ON CONFLICT (course_id, person_id) DO UPDATE
           SET week = excluded.week, done = excluded.done, sent_at = excluded.sent_at
    """
    parameters = {"course": course.id, "person": sent.person_id, "week": sent.week, "done": sent.done}
    execute(session, statement, parameters)


def forget_old(session: Session, school_id: int) -> int:
    """Delete what was sent more than `KEPT_DAYS` ago; return how many."""
    old = col(LtiScore.sent_at) < clock.NOW - dt.timedelta(days=KEPT_DAYS)
    return change(session, delete(LtiScore).where(col(LtiScore.school_id) == school_id, old))
