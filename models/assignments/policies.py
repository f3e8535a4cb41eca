"""Policies and scopes as teachers set them: settings of a school or a class, and the skills open to a class."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import update
from sqlmodel import Session, col, select

from learning.selection.policy import widened_band
from models.rows import change, execute, fetch
from models.students import states
from models.tables import Policy, Scope


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The settings of a school, or those of a class, which override the school's."""

    document: Mapping[str, Any] = field(default_factory=dict)
    until: Mapping[str, str] = field(default_factory=dict)
    """When a setting ends, as ISO 8601; one without an entry stays."""
    set_by: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By setting: `author` and `reason` of who set it."""


@dataclass(frozen=True, slots=True)
class OpenSkill:
    """One skill in a class's scope."""

    class_ref: str
    skill: str
    title: str
    opens_at: dt.datetime | None
    closes_at: dt.datetime | None
    due_at: dt.datetime | None
    author: str
    reason: str
    standing: str
    """open, later or closed."""


def owners_of_narrow_bands(session: Session) -> list[tuple[str, str]]:
    """Return (school, class; "" is the school's own) of each policy whose relaxed band is wider in force than stored.

    In force is what it is with the school's settings (`Policy.from_stored`).
    """
    statement = """
        SELECT school.ref AS school, coalesce(class.ref, '') AS class_ref,
               coalesce(of_school.document, '{}') || policy.document AS document
          FROM souschef.policy JOIN souschef.school ON school.id = policy.school_id
          LEFT JOIN souschef.class ON class.id = policy.class_id
          LEFT JOIN souschef.policy AS of_school
            ON of_school.school_id = policy.school_id AND of_school.class_id IS NULL
         ORDER BY school.ref, class.ref NULLS FIRST
    """
    return [(row.school, row.class_ref) for row in execute(session, statement) if widened_band(row.document)]


def load_policy(session: Session, school_id: int, class_id: int | None, *, lock: bool = False) -> PolicyDocument:
    """Return the settings of a class, or of the school where `class_id` is None, without those that have ended."""
    statement = f"""
        SELECT document - ended AS document, until - ended AS until, set_by, author, reason FROM souschef.policy,
               LATERAL (SELECT ARRAY(SELECT key FROM jsonb_each_text(until)
                                      WHERE CAST(value AS timestamptz) <= (SELECT souschef.clock())) AS ended) AS each
         WHERE school_id = :school AND class_id IS NOT DISTINCT FROM CAST(:class AS bigint)
        {"FOR UPDATE OF policy" if lock else ""}
    """  # noqa: S608 - both ends are constants
    row = execute(session, statement, {"school": school_id, "class": class_id}).one_or_none()
    if row is None:
        return PolicyDocument()
    # Before migration 0014 a row had one author and one reason for all its settings.
    last = {"author": row.author, "reason": row.reason}
    set_by = {name: row.set_by.get(name, last) for name in row.document}
    return PolicyDocument(row.document, row.until, set_by)


def save_policy(
    session: Session, school_id: int, class_id: int | None, policy: PolicyDocument, *, author: str, reason: str
) -> None:
    """Replace all settings of a class, or of the school where `class_id` is None; the policy's version rises.

    `author` and `reason` are of this change; the settings have their own.
    """
    statement = """
        INSERT INTO souschef.policy AS old (school_id, class_id, document, until, set_by, author, reason)
        VALUES (:school, :class, CAST(:document AS jsonb), CAST(:until AS jsonb), CAST(:set_by AS jsonb),
                :author, :reason)
        ON CONFLICT (school_id, class_id) DO UPDATE SET document = excluded.document, until = excluded.until,
          set_by = excluded.set_by, author = excluded.author, reason = excluded.reason, version = old.version + 1,
          changed_at = (SELECT souschef.clock())
    """
    parameters = {
        "school": school_id,
        "class": class_id,
        "document": orjson.dumps(dict(policy.document)).decode(),
        "until": orjson.dumps(dict(policy.until)).decode(),
        "set_by": orjson.dumps({name: dict(act) for name, act in policy.set_by.items()}).decode(),
        "author": author,
        "reason": reason,
    }
    execute(session, statement, parameters)


