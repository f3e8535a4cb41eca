"""Comparisons of policies by class: the classes that can take part, and declarations in the access log."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from models.rows import execute, fetch

DECLARED = "trial declared"


@dataclass(frozen=True, slots=True)
class TrialClass:
    """One class with a scope."""

    id: int
    ref: str
    students: int


def classes_with_scope(session: Session, school_id: int) -> list[TrialClass]:
    """Return the classes of a school that have a scope and students."""
    statement = """
        SELECT class.id, class.ref, count(*)::int AS students FROM souschef.class
          JOIN souschef.current_enrolment AS current ON current.class_id = class.id
         WHERE class.school_id = :school AND EXISTS (SELECT FROM souschef.scope WHERE scope.class_id = class.id)
         GROUP BY class.id, class.ref ORDER BY class.id
    """
    return fetch(session, TrialClass, statement, {"school": school_id})


def declaration(session: Session, school_id: int, name: str) -> dict[str, Any] | None:
    """Return what was declared of a trial; the access log cannot be changed afterwards unseen."""
    statement = """
        SELECT detail FROM souschef.access
         WHERE school_id = :school AND action = :action AND detail ->> 'trial' = :name ORDER BY number LIMIT 1
    """
    parameters = {"school": school_id, "action": DECLARED, "name": name}
    return execute(session, statement, parameters).scalar_one_or_none()
