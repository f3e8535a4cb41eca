"""Whom a read is of, and reading the access log itself."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlmodel import Session


def by_refs(session: Session, refs: Collection[str], *, school: str | None = None) -> list[int]:
    """Return the ids of the students of these refs."""
    statement = text("""
        SELECT person.id FROM souschef.person JOIN souschef.school ON school.id = person.school_id
         WHERE person.ref = ANY(CAST(:refs AS text[])) AND role = 'student'
           AND (CAST(:school AS text) IS NULL OR school.ref = :school)
    """)
    return list(session.connection().execute(statement, {"refs": sorted(refs), "school": school}).scalars())


def by_decision(session: Session, *, assignment: int | None = None, decision: int | None = None) -> list[int]:
    """Return the id of the student of an assignment or a decision."""
    statement = text("""
        SELECT student_id FROM souschef.assignment WHERE id = :assignment
         UNION SELECT student_id FROM souschef.decision WHERE id = :decision
    """)
    parameters = {"assignment": assignment, "decision": decision}
    return list(session.connection().execute(statement, parameters).scalars())


def listed(session: Session, *, school: str | None = None, token: str | None = None, limit: int) -> list[Any]:
    """Return entries, the newest first: of one student's pseudonym, of one school, or all."""
    statement = text("""
        SELECT school.ref AS school, number, at, author, action, detail, jsonb_array_length(subjects) AS students
          FROM souschef.access JOIN souschef.school ON school.id = access.school_id
         WHERE (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (CAST(:token AS text) IS NULL OR subjects @> to_jsonb(CAST(:token AS text)))
         ORDER BY at DESC, school_id, number DESC LIMIT :limit
    """)
    parameters = {"school": school, "token": token, "limit": limit}
    return list(session.connection().execute(statement, parameters).mappings())
