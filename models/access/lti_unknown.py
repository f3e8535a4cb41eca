"""What a platform named in valid launches and the school does not know: deployments, people, classes; admit them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col

from config.errors import Exit, OperatorError
from models import clock
from models.access import lti
from models.privacy import tombstones
from models.rows import among, change, execute
from models.students import people
from models.tables import LtiUnknown
from models.tables.lti import UnknownKind
from models.tables.people import AliasKind

MOST = 5_000
"""Rows of one registration: a platform with more strangers has another school's roster."""
KEPT_DAYS = 30
"""A line that nobody has caused for so long is deleted."""
MAX_LABEL = 200


class NotMatchedError(OperatorError):
    """The line cannot be admitted so."""

    exit_code = Exit.WRONG_INPUT


def note(session: Session, school_id: int, registration: int, kind: UnknownKind, name: str, *, label: str = "") -> None:
    """Write down what is unknown, once; nothing of somebody who was erased."""
    if kind is UnknownKind.PERSON and tombstones.erased_among(session, school_id, [name]):
        return
    statement = """
        INSERT INTO souschef.lti_unknown AS old (school_id, registration_id, kind, name, label)
        SELECT :school, :registration, :kind, :name, :label
         WHERE (SELECT count(*) FROM souschef.lti_unknown WHERE registration_id = :registration) < :most
        ON CONFLICT (registration_id, kind, name) DO UPDATE
           SET count = old.count + 1, last_at = excluded.last_at, label = excluded.label
    """
    parameters = {
        "school": school_id,
        "registration": registration,
        "kind": kind.value,
        "name": name,
        "label": label[:MAX_LABEL],
        "most": MOST,
    }
    execute(session, statement, parameters)


def list_unknown(session: Session) -> list[Mapping[str, Any]]:
    """Return every line with its school and platform, the latest first."""
    statement = """
        SELECT u.id, school.ref AS school, r.issuer, u.kind, u.name, u.label, u.count, u.first_at, u.last_at
          FROM souschef.lti_unknown AS u
          JOIN souschef.school ON school.id = u.school_id
          JOIN souschef.lti_registration AS r ON r.id = u.registration_id
         ORDER BY u.last_at DESC, u.id
    """
    return [dict(row) for row in execute(session, statement).mappings()]


def counts(session: Session) -> dict[tuple[str, str], int]:
    """Return how many lines wait, by school and kind."""
    statement = """
        SELECT school.ref, u.kind, count(*) FROM souschef.lti_unknown AS u
          JOIN souschef.school ON school.id = u.school_id GROUP BY 1, 2 ORDER BY 1, 2
    """
    return {(school, kind): count for school, kind, count in execute(session, statement).all()}


def match(session: Session, number: int, ref: str | None) -> tuple[str, int | None]:
    """Admit a line: a deployment as it is, a person or class as the one with this ref; return (kind, target's id).

    Raises:
        NotMatchedError: there is no such line, no such person or class, or the name belongs to another one already.
    """
    row = session.get(LtiUnknown, number)
    if row is None:
        raise NotMatchedError(f"There is no line {number}.", "`souschef lti unknown` shows them.")
    target: int | None = None
    if row.kind == UnknownKind.DEPLOYMENT:
        lti.admit(session, row.registration_id, row.school_id, row.name)
    else:
        target = _target(session, row, ref)
        if not learn(session, row.school_id, AliasKind(row.kind), row.name, target):
            raise NotMatchedError(f"{row.name} is the name of another {row.kind} already.", "Correct the roster first.")
    kind = row.kind
    session.delete(row)
    session.flush()
    return kind, target


def learn(session: Session, school_id: int, kind: AliasKind, name: str, target: int) -> bool:
    """Let a name mean a person or class, unless it means another one; return whether it means this one now."""
    statement = """
        INSERT INTO souschef.alias (school_id, kind, name, target_id) VALUES (:school, :kind, :name, :target)
        ON CONFLICT (school_id, kind, name) DO NOTHING
    """
    parameters = {"school": school_id, "kind": kind.value, "name": name, "target": target}
    execute(session, statement, parameters)
    return people.resolve_names(session, school_id, kind, [name]) == {name: target}


def forget_old(session: Session, school_id: int) -> int:
    """Delete lines that nobody has caused for `KEPT_DAYS`; return how many."""
    old = col(LtiUnknown.last_at) < clock.NOW - dt.timedelta(days=KEPT_DAYS)
    return change(session, delete(LtiUnknown).where(col(LtiUnknown.school_id) == school_id, old))


def forget_known(session: Session, school_id: int) -> int:
    """Delete the lines of people and classes whom the school knows by now; return how many."""
    statement = """
        DELETE FROM souschef.lti_unknown AS u USING souschef.alias AS a
         WHERE u.school_id = :school AND a.school_id = :school AND a.kind = u.kind AND a.name = u.name
    """
    return execute(session, statement, {"school": school_id}).rowcount


def forget_names(session: Session, school_id: int, names: list[str]) -> int:
    """Delete the lines that hold one of a person's names; return how many."""
    of_person = col(LtiUnknown.school_id) == school_id, col(LtiUnknown.kind) == UnknownKind.PERSON
    return change(session, delete(LtiUnknown).where(*of_person, among(LtiUnknown.name, names)))


def _target(session: Session, row: LtiUnknown, ref: str | None) -> int:
    if ref is None:
        raise NotMatchedError(f"Line {row.id} is of a {row.kind}.", "Say which one it is by its ref.")
    found = people.resolve_names(session, row.school_id, row.kind, [ref])
    if ref not in found:
        raise NotMatchedError(f"There is no {row.kind} {ref}.", "The roster's sourcedId is meant.")
    return found[ref]
