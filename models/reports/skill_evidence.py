"""What is believed of each skill of a student, by the goal of each class, with the answers behind it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import RowMapping
from sqlmodel import Session

from learning.mastery.beliefs import gap_status_between
from learning.selection import Policy
from models.assignments.decision_inputs import class_policies
from models.rows import execute

LAST_ANSWERS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer behind a number."""

    at: dt.datetime
    outcome: float
    what: str
    """The material's title, or the LMS's name of the question."""
    is_practice: bool
    """A second try: kept, and not counted."""


@dataclass(frozen=True, slots=True)
class SkillGoal:
    """What one class of the student asks for on a skill, and where the student stands by that."""

    class_title: str
    target: float
    status: str


@dataclass(frozen=True, slots=True)
class SkillEvidence:
    """One skill of a student: what is believed, and the answers behind it, the latest first."""

    id: int
    title: str
    status: str
    """By the goal of the class whose page it is; of another class's skill, by the highest goal."""
    level: str
    mastery: float
    low: float
    high: float
    target: float
    responses: int
    answers: tuple[Answer, ...]
    goals: tuple[SkillGoal, ...]
    """Of each class that works on the skill now, the page's own first; empty where the student has one class."""


@dataclass(frozen=True, slots=True)
class _ClassList:
    id: int
    title: str
    skills: frozenset[int]
    policy: Policy


@dataclass(frozen=True, slots=True)
class PublishedGap:
    """What is published of one skill of a student."""

    skill_id: int
    mastery: float
    low: float
    high: float
    status: str
    """By its target."""
    target: float
    responses: int


def status_for(gap: PublishedGap, policy: Policy) -> str:
    """Return the status of a published skill gap by a policy whose target may be another than its own."""
    target = policy.mastery_target
    if gap.target == target:
        return gap.status
    return gap_status_between(gap.low, gap.high, target, likely=policy.likely_gap, sure=policy.gap_confidence).value


def evidence(session: Session, student_id: int, *, school_id: int, class_id: int) -> list[SkillEvidence]:
    """Return what is believed of each skill, what needs work first, as a page of this class shows it."""
    statement = """
        SELECT skill.id, skill.title, gap.standing AS status, gap.level, gap.mastery, gap.low, gap.high, gap.target,
               gap.responses
          FROM souschef.skill_gap AS gap JOIN souschef.skill ON skill.id = gap.skill_id
         WHERE gap.student_id = :student ORDER BY gap.responses = 0, gap.gap DESC, skill.ref
    """
    lists = _class_lists(session, school_id, student_id, first=class_id)
    answers = _answers(session, student_id)
    rows = execute(session, statement, {"student": student_id}).mappings().all()
    return [_evidence(row, lists, class_id, tuple(answers.get(row["id"], ()))) for row in rows]


def _evidence(
    row: RowMapping, lists: Sequence[_ClassList], class_id: int, answers: tuple[Answer, ...]
) -> SkillEvidence:
    gap = PublishedGap(row["id"], **{each.name: row[each.name] for each in fields(PublishedGap) if each.name in row})
    asking = [each for each in lists if gap.skill_id in each.skills]
    own = next((each for each in asking if each.id == class_id), None)
    columns = {each.name: row[each.name] for each in fields(SkillEvidence) if each.name in row}
    if own is not None:
        columns |= {"target": own.policy.mastery_target, "status": status_for(gap, own.policy)}
    goals = [SkillGoal(each.title, each.policy.mastery_target, status_for(gap, each.policy)) for each in asking]
    return SkillEvidence(**columns, answers=answers, goals=tuple(goals) if len(lists) > 1 else ())


def _class_lists(session: Session, school_id: int, student_id: int, *, first: int) -> list[_ClassList]:
    """Return the classes of a student that give a list, `first` before the others."""
    statement = """
        SELECT class.id, class.title FROM souschef.current_enrolment AS current
          JOIN souschef.class ON class.id = current.class_id
         WHERE current.student_id = :student ORDER BY class.id <> :first, class.title, class.id
    """
    titles = dict(execute(session, statement, {"student": student_id, "first": first}).all())
    policies = class_policies(session, school_id, titles)
    return [
        _ClassList(number, title, frozenset(found.scope.due), found.policy)
        for number, title in titles.items()
        if (found := policies[number]).scope is not None and found.has_list
    ]


def _answers(session: Session, student_id: int) -> dict[int, list[Answer]]:
    statement = """
        SELECT skill_id, occurred_at AS at, outcome, what, is_practice FROM (
          SELECT coalesce(fact.skill_id, alignment.skill_id) AS skill_id, fact.occurred_at, fact.outcome,
                 coalesce(material.title, item.ref, 'a skill result') AS what, fact.weight = 0 AS is_practice,
                 row_number() OVER (PARTITION BY coalesce(fact.skill_id, alignment.skill_id)
                   ORDER BY fact.occurred_at DESC, fact.sequence DESC, fact.key DESC) AS place
            FROM souschef.fact
            LEFT JOIN souschef.alignment ON fact.skill_id IS NULL AND alignment.item_id = fact.item_id
            LEFT JOIN souschef.item ON item.id = fact.item_id
            LEFT JOIN souschef.material ON material.id = (fact.value ->> 'material')::bigint
           WHERE fact.student_id = :student AND fact.kind IN ('item_result', 'skill_result')
             AND fact.outcome IS NOT NULL) AS answers
         WHERE skill_id IS NOT NULL AND place <= :most ORDER BY skill_id, place
    """
    found: dict[int, list[Answer]] = {}
    rows = execute(session, statement, {"student": student_id, "most": LAST_ANSWERS}).mappings()
    for row in rows:
        answer = Answer(**{each.name: row[each.name] for each in fields(Answer)})
        found.setdefault(row["skill_id"], []).append(answer)
    return found