def load_shadow(session: Session, school_id: int, class_id: int | None) -> dict[str, Any]:
    """Return the settings that a class, or the school where `class_id` is None, tries in the shadow."""
    found = select(Policy.shadow).where(Policy.school_id == school_id, Policy.class_id == class_id)
    return dict(session.exec(found).one_or_none() or {})


def save_shadow(session: Session, school_id: int, class_id: int | None, settings: Mapping[str, Any]) -> None:
    """Replace the settings that are tried in the shadow; the policy in force and its version stay."""
    statement = """
        INSERT INTO souschef.policy (school_id, class_id, document, shadow)
        VALUES (:school, :class, '{}', CAST(:shadow AS jsonb))
        ON CONFLICT (school_id, class_id) DO UPDATE SET shadow = excluded.shadow
    """
    parameters = {"school": school_id, "class": class_id, "shadow": orjson.dumps(dict(settings)).decode()}
    execute(session, statement, parameters)


def open_skill(  # noqa: PLR0913 - what a row says
    session: Session,
    school_id: int,
    class_id: int,
    skill_id: int,
    *,
    author: str,
    reason: str,
    opens_at: dt.datetime,
    closes_at: dt.datetime | None,
    due_at: dt.datetime | None,
) -> None:
    """Open a skill to a class, or change the times of one that is open."""
    statement = """
        INSERT INTO souschef.scope (school_id, class_id, skill_id, opens_at, closes_at, due_at, author, reason)
        VALUES (:school, :class, :skill, :opens_at, :closes_at, :due_at, :author, :reason)
        ON CONFLICT (class_id, skill_id) DO UPDATE SET opens_at = excluded.opens_at, closes_at = excluded.closes_at,
          due_at = excluded.due_at, author = excluded.author, reason = excluded.reason
    """
    parameters = {
        "school": school_id,
        "class": class_id,
        "skill": skill_id,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "due_at": due_at,
        "author": author,
        "reason": reason,
    }
    execute(session, statement, parameters)


def close_skill(
    session: Session, class_id: int, skill_id: int, *, author: str, reason: str, closes_at: dt.datetime
) -> bool:
    """Close a skill to a class; return False where it was never in the class's scope."""
    of_skill = update(Scope).where(col(Scope.class_id) == class_id, col(Scope.skill_id) == skill_id)
    return change(session, of_skill.values(closes_at=closes_at, author=author, reason=reason)) == 1


def list_scope(session: Session, school_id: int, *, class_id: int | None = None) -> list[OpenSkill]:
    """Return the scope of a school's classes, or of one, by class and skill."""
    statement = """
        SELECT class.ref AS class_ref, skill.ref AS skill, skill.title, opens_at, closes_at, due_at,
               scope.author, scope.reason,
               CASE WHEN closes_at <= (SELECT souschef.clock()) THEN 'closed'
                    WHEN opens_at > (SELECT souschef.clock()) THEN 'later' ELSE 'open' END AS standing
          FROM souschef.scope
          JOIN souschef.class ON class.id = scope.class_id
          JOIN souschef.skill ON skill.id = scope.skill_id
         WHERE scope.school_id = :school AND (CAST(:class AS bigint) IS NULL OR scope.class_id = :class)
         ORDER BY class.ref, skill.ref
    """
    return fetch(session, OpenSkill, statement, {"school": school_id, "class": class_id})


def mark_students_due(session: Session, students: list[int]) -> None:
    """Mark students for a refresh, so that the sweep refreshes them if this process dies; some for their first one."""
    statement = """
        WITH due AS (
          SELECT student_id FROM souschef.learner_state
           WHERE student_id = ANY(CAST(:students AS bigint[])) AND NOT refresh_due ORDER BY student_id FOR UPDATE)
        UPDATE souschef.learner_state AS state SET refresh_due = true FROM due
         WHERE state.student_id = due.student_id
    """
    execute(session, statement, {"students": students})
    states.begin(session, students)
