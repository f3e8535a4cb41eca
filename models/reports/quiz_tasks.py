"""The tasks of a class that could be questions of a quiz: in use now, with a text and an answer."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlmodel import Session, select

from models.assignments.decision_inputs import class_policies
from models.rows import among, fetch
from models.tables import Skill


@dataclass(frozen=True, slots=True)
class QuizTask:
    """One task with its answer."""

    material: str
    item: str
    """How the LMS names its question: the first of its items, else its own ref."""
    title: str
    text: str
    answer: str
    skill: str
    """The skill that it practises before all else."""
    skill_title: str
    skills: tuple[str, ...]
    """All that it practises."""
    difficulty: float


def open_skills(session: Session, school_id: int, class_id: int) -> list[str]:
    """Return the refs of the skills that a class works on now."""
    scope = class_policies(session, school_id, [class_id])[class_id].scope
    is_open = among(Skill.id, scope.due if scope else ())
    return list(session.exec(select(Skill.ref).where(is_open).order_by(Skill.ref)))


def quiz_tasks(session: Session, school_id: int, skills: Collection[str]) -> list[QuizTask]:
    """Return the tasks of these skills, by skill, the easiest first."""
    statement = """
        SELECT material.ref AS material, material.title, material.text, material.answer, material.difficulty,
               coalesce((SELECT min(name) FROM souschef.alias
                          WHERE alias.school_id = material.school_id AND kind = 'material_item'
                            AND target_id = material.id), material.ref) AS item,
               first.ref AS skill, first.title AS skill_title,
               (SELECT array_agg(skill.ref ORDER BY link.position) FROM souschef.material_skill AS link
                  JOIN souschef.skill ON skill.id = link.skill_id WHERE link.material_id = material.id) AS skills
          FROM souschef.material
          JOIN souschef.material_skill AS main ON main.material_id = material.id AND main.position = 0
          JOIN souschef.skill AS first ON first.id = main.skill_id
         WHERE material.school_id = :school AND first.ref = ANY(CAST(:skills AS text[]))
           AND coalesce(material.text, '') <> '' AND coalesce(material.answer, '') <> ''
           AND coalesce(active_from <= (SELECT souschef.clock()), true)
           AND coalesce(active_until > (SELECT souschef.clock()), true)
         ORDER BY first.ref, material.difficulty, material.ref
    """
    rows = fetch(session, QuizTask, statement, {"school": school_id, "skills": list(skills)})
    return [replace(row, skills=tuple(row.skills)) for row in rows]
