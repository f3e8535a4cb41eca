"""What fitting and evaluating on a school's own log need: the school, its skills' names, its versions of parameters."""

from dataclasses import replace

import orjson
from sqlalchemy import text
from sqlmodel import Session

from learning.parameters import Parameters


class SchoolUnknown(LookupError):  # noqa: N818 - it is told as what happened
    """There is no such school, or there are several and none was named."""


def school_named(session: Session, ref: str | None) -> int:
    """Return the id of a school by its ref, or of the only one.

    Raises:
        SchoolUnknown: with the refs that there are.
    """
    found = session.connection().execute(text("SELECT ref, id FROM souschef.school ORDER BY ref")).all()
    chosen = [row[1] for row in found if ref is None or row[0] == ref]
    if len(chosen) == 1:
        return int(chosen[0])
    refs = ", ".join(row[0] for row in found)
    if not found:
        raise SchoolUnknown("No school is loaded.")
    raise SchoolUnknown(
        f"There is no school {ref}: there are {refs}." if ref else f"There are several schools: {refs}."
    )


def skill_refs(session: Session, school_id: int) -> dict[int, str]:
    """Return the refs of a school's skills by their ids."""
    statement = text("SELECT id, ref FROM souschef.skill WHERE school_id = :school")
    return {row[0]: row[1] for row in session.connection().execute(statement, {"school": school_id})}


def save(session: Session, school_id: int, parameters: Parameters) -> Parameters:
    """Put fitted parameters in force under the next version, and return them with it; older versions are kept."""
    next_version = text("SELECT coalesce(max(version), 0) + 1 FROM souschef.parameters WHERE school_id = :school")
    version = session.connection().execute(next_version, {"school": school_id}).scalar_one()
    numbered = replace(parameters, version=version)
    insert = text("""
        INSERT INTO souschef.parameters (school_id, version, document)
        VALUES (:school, :version, CAST(:document AS jsonb))
    """)
    document = orjson.dumps(numbered.document()).decode()
    session.connection().execute(insert, {"school": school_id, "version": version, "document": document})
    return numbered


def go_back(session: Session, school_id: int) -> int | None:
    """Take the parameters in force out of force, so that those before them are again; return the version taken out.

    None: the shipped ones are in force, and nothing has changed.
    """
    statement = text("""
        UPDATE souschef.parameters SET active = false WHERE school_id = :school AND version =
          (SELECT max(version) FROM souschef.parameters WHERE school_id = :school AND active)
        RETURNING version
    """)
    return session.connection().execute(statement, {"school": school_id}).scalar_one_or_none()
