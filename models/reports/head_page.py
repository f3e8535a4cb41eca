"""What a head's page shows: how fresh everything is, and the numbers of whole classes; no student is named."""

import datetime as dt
from dataclasses import dataclass

from sqlmodel import Session

from models.rows import fetch

MOST = 10


@dataclass(frozen=True, slots=True)
class SchoolFreshness:
    """How current a school's figures are."""

    name: str
    last_event_at: dt.datetime | None
    last_refresh_at: dt.datetime | None
    backlog: int
    """Events that wait for a worker."""
    stale: int
    """Students who are due to be decided for again."""


@dataclass(frozen=True, slots=True)
class ClassNumbers:
    """One class that has students now, in numbers."""

    ref: str
    title: str
    students: int
    with_task: int
    with_gap: int
    asked_for_help: int
    """In the last week."""
    missing: int
    """Materials worth adding."""
    evidence_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class SkillGapCount:
    """One skill, and how many students have a known gap in it."""

    ref: str
    title: str
    students: int


def freshness(session: Session, school_id: int) -> SchoolFreshness:
    """Return how current a school's figures are."""
    statement = """
        SELECT school.name,
               (SELECT max(received_at) FROM souschef.inbox WHERE inbox.school_id = school.id) AS last_event_at,
               (SELECT max(refreshed_at) FROM souschef.learner_state AS state
                 WHERE state.school_id = school.id) AS last_refresh_at,
               (SELECT count(*) FROM souschef.inbox
                 WHERE inbox.school_id = school.id AND inbox.state = 'pending') AS backlog,
               (SELECT count(*) FROM souschef.learner_state AS state
                 WHERE state.school_id = school.id AND state.refresh_due) AS stale
          FROM souschef.school WHERE school.id = :school
    """
    return fetch(session, SchoolFreshness, statement, {"school": school_id})[0]


def class_numbers(session: Session, school_id: int) -> list[ClassNumbers]:
    """Return the classes of a school that have students now."""
    statement = """
        SELECT class.ref, class.title, count(*)::int AS students,
               count(*) FILTER (WHERE EXISTS (SELECT FROM souschef.assignment AS a
                 WHERE a.student_id = current.student_id AND a.state IN ('assigned', 'started')
                   AND coalesce(a.class_id, class.id) = class.id))::int AS with_task,
               count(*) FILTER (WHERE EXISTS (SELECT FROM souschef.skill_gap AS gap
                 WHERE gap.student_id = current.student_id AND gap.standing = 'gap'))::int AS with_gap,
               count(*) FILTER (WHERE EXISTS (SELECT FROM souschef.fact
                 WHERE fact.student_id = current.student_id AND fact.kind = 'help_requested'
                   AND fact.occurred_at > (SELECT souschef.clock()) - interval '7 days'))::int AS asked_for_help,
               (SELECT count(DISTINCT (need.skill_id, need.context)) FROM souschef.catalogue_need AS need
                  JOIN souschef.current_enrolment AS theirs ON theirs.student_id = need.student_id
                 WHERE theirs.class_id = class.id)::int AS missing,
               (SELECT max(gap.evidence_until) FROM souschef.skill_gap AS gap
                  JOIN souschef.current_enrolment AS theirs ON theirs.student_id = gap.student_id
                 WHERE theirs.class_id = class.id) AS evidence_until
          FROM souschef.class JOIN souschef.current_enrolment AS current ON current.class_id = class.id
         WHERE class.school_id = :school GROUP BY class.id, class.ref, class.title ORDER BY class.title, class.ref
    """
    return fetch(session, ClassNumbers, statement, {"school": school_id})


def skill_gaps(session: Session, school_id: int) -> list[SkillGapCount]:
    """Return the skills in which most students of a school have a known gap."""
    statement = """
        SELECT skill.ref, skill.title, count(*)::int AS students
          FROM souschef.skill_gap AS gap
          JOIN souschef.skill ON skill.id = gap.skill_id
          JOIN souschef.person ON person.id = gap.student_id AND person.active
         WHERE skill.school_id = :school AND gap.standing = 'gap'
         GROUP BY skill.ref, skill.title ORDER BY students DESC, skill.ref LIMIT :most
    """
    return fetch(session, SkillGapCount, statement, {"school": school_id, "most": MOST})
