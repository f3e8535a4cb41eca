"""What the pages on overrides show: what may be ordered, for whom, what is in force, and what it has changed."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, func, select

from models.rows import execute, fetch
from models.students.people import DISPLAY_NAME
from models.tables import Feed, Topic


@dataclass(frozen=True, slots=True)
class ClassStudent:
    """One student of a class now."""

    id: int
    ref: str
    name: str


@dataclass(frozen=True, slots=True)
class SkillChoice:
    """One skill that an override, or the scope of the class, may name."""

    ref: str
    title: str
    is_open: bool
    """Whether the class works on it now."""


@dataclass(frozen=True, slots=True)
class MaterialChoice:
    """One material of a skill that is in use now."""

    ref: str
    title: str
    theme: str | None
    minutes: int


@dataclass(frozen=True, slots=True)
class OverrideLine:
    """One override, in the words of the page."""

    number: int
    key: str
    kind: str
    student_id: int | None
    name: str | None
    """Of the student; None is the whole class."""
    material: str | None
    skill: str | None
    author: str
    reason: str
    given_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    status: str
    """in force, ended or revoked; an approval is done."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One student's task that came or went since a moment."""

    student_id: int
    name: str
    title: str
    state: str
    reason: str
    at: dt.datetime


def class_students(session: Session, class_id: int) -> list[ClassStudent]:
    """Return who is in a class now, by name."""
    statement = f"""
        SELECT person.id, person.ref, {DISPLAY_NAME} AS name
          FROM souschef.current_enrolment AS current JOIN souschef.person ON person.id = current.student_id
         WHERE current.class_id = :class ORDER BY person.family_name, person.given_name, person.ref
    """  # noqa: S608 - our own
    return fetch(session, ClassStudent, statement, {"class": class_id})


def skills(session: Session, class_id: int) -> list[SkillChoice]:
    """Return the skills of the class's school, those that it works on now first."""
    statement = """
        SELECT skill.ref, skill.title, scope.class_id IS NOT NULL AS is_open
          FROM souschef.class
          JOIN souschef.skill ON skill.school_id = class.school_id
          LEFT JOIN souschef.scope ON scope.class_id = class.id AND scope.skill_id = skill.id
           AND coalesce(opens_at <= (SELECT souschef.clock()), true)
           AND coalesce(closes_at > (SELECT souschef.clock()), true)
         WHERE class.id = :class ORDER BY scope.class_id IS NULL, skill.ref
    """
    return fetch(session, SkillChoice, statement, {"class": class_id})


def materials(session: Session, school_id: int, skill: str) -> list[MaterialChoice]:
    """Return the materials that are in use now and practise a skill before all else, the easiest first."""
    statement = """
        SELECT material.ref, material.title, topic.title AS theme, material.minutes
          FROM souschef.skill
          JOIN souschef.material_skill AS link ON link.skill_id = skill.id AND link.position = 0
          JOIN souschef.material ON material.id = link.material_id
          LEFT JOIN souschef.topic ON topic.school_id = skill.school_id AND topic.ref = material.context
         WHERE skill.school_id = :school AND skill.ref = :skill
           AND coalesce(active_from <= (SELECT souschef.clock()), true)
           AND coalesce(active_until > (SELECT souschef.clock()), true)
         ORDER BY material.difficulty, material.title, material.ref
    """
    return fetch(session, MaterialChoice, statement, {"school": school_id, "skill": skill})


def overrides(session: Session, class_id: int, *, key: str | None = None) -> list[OverrideLine]:
    """Return the overrides in force for a class and its students, the newest first; or one by its key, ended or not."""
    statement = f"""
        SELECT * FROM (
          SELECT o.id AS number, o.key, o.kind, o.student_id,
                 CASE WHEN o.student_id IS NOT NULL THEN {DISPLAY_NAME} END AS name, material.title AS material,
                 skill.title AS skill, o.author, o.reason, o.given_at, o.expires_at, o.revoked_at,
                 CASE WHEN o.kind = 'approve' THEN 'done'
                      WHEN o.revoked_at IS NOT NULL THEN 'revoked'
                      WHEN o.expires_at <= (SELECT souschef.clock()) THEN 'ended' ELSE 'in force' END AS status
            FROM souschef.teacher_order AS o
            LEFT JOIN souschef.person ON person.id = o.student_id
            LEFT JOIN souschef.material ON material.id = o.material_id
            LEFT JOIN souschef.skill ON skill.id = o.skill_id
           WHERE o.class_id = :class OR o.student_id IN (
                 SELECT student_id FROM souschef.current_enrolment WHERE class_id = :class)) AS each
         WHERE CASE WHEN CAST(:key AS text) IS NULL THEN status = 'in force' ELSE key = :key END
         ORDER BY given_at DESC, number DESC
    """  # noqa: S608 - our own
    return fetch(session, OverrideLine, statement, {"class": class_id, "key": key})


