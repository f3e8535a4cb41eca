"""What a student's own page shows, and nothing of anybody else."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, func, select

from models.assignments import decision_inputs
from models.assignments.activity import MAY_DECLINE, ORDER_OF_WORK
from models.rows import among, execute, fetch
from models.tables import Fact
from models.together import Query

LAST_ANSWERS = 8
"""How many answers a sentence counts."""
LIKED = 8
REPLACED = ("better", "gap_first", "hold_limit", "interest_known", "H2.prerequisite", "H3.level", "H4.need")
"""Why a task was withdrawn (`selection.Trigger`, or a rule) only because another one fits better by now."""


@dataclass(frozen=True, slots=True)
class Task:
    """One assignment as its student sees it; its answer is read apart."""

    id: int
    slot: int
    position: int
    """In its menu; 0 is the one that Souschef would choose."""
    state: str
    material: str
    title: str
    text: str | None
    url: str
    minutes: int
    theme: str | None
    """The title of the topic that it is dressed in; None is no theme."""
    topic: str | None
    skill: str
    reason: str
    """The codes of why it was chosen."""
    right: int
    """How many of the student's last answers on the skill were right, of so many."""
    asked: int
    language: str
    may_decline: bool
    """Whether the student may ask for another one instead."""
    class_title: str | None
    """The class on whose list it is, where the student has several classes."""

    @property
    def is_replaced(self) -> bool:
        """Whether it was withdrawn, because another one fits better."""
        return self.state == "withdrawn"


@dataclass(frozen=True, slots=True)
class SkillLine:
    """Where the student stands on one skill, in no numbers but counted answers."""

    ref: str
    title: str
    standing: str
    mastery: float
    target: float
    """Both for the word of the status alone: a student reads no such number."""
    responses: int
    right: int
    asked: int


@dataclass(frozen=True, slots=True)
class InterestLine:
    """One topic that something is known of."""

    topic: str
    title: str
    value: float
    confidence: float
    vetoed: bool


@dataclass(frozen=True, slots=True)
class TopicLine:
    """One topic of the school."""

    ref: str
    title: str


@dataclass(frozen=True, slots=True)
class Wished:
    """The skill that a student wants next."""

    ref: str


@dataclass(frozen=True, slots=True)
class Header:
    """Whose page it is, and how fresh."""

    name: str
    class_title: str | None
    """Of the only class; None where there are several, and each task names its own."""
    evidence_until: dt.datetime | None
    nothing: str | None
    """Why there is no task, as a code."""
    language: str
    interests_enabled: bool


_RECENT = """
  SELECT coalesce(sum(outcome), 0)::float8 AS points, count(*) AS asked FROM (
    SELECT fact.outcome FROM souschef.fact
      LEFT JOIN souschef.alignment ON fact.skill_id IS NULL AND alignment.item_id = fact.item_id
     WHERE fact.student_id = :student AND fact.kind IN ('item_result', 'skill_result') AND fact.outcome IS NOT NULL
       AND fact.weight > 0 AND coalesce(fact.skill_id, alignment.skill_id) = {skill}
     ORDER BY fact.occurred_at DESC, fact.sequence DESC, fact.key DESC LIMIT :last) AS answers
"""
_TASK_COLUMNS = f"""
           a.id, a.slot, a.menu_position AS position, a.state, material.ref AS material, material.title, material.text,
           material.url, material.minutes, topic.title AS theme, topic.ref AS topic,
           coalesce(skill.student_title, skill.title) AS skill, a.reason,
           round(recent.points)::int AS right, recent.asked::int AS asked, material.language,
           ({MAY_DECLINE}) AS may_decline,
           (SELECT class.title FROM souschef.class
             WHERE class.id = a.class_id
               AND 1 < (SELECT count(*) FROM souschef.current_enrolment AS current
                         WHERE current.student_id = a.student_id)) AS class_title
"""  # noqa: S608 - our own
_TASK_TABLES = f"""
      FROM souschef.assignment AS a
      JOIN souschef.material ON material.id = a.material_id
      JOIN souschef.skill ON skill.id = a.skill_id
      LEFT JOIN souschef.topic ON topic.school_id = a.school_id AND topic.ref = material.context
      CROSS JOIN LATERAL ({_RECENT.format(skill="a.skill_id")}) AS recent
     WHERE a.student_id = :student
"""


def header(session: Session, student: int) -> Header:
    """Return whose page it is."""
    [found] = fetch(session, *header_query(student))
    return found


def header_query(student: int) -> Query[Header]:
    """Return the query for whose page it is: one row."""
    statement = """
        SELECT coalesce(person.given_name, person.ref) AS name, now_in.title AS class_title,
               (SELECT max(evidence_until) FROM souschef.skill_gap WHERE student_id = person.id) AS evidence_until,
               state.nothing, coalesce(person.language, school.language) AS language,
               person.interests_enabled AND school.interests_enabled AS interests_enabled
          FROM souschef.person
          JOIN souschef.school ON school.id = person.school_id
          LEFT JOIN souschef.learner_state AS state ON state.student_id = person.id
          LEFT JOIN LATERAL (
            SELECT min(class.title) AS title FROM souschef.current_enrolment AS current
              JOIN souschef.class ON class.id = current.class_id
             WHERE current.student_id = person.id HAVING count(*) = 1) AS now_in ON true
         WHERE person.id = :student
    """
    return Query(Header, statement, {"student": student})


