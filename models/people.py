"""Who is who: roles, classes, names, and what a person's settings allow."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Learner:
    """What the stages of an event need to know of a person."""

    id: int
    ref: str
    role: str
    interests_enabled: bool
    """Both the school's switch and the student's own."""
    grade: float | None
    reading_level: float | None
    language: str
    class_id: int | None
    """The class joined last that is still going on."""
    class_ref: str | None


def learners(session: Session, ids: Collection[int]) -> dict[int, Learner]:
    """Return the people with these ids."""
    statement = text("""
        SELECT person.id, person.ref, person.role, person.interests_enabled AND school.interests_enabled, person.grade,
               person.reading_level, coalesce(person.language, school.language), now_in.class_id, now_in.ref
          FROM souschef.person
          JOIN souschef.school ON school.id = person.school_id
          LEFT JOIN LATERAL (
            SELECT enrolment.class_id, class.ref FROM souschef.enrolment
              JOIN souschef.class ON class.id = enrolment.class_id
             WHERE enrolment.person_id = person.id AND enrolment.role = 'student'
               AND enrolment.began_at <= (SELECT souschef.clock())
               AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (SELECT souschef.clock()))
             ORDER BY enrolment.began_at DESC, enrolment.class_id LIMIT 1) AS now_in ON true
         WHERE person.id = ANY(CAST(:ids AS bigint[]))
    """)
    rows = session.connection().execute(statement, {"ids": list(ids)}).all()
    return {row[0]: Learner(*row) for row in rows}


def students_of(session: Session, school_id: int, *, class_ref: str | None = None) -> list[int]:
    """Return the ids of a school's students, or of those who are now in one class."""
    statement = text("""
        SELECT DISTINCT person.id FROM souschef.person
          LEFT JOIN souschef.enrolment ON enrolment.person_id = person.id AND enrolment.role = 'student'
               AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (SELECT souschef.clock()))
          LEFT JOIN souschef.class ON class.id = enrolment.class_id
         WHERE person.school_id = :school AND person.role = 'student' AND person.active
           AND (CAST(:class AS text) IS NULL OR class.ref = :class)
         ORDER BY person.id
    """)
    return list(session.connection().execute(statement, {"school": school_id, "class": class_ref}).scalars())


def schools_of(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Return the school's id of each active student among `ids`; others are left out."""
    statement = text("""
        SELECT id, school_id FROM souschef.person
         WHERE id = ANY(CAST(:ids AS bigint[])) AND role = 'student' AND active
    """)
    return dict(session.connection().execute(statement, {"ids": list(ids)}).all())