def stored_events(session: Session, source_id: int, since_days: int = 1) -> list[tuple[str, str]]:
    """Return (state, payload) of the overrides from our pages that no worker has applied yet, the newest first."""
    statement = """
        SELECT state, payload FROM souschef.inbox
         WHERE source_id = :source AND kind = 'order' AND state <> 'done'
           AND received_at > (SELECT souschef.clock()) - make_interval(days => :days) ORDER BY id DESC
    """
    return [(row[0], row[1]) for row in execute(session, statement, {"source": source_id, "days": since_days})]


def moved(session: Session, students: Sequence[int], since: dt.datetime) -> list[Moved]:
    """Return which tasks of these students came or went since a moment, by name."""
    statement = f"""
        SELECT a.student_id, {DISPLAY_NAME} AS name, material.title, a.state, a.reason,
               CASE WHEN a.state = 'withdrawn' THEN a.ended_at ELSE a.assigned_at END AS at
          FROM souschef.assignment AS a
          JOIN souschef.person ON person.id = a.student_id
          JOIN souschef.material ON material.id = a.material_id
         WHERE a.student_id = ANY(CAST(:students AS bigint[])) AND a.menu_position = 0
           AND ((a.state <> 'withdrawn' AND a.assigned_at >= :since)
             OR (a.state = 'withdrawn' AND a.ended_at >= :since AND a.assigned_at < :since))
         ORDER BY name, a.student_id, a.state = 'withdrawn', a.slot, a.id
    """  # noqa: S608 - our own
    return fetch(session, Moved, statement, {"students": list(students), "since": since})


def due(session: Session, class_id: int) -> int:
    """Return how many students of a class a worker has still to decide for again."""
    statement = """
        SELECT count(*) FROM souschef.learner_state AS state
          JOIN souschef.current_enrolment AS current USING (student_id)
         WHERE current.class_id = :class AND state.refresh_due
    """
    return int(execute(session, statement, {"class": class_id}).scalar_one())


def number_of_the_feed(session: Session, school_id: int) -> int:
    """Return the number of the newest change: figures of one page are figures of it."""
    return session.exec(select(func.max(Feed.last_number)).where(Feed.school_id == school_id)).one() or 0


@dataclass(frozen=True, slots=True)
class Changed:
    """One task of a student of the class that changed after a number of the feed."""

    number: int
    student_id: int
    skill_id: int
    skill: str
    theme: str | None
    name: str
    title: str
    state: str
    reason: str
    because_gap: str
    because_interest: str
    at: dt.datetime


def changes(session: Session, class_id: int, seen: int) -> list[Changed]:
    """Return the tasks of a class's students that changed after a number of the feed, in the order of the feed."""
    statement = f"""
        SELECT DISTINCT ON (person.family_name, person.given_name, person.ref, a.id)
               change.number, person.id AS student_id, a.skill_id, skill.title AS skill, topic.title AS theme,
               {DISPLAY_NAME} AS name, material.title, change.state, a.reason,
               a.because_gap, a.because_interest, change.changed_at AS at
          FROM souschef.class
          JOIN souschef.change ON change.school_id = class.school_id AND change.number > :seen
           AND change.kind = 'assignment'
          JOIN souschef.current_enrolment AS current ON current.class_id = class.id
           AND current.student_id = change.student_id
          JOIN souschef.person ON person.id = change.student_id
          JOIN souschef.assignment AS a ON a.id = change.assignment_id AND a.menu_position = 0
          JOIN souschef.material ON material.id = a.material_id
          JOIN souschef.skill ON skill.id = a.skill_id
          LEFT JOIN souschef.topic ON topic.school_id = a.school_id AND topic.ref = material.context
         WHERE class.id = :class
         ORDER BY person.family_name, person.given_name, person.ref, a.id, change.number DESC
    """  # noqa: S608 - our own
    return fetch(session, Changed, statement, {"class": class_id, "seen": seen})


def topics(session: Session, school_id: int) -> dict[str, str]:
    """Return the title of every topic of a school, by ref."""
    return dict(session.exec(select(Topic.ref, Topic.title).where(Topic.school_id == school_id)).all())
