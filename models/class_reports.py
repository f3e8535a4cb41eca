"""What a teacher reads of a class as a whole: who could work together, and what the catalogue lacks for them."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from learning.selection.groups import Seat

IN_CLASS = """
    (CAST(:school AS text) IS NULL OR school.ref = :school)
    AND (CAST(:class AS text) IS NULL OR EXISTS (
      SELECT FROM souschef.enrolment JOIN souschef.class ON class.id = enrolment.class_id
       WHERE enrolment.person_id = person.id AND class.ref = :class
         AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (SELECT souschef.clock()))))
"""


@dataclass(frozen=True, slots=True)
class Titles:
    """What refs are called; a theme is called by its own name."""

    students: dict[str, str]
    skills: dict[str, str]
    materials: dict[str, str]


def seats(session: Session, class_ref: str, *, school: str | None = None) -> tuple[list[Seat], Titles]:
    """Return what lies open on the menus of a class, and what all of it is called; a student's ref stands for all."""
    statement = text(f"""
        SELECT person.ref, coalesce(concat_ws(' ', person.given_name, person.family_name), person.ref),
               skill.ref, skill.title, coalesce(material.context, ''), material.ref, material.title,
               coalesce(gap.mastery, 0), open.menu_position
          FROM souschef.assignment AS open
          JOIN souschef.person ON person.id = open.student_id
          JOIN souschef.school ON school.id = person.school_id
          JOIN souschef.material ON material.id = open.material_id
          JOIN souschef.skill ON skill.id = open.skill_id
          LEFT JOIN souschef.skill_gap AS gap ON gap.student_id = person.id AND gap.skill_id = skill.id
         WHERE open.state IN ('proposed', 'assigned', 'started') AND person.active AND {IN_CLASS}
         ORDER BY person.ref, open.slot, open.menu_position
    """)  # noqa: S608 - the condition is our own
    found, titles = [], Titles({}, {}, {})
    rows = session.connection().execute(statement, {"school": school, "class": class_ref})
    for student, name, skill, title, context, material, called, mastery, place in rows:
        found.append(Seat(student, skill, context, material, mastery, place))
        titles.students[student], titles.skills[skill], titles.materials[material] = name, title, called
    return found, titles


@dataclass(frozen=True, slots=True)
class CatalogueGap:
    """A material worth adding: a skill in a theme that students want and the catalogue lacks for them."""

    rank: int
    """1 is the one that would help most: by students x price."""
    school: str
    skill: str
    title: str
    context: str
    """The theme wanted; "" where no material of the skill fits at all."""
    students: int
    price: float
    """Interest that each of them forgoes on average, in [0, 1]; 1 where nothing fits."""


def catalogue_gaps(session: Session, *, school: str | None = None, class_ref: str | None = None) -> list[CatalogueGap]:
    """Return what the catalogue lacks, what would help most first; ranked within each school as the LMS reads it."""
    statement = text(f"""
        SELECT rank() OVER (PARTITION BY school.id ORDER BY sum(need.price) DESC, skill.ref, need.context),
               school.ref, skill.ref, skill.title, need.context, count(*), avg(need.price)
          FROM souschef.catalogue_need AS need
          JOIN souschef.person ON person.id = need.student_id
          JOIN souschef.school ON school.id = need.school_id
          JOIN souschef.skill ON skill.id = need.skill_id
         WHERE {IN_CLASS}
         GROUP BY school.id, school.ref, skill.ref, skill.title, need.context
         ORDER BY sum(need.price) DESC, school.ref, skill.ref, need.context
    """)  # noqa: S608 - the condition is our own
    rows = session.connection().execute(statement, {"school": school, "class": class_ref})
    return [CatalogueGap(*row) for row in rows]


def known(session: Session, *, school: str | None = None, class_ref: str | None = None) -> bool:
    """Return whether there is such a school, and such a class in it, where they are named."""
    statement = text("""
        SELECT EXISTS (SELECT FROM souschef.school WHERE (CAST(:school AS text) IS NULL OR ref = :school)
          AND (CAST(:class AS text) IS NULL OR EXISTS (
            SELECT FROM souschef.class WHERE class.school_id = school.id AND class.ref = :class)))
    """)
    return bool(session.connection().execute(statement, {"school": school, "class": class_ref}).scalar_one())
