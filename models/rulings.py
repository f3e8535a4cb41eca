"""Rules and scope as a teacher sets them: a school's or a class's settings, and which skills are open to a class."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import text
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Settings:
    """What was set for a school, or for a class on top of it."""

    document: Mapping[str, Any] = field(default_factory=dict)
    until: Mapping[str, str] = field(default_factory=dict)
    """When a setting ends, as ISO 8601; what is not named stays."""
    author: str = ""
    reason: str = ""


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


def settings(session: Session, school_id: int, class_id: int | None, *, lock: bool = False) -> Settings:
    """Return what is set for a class, or for the school where none is named; what has ended is left out."""
    statement = f"""
        SELECT document - ended, until - ended, author, reason FROM souschef.policy,
               LATERAL (SELECT ARRAY(SELECT key FROM jsonb_each_text(until)
                                      WHERE CAST(value AS timestamptz) <= (SELECT souschef.clock())) AS ended) AS each
         WHERE school_id = :school AND class_id IS NOT DISTINCT FROM CAST(:class AS bigint)
        {"FOR UPDATE OF policy" if lock else ""}
    """  # noqa: S608 - both ends are our own
    row = session.connection().execute(text(statement), {"school": school_id, "class": class_id}).one_or_none()
    return Settings() if row is None else Settings(*row)


def put(session: Session, school_id: int, class_id: int | None, told: Settings) -> None:
    """Set all of a class's, or the school's, settings; the version of its policy rises."""
    statement = text("""
        INSERT INTO souschef.policy AS old (school_id, class_id, document, until, author, reason)
        VALUES (:school, :class, CAST(:document AS jsonb), CAST(:until AS jsonb), :author, :reason)
        ON CONFLICT (school_id, class_id) DO UPDATE SET document = excluded.document, until = excluded.until,
          author = excluded.author, reason = excluded.reason, version = old.version + 1,
          changed_at = (SELECT souschef.clock())
    """)
    parameters = {
        "school": school_id,
        "class": class_id,
        "document": orjson.dumps(dict(told.document)).decode(),
        "until": orjson.dumps(dict(told.until)).decode(),
        "author": told.author,
        "reason": told.reason,
    }
    session.connection().execute(statement, parameters)


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
    """Open a skill to a class, or set its times anew."""
    statement = text("""
        INSERT INTO souschef.scope (school_id, class_id, skill_id, opens_at, closes_at, due_at, author, reason)
        VALUES (:school, :class, :skill, :opens_at, :closes_at, :due_at, :author, :reason)
        ON CONFLICT (class_id, skill_id) DO UPDATE SET opens_at = excluded.opens_at, closes_at = excluded.closes_at,
          due_at = excluded.due_at, author = excluded.author, reason = excluded.reason
    """)
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
    session.connection().execute(statement, parameters)


def close_skill(
    session: Session, class_id: int, skill_id: int, *, author: str, reason: str, closes_at: dt.datetime
) -> bool:
    """Close a skill to a class; return False where it never was in its scope."""
    statement = text("""
        UPDATE souschef.scope SET closes_at = :closes_at, author = :author, reason = :reason
         WHERE class_id = :class AND skill_id = :skill
    """)
    parameters = {"class": class_id, "skill": skill_id, "author": author, "reason": reason, "closes_at": closes_at}
    return session.connection().execute(statement, parameters).rowcount == 1


def scope(session: Session, school_id: int, *, class_id: int | None = None) -> list[OpenSkill]:
    """Return the scope of a school's classes, or of one, by class and skill."""
    statement = text("""
        SELECT class.ref, skill.ref, skill.title, opens_at, closes_at, due_at, scope.author, scope.reason,
               CASE WHEN closes_at <= (SELECT souschef.clock()) THEN 'closed'
                    WHEN opens_at > (SELECT souschef.clock()) THEN 'later' ELSE 'open' END
          FROM souschef.scope
          JOIN souschef.class ON class.id = scope.class_id
          JOIN souschef.skill ON skill.id = scope.skill_id
         WHERE scope.school_id = :school AND (CAST(:class AS bigint) IS NULL OR scope.class_id = :class)
         ORDER BY class.ref, skill.ref
    """)
    rows = session.connection().execute(statement, {"school": school_id, "class": class_id})
    return [OpenSkill(*row) for row in rows]


def mark(session: Session, students: list[int]) -> None:
    """Mark students for a refresh, so that none is forgotten whoever dies meanwhile."""
    statement = text("""
        WITH whom AS (
          SELECT student_id FROM souschef.learner_state
           WHERE student_id = ANY(CAST(:students AS bigint[])) AND NOT refresh_due ORDER BY student_id FOR UPDATE)
        UPDATE souschef.learner_state AS state SET refresh_due = true FROM whom
         WHERE state.student_id = whom.student_id
    """)
    session.connection().execute(statement, {"students": students})