def open_tasks_query(student: int) -> Query[Task]:
    """Return the query for what is open, menu by menu; a proposal waits for a teacher and is not shown."""
    statement = f"SELECT {_TASK_COLUMNS} {_TASK_TABLES} AND a.state IN ('assigned', 'started') ORDER BY {ORDER_OF_WORK}"
    return Query(Task, statement, {"student": student, "last": LAST_ANSWERS})


def task_and_answer(session: Session, student: int, assignment: int) -> tuple[Task, str | None] | None:
    """Return one assignment of a student, or None; and apart from it, its right answer."""
    return next(iter(fetch(session, *task_and_answer_query(student, assignment))), None)


def task_and_answer_query(student: int, assignment: int) -> Query[tuple[Task, str | None]]:
    """Return the query for one assignment of a student and, apart from it, its right answer: one row, or none.

    Of those that were withdrawn only what Souschef has replaced, for a student who was doing it already. The answer is
    for checking alone; None where the material has none.
    """
    statement = f"""
        SELECT material.answer, {_TASK_COLUMNS} {_TASK_TABLES}
           AND a.id = :assignment
           AND (a.state IN ('assigned', 'started', 'done') OR (a.state = 'withdrawn' AND a.reason = ANY(:replaced)))
    """
    parameters = {"student": student, "assignment": assignment, "last": LAST_ANSWERS, "replaced": list(REPLACED)}
    return Query(_apart, statement, parameters)


def _apart(answer: str | None, **columns: Any) -> tuple[Task, str | None]:  # noqa: ANN401 - the fields of a task
    return Task(**columns), answer


def skills(session: Session, student: int) -> list[SkillLine]:
    """Return where a student stands on the skills of the class, what needs work first."""
    return fetch(session, *skills_query(student))


def skills_query(student: int) -> Query[SkillLine]:
    """Return the query for where a student stands on each skill."""
    statement = f"""
        SELECT skill.ref, coalesce(skill.student_title, skill.title) AS title,
               gap.standing, gap.mastery, gap.target, gap.responses, round(recent.points)::int AS right,
               recent.asked::int AS asked
          FROM souschef.skill_gap AS gap JOIN souschef.skill ON skill.id = gap.skill_id
          CROSS JOIN LATERAL ({_RECENT.format(skill="gap.skill_id")}) AS recent
         WHERE gap.student_id = :student ORDER BY gap.responses = 0, gap.gap DESC, skill.ref
    """  # noqa: S608 - our own
    return Query(SkillLine, statement, {"student": student, "last": LAST_ANSWERS})


def interests(session: Session, student: int) -> list[InterestLine]:
    """Return what is known of a student's interests, the surest liking first, refusals last."""
    return fetch(session, *interests_query(student))


def interests_query(student: int) -> Query[InterestLine]:
    """Return the query for what is known of a student's interests."""
    statement = """
        SELECT topic.ref AS topic, topic.title, interest.value, interest.confidence, interest.vetoed
          FROM souschef.interest JOIN souschef.topic ON topic.id = interest.topic_id
         WHERE interest.student_id = :student
         ORDER BY interest.vetoed, interest.value * interest.confidence DESC, topic.ref LIMIT :most
    """
    return Query(InterestLine, statement, {"student": student, "most": LIKED})


def topics_query(student: int) -> Query[TopicLine]:
    """Return the query for every topic of the student's school."""
    statement = """
        SELECT topic.ref, topic.title FROM souschef.topic JOIN souschef.person ON person.school_id = topic.school_id
         WHERE person.id = :student ORDER BY topic.title
    """
    return Query(TopicLine, statement, {"student": student})


def answer_count(session: Session, student: int) -> int:
    """Return how many answers of a student are stored."""
    is_answer = among(Fact.kind, ("item_result", "skill_result")), col(Fact.outcome).is_not(None)
    return session.exec(select(func.count()).where(Fact.student_id == student, *is_answer)).one()


def wish_query(student: int) -> Query[Wished]:
    """Return the query for the skill that a student wants next: one row, or none."""
    statement = f"""
        SELECT skill.ref FROM ({decision_inputs.WISHES}) AS wish JOIN souschef.skill ON skill.id = wish.skill_id
         WHERE wish.stands
    """  # noqa: S608 - our own
    return Query(Wished, statement, {"students": [student], "days": decision_inputs.WISH_DAYS})


def lock_session(session: Session, session_id: int) -> None:
    """Let one request of a page's session write at a time, so that a second click finds what the first one did."""
    execute(session, *lock_query(session_id)[1:])


def lock_query(session_id: int) -> Query[int]:
    """Return the statement of `lock_session`."""
    return Query(int, "SELECT id FROM souschef.page_session WHERE id = :id FOR UPDATE", {"id": session_id})
