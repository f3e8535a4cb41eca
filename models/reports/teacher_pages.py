"""What a teacher's pages show beside the class report: who waits for the teacher, and the evidence behind numbers."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import RowMapping
from sqlmodel import Session

from learning.mastery.wording import Evidence, SkillStatus, skill_status
from learning.selection import Policy
from models.reports.explanations import price_of_interest
from models.reports.skill_evidence import PublishedGap, status_for
from models.rows import execute, fetch_groups, load_sql
from models.students.people import DISPLAY_NAME

WRONG_IN_A_ROW = 3
"""So many wrong answers in a row, and a student is stuck."""
DAYS = 7
"""How long a request for help, or being stuck, waits on the page."""
LAST_ANSWERS = 8
"""As many as the words for a skill rest on."""
LAST_CHANGES = 30
CANVAS_ANSWERS = 50
"""More than a decaying average can show: the one before them all weighs nothing."""
T = TypeVar("T")


class Why(StrEnum):
    """Why a student waits for the teacher."""

    HELP = "help"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One student who waits for the teacher."""

    student_id: int
    name: str
    why: Why
    at: dt.datetime
    about: str | None
    """The task that help was asked with."""


@dataclass(frozen=True, slots=True)
class ClassHeader:
    """Which class it is, and how fresh the page is."""

    title: str
    students: int
    evidence_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StudentHeader:
    """Which student of the class it is."""

    id: int
    ref: str
    name: str
    grade: float | None
    nothing: str | None
    """Why there is no task, as a code."""


@dataclass(frozen=True, slots=True)
class PastAssignment:
    """One task that a student was given, with its reasons and what became of it."""

    id: int
    skill_id: int
    title: str
    skill: str
    theme: str | None
    state: str
    because_gap: str
    because_interest: str
    reason: str
    outcome: float | None
    assigned_at: dt.datetime
    ended_at: dt.datetime | None
    class_title: str | None
    """The class on whose list it was, where the student has several classes."""
    price: float
    """The price of interest, in [0, 1]: the share of the best skill value that was given up for the theme."""


def class_header(session: Session, class_id: int) -> ClassHeader:
    """Return which class it is."""
    statement = """
        SELECT class.title, count(DISTINCT current.student_id)::int AS students,
               max(gap.evidence_until) AS evidence_until
          FROM souschef.class
          LEFT JOIN souschef.current_enrolment AS current ON current.class_id = class.id
          LEFT JOIN souschef.skill_gap AS gap ON gap.student_id = current.student_id
         WHERE class.id = :class GROUP BY class.title
    """
    return _made(ClassHeader, execute(session, statement, {"class": class_id}).mappings().one())


