"""Students who are likely one person under two ids, for `souschef doctor`."""

from dataclasses import dataclass

from sqlmodel import Session

from models.rows import fetch

MAX_TWINS = 20


@dataclass(frozen=True, slots=True)
class Twins:
    """Two students of one name, of whom the first is in no class any more."""

    school: str
    old: str
    new: str


def likely_twins(session: Session) -> list[Twins]:
    """Return pairs of one full name and grade in a school, of whom only one is in a class now."""
    statement = """
        WITH pupil AS (
          SELECT id, school_id, ref, grade, lower(given_name) AS given, lower(family_name) AS family,
                 EXISTS (SELECT FROM souschef.current_enrolment AS c WHERE c.student_id = person.id) AS here
            FROM souschef.person WHERE role = 'student' AND given_name <> '' AND family_name <> '')
        SELECT school.ref AS school, old.ref AS old, new.ref AS new
          FROM pupil AS old JOIN pupil AS new USING (school_id, given, family)
          JOIN souschef.school ON school.id = old.school_id
         WHERE new.here AND NOT old.here AND old.grade IS NOT DISTINCT FROM new.grade
           AND EXISTS (SELECT FROM souschef.fact WHERE student_id = old.id)
         ORDER BY school.ref, old.ref, new.ref LIMIT :most
    """
    return fetch(session, Twins, statement, {"most": MAX_TWINS})
