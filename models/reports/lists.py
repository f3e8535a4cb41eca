"""What a school has, as `souschef list` prints it: a row each, with its ref, its name and what hangs on it."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session

from models.rows import execute
from models.students.people import DISPLAY_NAME

Row = dict[str, Any]

_STUDENTS = f"""
    SELECT person.ref, {DISPLAY_NAME} AS name, grade, active,
           coalesce((SELECT string_agg(class.ref, ' ' ORDER BY class.ref)
                       FROM souschef.current_enrolment AS current JOIN souschef.class ON class.id = current.class_id
                      WHERE current.student_id = person.id), '') AS classes, person.id
      FROM souschef.person
     WHERE school_id = :school AND role = 'student' AND (CAST(:class AS bigint) IS NULL OR EXISTS (
       SELECT FROM souschef.current_enrolment AS current
        WHERE current.student_id = person.id AND current.class_id = :class))
     ORDER BY family_name, given_name, ref
"""  # noqa: S608 - the expression is a constant
_STATEMENTS: Mapping[str, str] = {
    "classes": """
        SELECT ref, title AS name, grade,
               (SELECT count(*) FROM souschef.current_enrolment WHERE class_id = class.id) AS students,
               (SELECT count(*) FROM souschef.scope WHERE class_id = class.id) AS skills
          FROM souschef.class WHERE school_id = :school ORDER BY ref
    """,
    "skills": """
        SELECT ref, title AS name, grade,
               (SELECT count(*) FROM souschef.alignment WHERE skill_id = skill.id) AS items,
               (SELECT count(*) FROM souschef.material_skill WHERE skill_id = skill.id) AS materials,
               (SELECT count(*) FROM souschef.scope WHERE skill_id = skill.id) AS classes
          FROM souschef.skill WHERE school_id = :school ORDER BY grade, ref
    """,
    "materials": """
        SELECT ref, title AS name,
               (SELECT string_agg(skill.ref, ' ' ORDER BY position) FROM souschef.material_skill
                  JOIN souschef.skill ON skill.id = skill_id WHERE material_id = material.id) AS skills,
               context, difficulty, minutes, url
          FROM souschef.material WHERE school_id = :school ORDER BY ref
    """,
    "items": """
        SELECT ref, (SELECT string_agg(skill.ref, ' ' ORDER BY skill.ref) FROM souschef.alignment
                       JOIN souschef.skill ON skill.id = skill_id WHERE item_id = item.id) AS skills,
               (SELECT count(*) FROM souschef.fact WHERE item_id = item.id AND kind = 'item_result') AS answers
          FROM souschef.item WHERE school_id = :school ORDER BY ref
    """,
    "surveys": """
        SELECT ref, document ->> 'title' AS name, jsonb_array_length(document -> 'questions') AS questions,
               coalesce((SELECT string_agg(source.name, ' ' ORDER BY source.name) FROM souschef.source
                          WHERE source.school_id = questionnaire.school_id AND source.surveys ? questionnaire.ref), '')
                 AS allowed_for
          FROM souschef.questionnaire WHERE school_id = :school ORDER BY ref
    """,
    "sources": """
        SELECT name AS ref, format, surveys,
               (SELECT max(received_at) FROM souschef.inbox WHERE source_id = source.id) AS last_event_at,
               (SELECT coalesce(sum(count), 0)::bigint FROM souschef.door_count WHERE source_id = source.id) AS events,
               revoked_at
          FROM souschef.source WHERE school_id = :school ORDER BY name
    """,
}
_SCHOOLS = """
    SELECT ref, name, timezone,
           (SELECT count(*) FROM souschef.class WHERE school_id = school.id) AS classes,
           (SELECT count(*) FROM souschef.person WHERE school_id = school.id AND role = 'student' AND active)
             AS students
      FROM souschef.school ORDER BY ref
"""


def schools(session: Session) -> list[Row]:
    """Return every school."""
    return _rows(session, _SCHOOLS, {})


def students(session: Session, school_id: int, *, class_id: int | None = None) -> list[Row]:
    """Return the students of a school or a class, each also with its `id`, for the access log."""
    return _rows(session, _STUDENTS, {"school": school_id, "class": class_id})


def _lister(kind: str) -> Callable[[Session, int], list[Row]]:
    def rows(session: Session, school_id: int) -> list[Row]:
        return _rows(session, _STATEMENTS[kind], {"school": school_id})

    return rows


OF_SCHOOL: Mapping[str, Callable[[Session, int], list[Row]]] = {kind: _lister(kind) for kind in _STATEMENTS}
"""Kind -> what lists it in a school."""


def _rows(session: Session, statement: str, parameters: Mapping[str, Any]) -> list[Row]:
    return [dict(row) for row in execute(session, statement, parameters).mappings()]