def waiting(session: Session, class_id: int) -> list[Waiting]:
    """Return who asked for help and has got nothing right since, and who is stuck; the longest waiting first."""
    statement = load_sql("waiting_students", display_name=DISPLAY_NAME)
    parameters = {"class": class_id, "days": DAYS, "wrong": WRONG_IN_A_ROW}
    rows = execute(session, statement, parameters).mappings()
    return [Waiting(row["student_id"], row["name"], Why(row["why"]), row["at"], row["about"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Declined:
    """One task that a student has asked to swap, and why."""

    student_id: int
    name: str
    title: str
    why: str
    at: dt.datetime


def declined(session: Session, class_id: int) -> list[Declined]:
    """Return the tasks that students of a class have declined in the last days, the latest first."""
    statement = f"""
        SELECT person.id AS student_id, {DISPLAY_NAME} AS name,
               coalesce(material.title, '') AS title, coalesce(fact.value ->> 'why', 'other') AS why,
               fact.occurred_at AS at
          FROM souschef.current_enrolment AS current
          JOIN souschef.person ON person.id = current.student_id
          JOIN souschef.fact ON fact.student_id = person.id AND fact.kind = 'assignment_declined'
          LEFT JOIN souschef.material ON material.id = (fact.value ->> 'material')::bigint
         WHERE current.class_id = :class
           AND fact.occurred_at > (SELECT souschef.clock()) - make_interval(days => :days)
         ORDER BY fact.occurred_at DESC, fact.id
    """  # noqa: S608 - the expression is a constant
    rows = execute(session, statement, {"class": class_id, "days": DAYS}).mappings()
    return [_made(Declined, row) for row in rows]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The first task of a student that waits until a teacher approves it."""

    student_id: int
    ref: str
    name: str
    title: str


def proposals(session: Session, class_id: int) -> list[Proposal]:
    """Return for each student of a class with a proposal the first one, wherever on the list it stands."""
    statement = f"""
        SELECT person.id AS student_id, person.ref,
               {DISPLAY_NAME} AS name, proposed.title
          FROM souschef.current_enrolment AS current
          JOIN souschef.person ON person.id = current.student_id
          CROSS JOIN LATERAL (
            SELECT material.title FROM souschef.assignment AS a JOIN souschef.material ON material.id = a.material_id
             WHERE a.student_id = person.id AND a.state = 'proposed' AND a.menu_position = 0
               AND coalesce(a.class_id, :class) = :class ORDER BY a.slot LIMIT 1) AS proposed
         WHERE current.class_id = :class ORDER BY person.family_name, person.given_name, person.ref
    """  # noqa: S608 - a constant
    return [_made(Proposal, row) for row in execute(session, statement, {"class": class_id}).mappings()]


def student_header(session: Session, class_id: int, student_id: int) -> StudentHeader | None:
    """Return a student of a class; None where nobody in it has this id."""
    statement = f"""
        SELECT person.id, person.ref, {DISPLAY_NAME} AS name, person.grade,
               coalesce(state.carry #>> ARRAY['lists', CAST(CAST(:class AS bigint) AS text), 'nothing'],
                        state.nothing) AS nothing
          FROM souschef.current_enrolment AS current
          JOIN souschef.person ON person.id = current.student_id
          LEFT JOIN souschef.learner_state AS state ON state.student_id = person.id
         WHERE current.class_id = :class AND person.id = :student
    """  # noqa: S608 - the expression is a constant
    parameters = {"class": class_id, "student": student_id}
    row = execute(session, statement, parameters).mappings().one_or_none()
    return None if row is None else _made(StudentHeader, row)


def past_assignments(session: Session, student_id: int) -> list[PastAssignment]:
    """Return the last tasks that a student was given, the newest first; of a menu the one that counted."""
    statement = """
        SELECT a.id, a.skill_id, material.title, skill.title AS skill, topic.title AS theme, a.state, a.because_gap,
               a.because_interest, a.reason, a.outcome, a.assigned_at, a.ended_at, a.slot, decision.record,
               (SELECT class.title FROM souschef.class
                 WHERE class.id = a.class_id
                   AND 1 < (SELECT count(*) FROM souschef.current_enrolment AS current
                             WHERE current.student_id = a.student_id)) AS class_title
          FROM souschef.assignment AS a
          JOIN souschef.material ON material.id = a.material_id
          JOIN souschef.skill ON skill.id = a.skill_id
          JOIN souschef.decision ON decision.id = a.decision_id
          LEFT JOIN souschef.topic ON topic.school_id = a.school_id AND topic.ref = material.context
         WHERE a.student_id = :student AND (a.menu_position = 0 OR a.attempted_at IS NOT NULL)
         ORDER BY a.id DESC LIMIT :most
    """
    rows = execute(session, statement, {"student": student_id, "most": LAST_CHANGES}).mappings()
    names = [each.name for each in fields(PastAssignment) if each.name != "price"]
    return [
        PastAssignment(**{name: row[name] for name in names}, price=price_of_interest(row["record"], row["slot"]))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Dot:
    """Where a student stands on one skill."""

    mastery: float
    status: SkillStatus


@dataclass(frozen=True, slots=True)
class Strip:
    """A student's skills that there are answers on, as dots on a line with the goal."""

    target: float
    skills: tuple[Dot, ...]


def strips(
    session: Session, class_id: int, policy: Policy, answers: Mapping[tuple[int, int], Sequence[float]]
) -> dict[int, Strip]:
    """Return the skills of each student of a class, by the student's id: those in its scope, by its own goal.

    `policy` is the class's, `answers` are the `last_answers`.
    """
    statement = """
        SELECT gap.student_id, gap.skill_id, gap.mastery, gap.low, gap.high, gap.standing AS status, gap.target,
               gap.responses
          FROM souschef.skill_gap AS gap JOIN souschef.current_enrolment AS current USING (student_id)
         WHERE current.class_id = :class AND gap.responses > 0
           AND (NOT EXISTS (SELECT FROM souschef.scope WHERE class_id = :class)
                OR EXISTS (SELECT FROM souschef.scope WHERE class_id = :class AND scope.skill_id = gap.skill_id))
         ORDER BY gap.student_id, gap.mastery, gap.skill_id
    """
    found: dict[int, list[Dot]] = {}
    for student, gap in fetch_groups(session, PublishedGap, statement, {"class": class_id}):
        last = answers.get((student, gap.skill_id), ())[:LAST_ANSWERS]
        evidence = Evidence(gap.mastery, policy.mastery_target, gap.responses, right=round(sum(last)), marked=len(last))
        dot = Dot(gap.mastery, skill_status(status_for(gap, policy), evidence))
        found.setdefault(student, []).append(dot)
    return {student: Strip(policy.mastery_target, tuple(dots)) for student, dots in found.items()}


def last_answers(session: Session, students: Sequence[int]) -> dict[tuple[int, int], tuple[float, ...]]:
    """Return the outcomes of each (student, skill), the latest first, at most `CANVAS_ANSWERS` of them.

    They are what a sentence counts, and what a gradebook's own averages are made from.
    """
    statement = """
        SELECT student, skill_id,
               (array_agg(outcome ORDER BY occurred_at DESC, sequence DESC, key DESC))[1:CAST(:most AS integer)]
          FROM unnest(CAST(:students AS bigint[])) AS student
          CROSS JOIN LATERAL (
            SELECT coalesce(fact.skill_id, alignment.skill_id) AS skill_id, outcome, occurred_at, sequence, key
              FROM souschef.fact
              LEFT JOIN souschef.alignment ON fact.skill_id IS NULL AND alignment.item_id = fact.item_id
             WHERE fact.student_id = student AND fact.kind IN ('item_result', 'skill_result')
               AND fact.outcome IS NOT NULL AND fact.weight > 0) AS each
         WHERE skill_id IS NOT NULL GROUP BY student, skill_id
    """
    parameters = {"students": list(students), "most": CANVAS_ANSWERS}
    rows = execute(session, statement, parameters).all()
    return {(student, skill): tuple(outcomes) for student, skill, outcomes in rows}


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Of one open assignment: its skill and theme, and since when it is open."""

    skill_id: int
    skill: str
    theme: str | None
    assigned_at: dt.datetime


def open_tasks(session: Session, assignments: Collection[int]) -> dict[int, OpenTask]:
    """Return these assignments by their ids."""
    statement = """
        SELECT a.id, a.skill_id, skill.title AS skill, topic.title AS theme, a.assigned_at
          FROM souschef.assignment AS a
          JOIN souschef.skill ON skill.id = a.skill_id
          JOIN souschef.material ON material.id = a.material_id
          LEFT JOIN souschef.topic ON topic.school_id = a.school_id AND topic.ref = material.context
         WHERE a.id = ANY(CAST(:ids AS bigint[]))
    """
    return dict(fetch_groups(session, OpenTask, statement, {"ids": list(assignments)}))


def _made(kind: type[T], row: RowMapping) -> T:
    return kind(**{each.name: row[each.name] for each in fields(kind)})  # type: ignore[arg-type] # a dataclass
