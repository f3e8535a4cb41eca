"""What a student's own page shows, and nothing of anybody else."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

from sqlalchemy import RowMapping
from sqlmodel import Session, col, func, select

from models.access import sources
from models.assignments import decision_inputs
from models.assignments.activity import MAY_DECLINE, ORDER_OF_WORK
from models.rows import among, execute
from models.tables import Fact, PageSession, Skill

LAST_ANSWERS = 8
"""How many answers a sentence counts."""
LIKED = 8
T = TypeVar("T")


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
_TASK = f"""
    SELECT a.id, a.slot, a.menu_position AS position, a.state, material.ref AS material, material.title, material.text,
           material.url, material.minutes, topic.title AS theme, topic.ref AS topic,
           coalesce(skill.student_title, skill.title) AS skill, a.reason,
           round(recent.points)::int AS right, recent.asked::int AS asked, material.language,
           ({MAY_DECLINE}) AS may_decline,
           (SELECT class.title FROM souschef.class
             WHERE class.id = a.class_id
               AND 1 < (SELECT count(*) FROM souschef.current_enrolment AS current
                         WHERE current.student_id = a.student_id)) AS class_title
      FROM souschef.assignment AS a
      JOIN souschef.material ON material.id = a.material_id
      JOIN souschef.skill ON skill.id = a.skill_id
      LEFT JOIN souschef.topic ON topic.school_id = a.school_id AND topic.ref = material.context
      CROSS JOIN LATERAL ({_RECENT.format(skill="a.skill_id")}) AS recent
     WHERE a.student_id = :student
"""  # noqa: S608 - our own


def header(session: Session, student: int) -> Header:
    """Return whose page it is."""
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
    row = execute(session, statement, {"student": student}).mappings().one()
    return _made(Header, row)


def open_tasks(session: Session, student: int) -> list[Task]:
    """Return what is open for a student, menu by menu; a proposal waits for a teacher and is not shown."""
    statement = f"""{_TASK} AND a.state IN ('assigned', 'started') ORDER BY {ORDER_OF_WORK}"""
    parameters = {"student": student, "last": LAST_ANSWERS}
    return [_made(Task, row) for row in execute(session, statement, parameters).mappings()]


def task(session: Session, student: int, assignment: int) -> Task | None:
    """Return one assignment of a student that was not withdrawn, or None."""
    statement = f"{_TASK} AND a.id = :assignment AND a.state IN ('assigned', 'started', 'done')"
    parameters = {"student": student, "assignment": assignment, "last": LAST_ANSWERS}
    row = execute(session, statement, parameters).mappings().one_or_none()
    return None if row is None else _made(Task, row)


def answer_of(session: Session, student: int, assignment: int) -> str | None:
    """Return the right answer to an assignment's material, for checking alone; None where it has none."""
    statement = """
        SELECT material.answer FROM souschef.assignment AS a JOIN souschef.material ON material.id = a.material_id
         WHERE a.id = :assignment AND a.student_id = :student
    """
    return execute(session, statement, {"student": student, "assignment": assignment}).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """One event of our own pages in the inbox."""

    id: int
    key: bytes
    payload: str
    is_pending: bool


def own_events(session: Session, school_id: int, keys: Sequence[bytes]) -> list[OwnEvent]:
    """Return those events of a school's own pages that are in the inbox, of these keys."""
    statement = """
        SELECT inbox.id, inbox.key, inbox.payload, inbox.state = 'pending' AS is_pending
          FROM souschef.inbox JOIN souschef.source ON source.id = inbox.source_id
         WHERE source.school_id = :school AND source.name = :pages AND inbox.key = ANY(CAST(:keys AS bytea[]))
    """
    rows = execute(session, statement, {"school": school_id, "pages": sources.PAGES, "keys": list(keys)})
    return [OwnEvent(row.id, bytes(row.key), row.payload, row.is_pending) for row in rows]


def skills(session: Session, student: int) -> list[SkillLine]:
    """Return where a student stands on the skills of the class, what needs work first."""
    statement = f"""
        SELECT skill.ref, coalesce(skill.student_title, skill.title) AS title,
               gap.standing, gap.mastery, gap.target, gap.responses, round(recent.points)::int AS right,
               recent.asked::int AS asked
          FROM souschef.skill_gap AS gap JOIN souschef.skill ON skill.id = gap.skill_id
          CROSS JOIN LATERAL ({_RECENT.format(skill="gap.skill_id")}) AS recent
         WHERE gap.student_id = :student ORDER BY gap.responses = 0, gap.gap DESC, skill.ref
    """  # noqa: S608 - our own
    parameters = {"student": student, "last": LAST_ANSWERS}
    return [_made(SkillLine, row) for row in execute(session, statement, parameters).mappings()]


def interests(session: Session, student: int) -> list[InterestLine]:
    """Return what is known of a student's interests, the surest liking first, refusals last."""
    statement = """
        SELECT topic.ref AS topic, topic.title, interest.value, interest.confidence, interest.vetoed
          FROM souschef.interest JOIN souschef.topic ON topic.id = interest.topic_id
         WHERE interest.student_id = :student
         ORDER BY interest.vetoed, interest.value * interest.confidence DESC, topic.ref LIMIT :most
    """
    rows = execute(session, statement, {"student": student, "most": LIKED}).mappings()
    return [_made(InterestLine, row) for row in rows]


def topics(session: Session, student: int) -> dict[str, str]:
    """Return the title of every topic of the student's school, by ref."""
    statement = """
        SELECT topic.ref, topic.title FROM souschef.topic JOIN souschef.person ON person.school_id = topic.school_id
         WHERE person.id = :student ORDER BY topic.title
    """
    return dict(execute(session, statement, {"student": student}).all())


def answer_count(session: Session, student: int) -> int:
    """Return how many answers of a student are stored."""
    is_answer = among(Fact.kind, ("item_result", "skill_result")), col(Fact.outcome).is_not(None)
    return session.exec(select(func.count()).where(Fact.student_id == student, *is_answer)).one()


def wish(session: Session, student: int) -> str | None:
    """Return the ref of the skill that a student wants next."""
    skill = decision_inputs.wishes(session, [student]).get(student)
    return None if skill is None else session.exec(select(Skill.ref).where(Skill.id == skill)).one_or_none()


def lock_session(session: Session, session_id: int) -> None:
    """Let one request of a page's session write at a time, so that a second click finds what the first one did."""
    session.exec(select(PageSession.id).where(PageSession.id == session_id).with_for_update()).one_or_none()


def _made(kind: type[T], row: RowMapping) -> T:
    return kind(**{each.name: row[each.name] for each in fields(kind)})  # type: ignore[arg-type] # a dataclass
