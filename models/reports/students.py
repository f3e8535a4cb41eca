"""All that is published of one student, as the LMS reads it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from learning.mastery.wording import Evidence, SkillStatus, skill_status
from learning.selection import AnswerCounts
from models.assignments.decision_inputs import recent_answers
from models.rows import execute, fetch_dict
from models.students.people import DISPLAY_NAME

_TOPICS = """
    SELECT topic.ref, topic.title FROM souschef.topic JOIN souschef.school ON school.id = topic.school_id
     WHERE school.ref = :school
"""


@dataclass(frozen=True, slots=True)
class NamedStatus:
    """How a student stands on a skill, as people read it."""

    title: str
    status: SkillStatus


def statuses(session: Session, student_id: int) -> dict[str, NamedStatus]:
    """Return how a student stands on each skill that is published of them, by the skill's ref."""
    statement = """
        SELECT skill.id, skill.ref, skill.title, gap.mastery, gap.target, gap.standing, gap.responses
          FROM souschef.skill_gap AS gap JOIN souschef.skill ON skill.id = gap.skill_id WHERE gap.student_id = :student
    """
    counts = recent_answers(session, [student_id])[student_id].counts
    found = {}
    for row in execute(session, statement, {"student": student_id}):
        last = counts.get(row.id, AnswerCounts(0, 0))
        evidence = Evidence(row.mastery, row.target, row.responses, right=last.correct, marked=last.total)
        found[row.ref] = NamedStatus(row.title, skill_status(row.standing, evidence))
    return found


def published(session: Session, student_id: int) -> dict[str, Any]:
    """Return all that is published of one student, through the views that the LMS reads."""
    state = execute(
        session,
        f"""
            SELECT person.ref, {DISPLAY_NAME} AS name,
                   school.ref AS school, coalesce(state.nothing_sentence, '') AS nothing_because,
                   coalesce(state.version, 0) AS version
              FROM souschef.person JOIN souschef.school ON school.id = person.school_id
              LEFT JOIN souschef.learner_state AS state ON state.student_id = person.id
             WHERE person.id = :student
        """,  # noqa: S608 - the expression is a constant
        {"student": student_id},
    ).one()
    found: dict[str, Any] = {
        "student_ref": state.ref,
        "name": state.name,
        "nothing_because": state.nothing_because,
        "version": state.version,
    }
    # A view has no ids: a school and a ref within it are one student.
    parameters, where = {"ref": state.ref, "school": state.school}, "student_ref = :ref AND school = :school"
    for view, order in (
        ("skill_gaps", "gap DESC, skill"),
        ("interests", "interest * confidence DESC, topic"),
        ("assignments", "slot, menu_position, assignment_id"),
    ):
        rows = execute(session, f"SELECT * FROM lms.{view} WHERE {where} ORDER BY {order}", parameters)  # noqa: S608 - both names are our own
        found[view] = [
            {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}
            for row in rows.mappings()
        ]
    found["topics"] = fetch_dict(session, _TOPICS, {"school": state.school})
    return found
