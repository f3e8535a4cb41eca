"""The scope that a class has while its school has loaded none at all: the skills of its grade that have materials."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from models.rows import execute, fetch

_ANY_SCOPE = "EXISTS (SELECT FROM souschef.scope WHERE scope.school_id = :school)"
_DEFAULTS = """
    SELECT class.id AS class_id, class.ref AS class_ref, class.grade, skill.id AS skill_id
      FROM souschef.class
      JOIN souschef.skill ON skill.school_id = class.school_id AND skill.grade = class.grade
     WHERE class.school_id = :school
       AND EXISTS (SELECT FROM souschef.material_skill AS m WHERE m.skill_id = skill.id AND m.position = 0)
"""
_WITH_STUDENTS = "EXISTS (SELECT FROM souschef.current_enrolment AS current WHERE current.class_id = class.id)"


@dataclass(frozen=True, slots=True)
class DefaultScope:
    """A class that works on the skills of its grade."""

    class_ref: str
    grade: float
    skills: int


def has_any_scope(session: Session, school_id: int) -> bool:
    """Return whether any class of the school ever was given a scope; then no class has a default one."""
    return bool(execute(session, f"SELECT {_ANY_SCOPE}", {"school": school_id}).scalar_one())


def default_skills(session: Session, school_id: int, classes: Collection[int]) -> dict[int, dict[int, float | None]]:
    """Return the skills that classes have by default, none of them due; a class without a grade is left out."""
    statement = f"{_DEFAULTS} AND class.id = ANY(CAST(:classes AS bigint[])) ORDER BY class.id, skill.id"
    found: dict[int, dict[int, float | None]] = {}
    for row in execute(session, statement, {"school": school_id, "classes": list(classes)}):
        found.setdefault(row.class_id, {})[row.skill_id] = None
    return found


def list_defaults(session: Session, school_id: int) -> list[DefaultScope]:
    """Return the classes with students that have a default scope, by ref; none where any class has a scope."""
    statement = f"""
        SELECT class_ref, grade, count(*)::int AS skills
          FROM ({_DEFAULTS} AND {_WITH_STUDENTS} AND NOT {_ANY_SCOPE}) AS found
         GROUP BY class_ref, grade ORDER BY class_ref
    """  # noqa: S608 - constants
    return fetch(session, DefaultScope, statement, {"school": school_id})


def list_unscoped(session: Session, school_id: int) -> list[str]:
    """Return the classes with students that have no scope while another class has one: nothing is assigned there."""
    statement = f"""
        SELECT ref FROM souschef.class
         WHERE school_id = :school AND {_ANY_SCOPE} AND {_WITH_STUDENTS}
           AND NOT EXISTS (SELECT FROM souschef.scope WHERE scope.class_id = class.id)
         ORDER BY ref
    """  # noqa: S608 - constants
    return list(execute(session, statement, {"school": school_id}).scalars())
